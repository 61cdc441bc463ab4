"""The archive stack: the state machine, its role, its results and its log."""

import json
from typing import Any

import pytest

from tests.infra.reading import Resources, actions_of, of_type, plain, statements

pytestmark = pytest.mark.synth

STATES = "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}"


@pytest.fixture(scope="session")
def archive(templates: dict[str, dict[str, Any]]) -> Resources:
    resources: Resources = templates["archive"]["Resources"]
    return resources


@pytest.fixture(scope="session")
def machine(archive: Resources) -> dict[str, Any]:
    (properties,) = [resource["Properties"] for resource in of_type(archive, "AWS::StepFunctions::StateMachine").values()]
    return properties


@pytest.fixture(scope="session")
def states(machine: dict[str, Any]) -> dict[str, Any]:
    definition: dict[str, Any] = json.loads(plain(machine["DefinitionString"]))["States"]
    return definition


def test_the_role_may_do_this_there_and_nothing_else(archive: Resources) -> None:
    allowed = [
        (sorted(actions_of(statement)), plain(statement["Resource"]), plain(statement.get("Condition")))
        for statement in statements(archive, "AWS::IAM::Policy")
        if statement["Resource"] != "*"
    ]

    by_sqs = {"StringEquals": {"kms:ViaService": "sqs.${AWS::Region}.amazonaws.com"}}
    by_s3 = {"StringEquals": {"kms:ViaService": "s3.${AWS::Region}.amazonaws.com"}}
    assert allowed == [
        (["s3:ListBucket", "s3:ListBucketVersions"], "${Ingest.Uploads.Arn}", {"StringLike": {"s3:prefix": "smears/*"}}),
        (["sqs:SendMessage"], "${Ingest.ArrivalsQueue.Arn}", None),
        (["kms:Decrypt", "kms:GenerateDataKey"], "${Ingest.Key.Arn}", by_sqs),
        (
            ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"],
            "${Results.Arn}/runs/*",
            None,
        ),
        (["kms:Decrypt", "kms:GenerateDataKey"], "${Key.Arn}", by_s3),
        (["states:StartExecution"], f"{STATES}:stateMachine:hemascope-dev-archive", None),
        (
            ["states:DescribeExecution", "states:StopExecution"],
            [f"{STATES}:execution:hemascope-dev-archive/Objects:*", f"{STATES}:execution:hemascope-dev-archive:*"],
            None,
        ),
    ]


def test_only_log_delivery_and_tracing_have_no_resource_restriction(archive: Resources) -> None:
    (everywhere,) = [statement for statement in statements(archive, "AWS::IAM::Policy") if statement["Resource"] == "*"]

    assert sorted(actions_of(everywhere)) == [
        "logs:CreateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:DescribeLogGroups",
        "logs:DescribeResourcePolicies",
        "logs:GetLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:UpdateLogDelivery",
        "xray:GetSamplingRules",
        "xray:GetSamplingTargets",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    ]


def test_the_role_is_the_machines_alone(archive: Resources, machine: dict[str, Any]) -> None:
    ((name, role),) = of_type(archive, "AWS::IAM::Role").items()
    (trust,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]

    assert machine["RoleArn"] == {"Fn::GetAtt": [name, "Arn"]}
    assert trust["Principal"] == {"Service": "states.amazonaws.com"}
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert plain(trust["Condition"]["ArnEquals"]["aws:SourceArn"]) == [
        f"{STATES}:stateMachine:hemascope-dev-archive",
        f"{STATES}:stateMachine:hemascope-dev-archive/Objects",
    ]
    assert not {"ManagedPolicyArns", "Policies"} & set(role["Properties"])


def test_the_machine_exists_only_after_its_permissions(archive: Resources) -> None:
    (machine,) = of_type(archive, "AWS::StepFunctions::StateMachine").values()
    (policy,) = of_type(archive, "AWS::IAM::Policy")

    assert policy in machine["DependsOn"]


def test_the_machine_is_traced_and_logs_what_happened_without_keys_of_objects(
    archive: Resources, machine: dict[str, Any]
) -> None:
    (log,) = of_type(archive, "AWS::Logs::LogGroup")

    assert machine["StateMachineType"] == "STANDARD"
    assert machine["TracingConfiguration"] == {"Enabled": True}
    assert machine["LoggingConfiguration"] == {
        "Level": "ALL",
        "IncludeExecutionData": False,
        "Destinations": [{"CloudWatchLogsLogGroup": {"LogGroupArn": {"Fn::GetAtt": [log, "Arn"]}}}],
    }


def test_an_object_that_fails_stops_a_run_only_with_five_of_a_hundred(states: dict[str, Any]) -> None:
    each = states["EachObject"]

    assert each["ToleratedFailurePercentage"] == 5
    assert each["MaxConcurrency"] == 10
    assert each["ItemProcessor"]["ProcessorConfig"] == {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}


def test_what_became_of_each_object_is_written_to_the_results_bucket(states: dict[str, Any]) -> None:
    # Without a feature flag CDK drops this whole entry silently.
    assert states["EachObject"]["ResultWriter"] == {
        "Resource": "arn:${AWS::Partition}:states:::s3:putObject",
        "Parameters": {"Bucket": "${Results}", "Prefix": "runs"},
    }


def test_results_expire_with_the_logs(archive: Resources) -> None:
    (bucket,) = of_type(archive, "AWS::S3::Bucket").values()
    rules = bucket["Properties"]["LifecycleConfiguration"]["Rules"]

    assert [rule["ExpirationInDays"] for rule in rules if "ExpirationInDays" in rule] == [90]
    assert [rule["NoncurrentVersionExpiration"] for rule in rules if "NoncurrentVersionExpiration" in rule] == [
        {"NoncurrentDays": 1}
    ]


def test_a_child_tries_again_before_its_object_counts_as_failed(states: dict[str, Any]) -> None:
    child = states["EachObject"]["ItemProcessor"]["States"]
    tasks = [child["FirstVersions"], child["LaterVersions"], child["EachVersion"]["ItemProcessor"]["States"]["Send"]]

    retries = [task["Retry"][0] for task in tasks]

    assert [(retry["ErrorEquals"], retry["MaxAttempts"], retry["JitterStrategy"]) for retry in retries] == [
        (["States.TaskFailed"], 5, "FULL")
    ] * 3
