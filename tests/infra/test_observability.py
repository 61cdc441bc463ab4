"""Alarms, their topic, the dashboard and the budget; and the runbook, which has an entry for every alarm."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from infra.settings import Settings
from infra.snapshot import synthesize
from tests.infra.reading import Resources, actions_of, named, of_type

pytestmark = pytest.mark.synth

ALARM = "AWS::CloudWatch::Alarm"
_SHORT = {"screen-smear": 30, "send-notifications": 20, "mail-events": 10, "portal-api": 10, "report-documents": 25}
FUNCTIONS = _SHORT | {"microscope-jobs": 900}  # timeouts in seconds
QUEUES = [("arrivals", 180), ("notifications", 120), ("mail-events", 60), ("microscope-jobs", 5400)]
NAME = re.compile(r"^hemascope-dev-")


@pytest.fixture(scope="module")
def alarms(resources: Resources) -> dict[str, dict[str, Any]]:
    """Properties of every alarm, of one metric, of a share or of other alarms, by its name in the runbook."""
    kinds = (ALARM, "AWS::CloudWatch::CompositeAlarm")
    found = [resource["Properties"] for kind in kinds for resource in of_type(resources, kind).values()]
    return {NAME.sub("", alarm["AlarmName"]): alarm for alarm in found}


@pytest.fixture(scope="module")
def topic(templates: dict[str, dict[str, Any]]) -> str:
    """Logical id of the topic of every alarm."""
    (found,) = [
        key for key, resource in templates["observability"]["Resources"].items() if resource["Type"] == "AWS::SNS::Topic"
    ]
    return found


@pytest.fixture(scope="module")
def budget(resources: Resources) -> dict[str, Any]:
    ((_, found),) = of_type(resources, "AWS::Budgets::Budget").items()
    return found["Properties"]


def runbook(root: Path) -> dict[str, str]:
    """Entries of the runbook; a heading may name several alarms."""
    text = (root / "docs" / "operations.md").read_text(encoding="utf-8").split("\n## Runbook\n")[1].split("\n## ")[0]
    entries = [part.split("\n", 1) for part in text.split("\n### ")[1:]]
    return {name: body for heading, body in entries for name in heading.split(", ")}


def resolved(templates: dict[str, dict[str, Any]], value: Any) -> Any:
    """The resource's own name behind a reference, also one into another stack."""
    if not isinstance(value, dict):
        return value
    if "Fn::ImportValue" in value:
        stack, output = value["Fn::ImportValue"].split(":")
        template = templates[stack.rsplit("-", 1)[1].lower()]
        return resolved({"here": template}, template["Outputs"][output]["Value"])
    logical = value["Ref"] if "Ref" in value else value["Fn::GetAtt"][0]
    (template,) = [template for template in templates.values() if logical in template["Resources"]]
    properties = template["Resources"][logical]["Properties"]
    return next(properties[field] for field in ("QueueName", "FunctionName", "TopicName") if field in properties)


def dimensions(templates: dict[str, dict[str, Any]], alarm: dict[str, Any]) -> dict[str, str]:
    return {dimension["Name"]: resolved(templates, dimension["Value"]) for dimension in alarm["Dimensions"]}


def test_every_alarm_and_the_budget_have_an_entry_in_the_runbook_and_no_other_has(
    alarms: dict[str, dict[str, Any]], budget: dict[str, Any], root: Path
) -> None:
    watched = {*alarms, NAME.sub("", budget["Budget"]["BudgetName"])}

    assert set(runbook(root)) == watched


def test_an_entry_says_what_it_means_where_to_look_what_to_do_and_when_it_is_over(root: Path) -> None:
    for name, entry in runbook(root).items():
        for part in ("**Means.**", "**Look.**", "**Do.**", "**Over**"):
            assert part in entry, name


def test_an_alarm_names_its_entry(alarms: dict[str, dict[str, Any]]) -> None:
    for name, alarm in alarms.items():
        assert alarm["AlarmDescription"].endswith(f" Runbook: {name} in docs/operations.md")


