"""The cdk-nag rule packs over all stacks: every finding is fixed or acknowledged, every acknowledgment is needed."""

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_sqs as sqs

from infra.acknowledgments import ACKNOWLEDGMENTS, Accepted
from infra.nag import is_about, is_at, review
from infra.settings import Settings
from infra.snapshot import synthesize
from tests.infra.reading import read_settings

pytestmark = pytest.mark.synth

PACKS = {"AwsSolutions", "HIPAA.Security"}


def reports(assembly: Path) -> dict[str, dict[str, Any]]:
    report = json.loads((assembly / "validation-report.json").read_text())
    return {plugin["pluginName"]: plugin for plugin in report["pluginReports"]}


def findings(assembly: Path, kind: str) -> list[tuple[str, str, str]]:
    """Rule, construct path without the stage, and reason of each finding."""
    return [
        (violation["ruleName"], construct["constructPath"].split("-", 2)[2], violation.get("reason", ""))
        for report in reports(assembly).values()
        for violation in report.get(kind, [])
        for construct in violation["violatingConstructs"]
    ]


def odd_queue(tmp_path: Path, table: tuple[Accepted, ...]) -> cdk.App:
    """An app with a single queue, which has no dead-letter queue."""
    app = cdk.App(outdir=str(tmp_path))
    stack = cdk.Stack(app, Settings().stack("Odd"))
    sqs.Queue(stack, "Queue", enforce_ssl=True)
    review(app, Settings(), table)
    return app


def test_no_finding_of_either_pack_is_without_a_reason(assembly: Path) -> None:
    assert set(reports(assembly)) >= PACKS
    assert findings(assembly, "violations") == []


def test_other_settings_bring_no_finding_that_nobody_has_accepted(tmp_path: Path) -> None:
    others = read_settings(
        {
            "HEMASCOPE_STAGE": "prod",
            "HEMASCOPE_ACCOUNT": "123456789012",
            "HEMASCOPE_REGION": "eu-central-1",
            "HEMASCOPE_ARCHITECTURE": "arm64",
            "HEMASCOPE_RESERVED_CONCURRENCY": "10",
            "HEMASCOPE_CANARY": "false",
            "HEMASCOPE_RETENTION_DAYS": "3650",
            "HEMASCOPE_SUBSCRIBERS": "st-mary:urgent:sms:+4930123456 *:*:email:ward@hospital.example",
            "HEMASCOPE_PORTAL_CERTIFICATE": "arn:aws:acm:us-east-1:123456789012:certificate/1",
            "HEMASCOPE_PORTAL_WEB_ACL": "arn:aws:wafv2:us-east-1:123456789012:global/webacl/a/1",
            "HEMASCOPE_PORTAL_THREAT_PROTECTION": "true",
            "HEMASCOPE_HOSPITALS": "st-mary st-anne",
        }
    )

    assembly = synthesize(others, tmp_path)

    assert set(reports(assembly)) >= PACKS
    assert findings(assembly, "violations") == []


def test_each_acknowledgment_is_still_needed_at_each_of_its_places(assembly: Path) -> None:
    accepted = findings(assembly, "suppressedViolations")

    unneeded = [
        (acknowledgment.rule, place, end)
        for acknowledgment in ACKNOWLEDGMENTS
        for place in acknowledgment.places
        for end in acknowledgment.resources or ("",)
        if not any(
            is_at(place, path)
            and reason == acknowledgment.reason
            and is_about(Accepted(acknowledgment.rule, (), "", (end,)), rule)
            for rule, path, reason in accepted
        )
    ]

    assert accepted
    assert unneeded == []


def test_a_finding_that_nobody_accepted_stops_the_synthesis(tmp_path: Path) -> None:
    app = odd_queue(tmp_path, ())

    with pytest.raises(RuntimeError, match="AwsSolutions-SQS3"):
        app.synth()


def test_an_acknowledgment_elsewhere_does_not_help(tmp_path: Path) -> None:
    app = odd_queue(tmp_path, (Accepted("AwsSolutions-SQS3", ("Odd/Queue/Below", "Odd", "Other/Queue"), "Not this one."),))

    with pytest.raises(RuntimeError, match="AwsSolutions-SQS3"):
        app.synth()


def test_an_accepted_finding_stands_in_the_report_with_its_reason(tmp_path: Path) -> None:
    app = odd_queue(tmp_path, (Accepted("AwsSolutions-SQS3", ("Odd/Queue",), "Nothing is lost by it."),))

    assembly = Path(app.synth().directory)

    assert findings(assembly, "violations") == []
    assert findings(assembly, "suppressedViolations") == [("AwsSolutions-SQS3", "Odd/Queue/Resource", "Nothing is lost by it.")]


@pytest.mark.parametrize(
    ("resource", "end", "accepted"),
    [
        ("*", "*", True),
        ("<Reports.Arn>/reports/*", "/reports/*", True),
        ("*", "/reports/*", False),
        ("<Reports.Arn>/*", "/reports/*", False),
        ("<Reports.Arn>/reports/*", "*", False),
    ],
)
def test_a_wildcard_is_accepted_as_it_is_and_no_wider(resource: str, end: str, accepted: bool) -> None:
    entry = Accepted("AwsSolutions-IAM5", ("Screening/Role",), "Below one prefix.", (end,))

    assert is_about(entry, f"AwsSolutions-IAM5[Resource::{resource}]") is accepted