def test_every_alarm_publishes_to_the_topic_except_those_that_codedeploy_reads(
    alarms: dict[str, dict[str, Any]], topic: str, resources: Resources
) -> None:
    silent = {name for name, alarm in alarms.items() if "AlarmActions" not in alarm}
    (group,) = [resource["Properties"] for resource in of_type(resources, "AWS::CodeDeploy::DeploymentGroup").values()]
    heard = [reference["Name"]["Ref"] for reference in group["AlarmConfiguration"]["Alarms"]]

    assert silent == {"new-version-crashes", "new-version-fails"}
    assert {resources[f"screening/{logical_id}"]["Properties"]["AlarmName"][14:] for logical_id in heard} == silent
    for alarm in alarms.values():
        if "AlarmActions" in alarm:
            assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": topic}]


def test_engineers_are_notified_of_a_new_version_that_is_rolled_back(alarms: dict[str, dict[str, Any]]) -> None:
    rule = json.dumps(alarms["new-version-goes-back"]["AlarmRule"])

    assert re.findall(r"NewVersion(\w+?)[0-9A-F]{8}Arn", rule) == ["Crashes", "Fails"]
    assert " OR ALARM(" in rule


def test_a_new_version_is_judged_by_itself_alone(alarms: dict[str, dict[str, Any]]) -> None:
    names = {"new-version-crashes": "ExecutedVersion", "new-version-fails": "version"}

    for alarm, dimension in names.items():
        (version,) = [entry["Value"] for entry in alarms[alarm]["Dimensions"] if entry["Name"] == dimension]
        assert "CurrentVersion" in version["Fn::GetAtt"][0]
        assert (alarms[alarm]["Threshold"], alarms[alarm]["Period"]) == (1, 60)


@pytest.mark.parametrize(("queue", "seconds"), QUEUES)
def test_dead_letters_and_waiting_messages_of_every_queue_are_watched(
    alarms: dict[str, dict[str, Any]], templates: dict[str, dict[str, Any]], queue: str, seconds: int
) -> None:
    dead, waiting = alarms[f"{queue}-dead-letters"], alarms[f"waiting-{queue}"]

    assert dimensions(templates, dead) == {"QueueName": f"hemascope-dev-{queue}-dead-letters"}
    assert (dead["MetricName"], dead["Statistic"], dead["Threshold"]) == ("ApproximateNumberOfMessagesVisible", "Maximum", 1)
    assert dimensions(templates, waiting) == {"QueueName": f"hemascope-dev-{queue}"}
    assert waiting["MetricName"] == "ApproximateAgeOfOldestMessage"
    # Above the visibility timeout of a message that failed once, below the time in which a message fails for good.
    assert seconds < waiting["Threshold"] < 2 * seconds


def test_no_queue_is_unwatched(
    alarms: dict[str, dict[str, Any]], templates: dict[str, dict[str, Any]], resources: Resources
) -> None:
    queues = {resource["Properties"]["QueueName"] for resource in of_type(resources, "AWS::SQS::Queue").values()}

    watched = [dimensions(templates, alarm) for alarm in alarms.values() if alarm.get("Namespace") == "AWS/SQS"]

    assert {alarm["QueueName"] for alarm in watched} == queues


def test_no_function_is_unwatched(
    alarms: dict[str, dict[str, Any]], templates: dict[str, dict[str, Any]], resources: Resources
) -> None:
    functions = of_type(resources, "AWS::Lambda::Function").values()

    assert {
        NAME.sub("", function["Properties"]["FunctionName"]): function["Properties"]["Timeout"] for function in functions
    } == FUNCTIONS
    for name, seconds in FUNCTIONS.items():
        errors, throttles, slow = (alarms[f"{kind}-{name}"] for kind in ("errors", "throttles", "slow"))
        assert [alarm["MetricName"] for alarm in (errors, throttles, slow)] == ["Errors", "Throttles", "Duration"]
        for alarm in (errors, throttles, slow):
            assert dimensions(templates, alarm) == {"FunctionName": f"hemascope-dev-{name}"}
        assert (slow["ExtendedStatistic"], slow["Threshold"]) == ("p95", 800 * seconds)


def test_missing_data_are_healthy_except_for_the_alarm_on_missing_smears(alarms: dict[str, dict[str, Any]]) -> None:
    by_silence: dict[str, set[str]] = {}
    for name, alarm in alarms.items():
        by_silence.setdefault(alarm.get("TreatMissingData", "follows its alarms"), set()).add(name)

    assert by_silence["breaching"] == {"no-smears"}
    assert by_silence["follows its alarms"] == {"new-version-goes-back"}
    assert set(by_silence) == {"breaching", "notBreaching", "follows its alarms"}


@pytest.mark.parametrize(
    ("alarm", "counts", "percent"),
    [
        ("rejected-share", {"smearsReported": 15, "smearsRejected": 5}, 25),
        ("rejected-share", {"smearsReported": 14, "smearsRejected": 5}, 0),  # too few for a share
        ("abstained-share", {"smearsConfident": 12, "smearsIndeterminate": 4, "smearsOutOfDistribution": 3}, 40),
        ("abstained-share", {"smearsConfident": 0, "smearsIndeterminate": 19}, 0),
    ],
)
def test_a_share_counts_where_there_are_enough_smears(
    alarms: dict[str, dict[str, Any]], alarm: str, counts: dict[str, int], percent: float
) -> None:
    (expression,) = [metric["Expression"] for metric in alarms[alarm]["Metrics"] if "Expression" in metric]
    operands = {part["Id"]: 0 for part in alarms[alarm]["Metrics"] if "MetricStat" in part}
    periods = {part["MetricStat"]["Period"] for part in alarms[alarm]["Metrics"] if "MetricStat" in part}
    if alarm == "abstained-share":
        counts = {**counts, "smearsPoorQuality": 1 if percent else 0}

    value = eval(expression, {"IF": lambda asked, yes, no: yes if asked else no}, operands | counts)

    assert value == pytest.approx(percent)
    assert set(counts) <= set(operands)
    assert periods == {21_600}


def test_what_is_unusual_is_a_setting(alarms: dict[str, dict[str, Any]]) -> None:
    assert (alarms["rejected-share"]["Threshold"], alarms["abstained-share"]["Threshold"]) == (20, 50)


def test_our_own_metrics_are_looked_for_where_they_are_emitted(
    templates: dict[str, dict[str, Any]], alarms: dict[str, dict[str, Any]], root: Path
) -> None:
    text = (root / "docs" / "operations.md").read_text(encoding="utf-8")
    table = dict(re.findall(r"^\| `(\w+)` \|.*\| `?([\w-]+)`? \|$", text, re.MULTILINE))
    plain = [(alarm["MetricName"], alarm) for alarm in alarms.values() if alarm.get("Namespace") == "Hemascope"]
    in_shares = [
        (part["MetricStat"]["Metric"]["MetricName"], part["MetricStat"]["Metric"])
        for alarm in alarms.values()
        for part in alarm.get("Metrics", [])
        if "MetricStat" in part
    ]

    looked_for = {
        (name, NAME.sub("", dimensions(templates, metric)["function"]))
        for name, metric in plain
        if len(metric["Dimensions"]) == 1
    }
    looked_for |= {(name, NAME.sub("", dimensions(templates, metric)["function"])) for name, metric in in_shares}

    assert looked_for == {(name, table[name]) for name, _ in looked_for}
    assert len(looked_for) == 13


def test_the_dashboard_shows_metrics_that_exist(resources: Resources, root: Path) -> None:
    ((_, dashboard),) = of_type(resources, "AWS::CloudWatch::Dashboard").items()
    body = "".join(str(part) for part in dashboard["Properties"]["DashboardBody"]["Fn::Join"][1])
    text = (root / "docs" / "operations.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `(\w+)` \| (?:Count|Seconds|Milliseconds) ", text, re.MULTILINE))

    shown = set(re.findall(r'"Hemascope","(\w+)"', body))

    assert shown == documented
    for title in ("Smears per hour", "Arrival to report", "Age of the oldest", "Errors", "Throttles", "Dead letters", "Cost"):
        assert title in body


def test_only_alarms_of_this_deployment_and_budgets_may_publish_to_the_topic(
    templates: dict[str, dict[str, Any]], topic: str
) -> None:
    own = templates["observability"]["Resources"]
    (policy,) = [resource["Properties"] for resource in own.values() if resource["Type"] == "AWS::SNS::TopicPolicy"]
    (key,) = [resource["Properties"] for resource in own.values() if resource["Type"] == "AWS::KMS::Key"]

    allowed = {
        statement["Principal"]["Service"]: json.dumps(statement["Condition"])
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
    }
    (encrypting,) = [statement for statement in key["KeyPolicy"]["Statement"] if "Service" in statement["Principal"]]

    assert policy["Topics"] == [{"Ref": topic}]
    assert set(allowed) == {"cloudwatch.amazonaws.com", "budgets.amazonaws.com"}
    assert ":alarm:hemascope-dev-*" in allowed["cloudwatch.amazonaws.com"]
    assert ":budgets::" in allowed["budgets.amazonaws.com"]
    assert all('"aws:SourceAccount": {"Ref": "AWS::AccountId"}' in condition for condition in allowed.values())
    # Without this nothing reaches the topic, and no other test would fail.
    assert set(encrypting["Principal"]["Service"]) == set(allowed)
    assert actions_of(encrypting) == ["kms:Decrypt", "kms:GenerateDataKey"]


def test_the_budget_watches_the_whole_account(budget: dict[str, Any], topic: str) -> None:
    told = [subscriber["Notification"] for subscriber in budget["NotificationsWithSubscribers"]]
    notifications = {(each["NotificationType"], each["Threshold"], each["ThresholdType"]) for each in told}
    addresses = [notification["Subscribers"] for notification in budget["NotificationsWithSubscribers"]]

    assert notifications == {("ACTUAL", 80, "PERCENTAGE"), ("FORECASTED", 100, "PERCENTAGE")}
    assert addresses == [[{"SubscriptionType": "SNS", "Address": {"Ref": topic}}]] * 2
    assert budget["Budget"]["BudgetLimit"] == {"Amount": 100, "Unit": "USD"}
    assert "CostFilters" not in budget["Budget"]


def test_settings_name_the_engineer_the_budget_and_what_is_unusual(tmp_path: Path) -> None:
    settings = Settings(
        alarm_mail="duty@hospital.example", monthly_budget_usd=30, alarm_rejected_percent=5, alarm_abstained_percent=35
    )

    folder = synthesize(settings, tmp_path)

    template = json.loads((folder / "Hemascope-dev-Observability.template.json").read_text())["Resources"]
    (subscription,) = [resource["Properties"] for resource in template.values() if resource["Type"] == "AWS::SNS::Subscription"]
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "duty@hospital.example")
    thresholds = {
        name: named(template, ALARM, "AlarmName", f"hemascope-dev-{name}-share")["Threshold"]
        for name in ("rejected", "abstained")
    }
    assert thresholds == {"rejected": 5, "abstained": 35}
    (budget,) = [
        resource["Properties"]["Budget"] for resource in template.values() if resource["Type"] == "AWS::Budgets::Budget"
    ]
    assert budget["BudgetLimit"]["Amount"] == 30


def test_without_a_setting_nobody_is_subscribed(templates: dict[str, dict[str, Any]]) -> None:
    kinds = {resource["Type"] for resource in templates["observability"]["Resources"].values()}

    assert "AWS::SNS::Subscription" not in kinds
