"""How an operator's commands find a deployment, and that whatever goes wrong is one line."""

from typing import Any

import pytest
from botocore.stub import Stubber

from hemascope.aws.client import client
from hemascope.domain.errors import HemascopeError
from hemascope_cli.main import main
from hemascope_cli.operations import deployment
from tests.support.moto_cloud import MODEL, MotoCloud

Captured = pytest.CaptureFixture[str]
STACK = {
    "StackName": "Hemascope-test-Ingest",
    "CreationTime": "2026-03-01T08:30:00Z",
    "StackStatus": "CREATE_COMPLETE",
    "Outputs": [
        {"OutputKey": "UploadsBucket", "OutputValue": "hemascope-test-uploads-123456789012-eu-central-1"},
        {"OutputKey": "ArrivalsQueue", "OutputValue": "https://sqs.example/arrivals"},
    ],
}


@pytest.fixture
def formation(monkeypatch: pytest.MonkeyPatch) -> Stubber:
    """CloudFormation by AWS's description of its requests and answers."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    stub = Stubber(client("cloudformation", region="eu-central-1"))
    stub.activate()
    monkeypatch.setattr(deployment, "client", lambda *_: stub.client)
    return stub


def test_a_stage_leads_to_the_names_in_its_stacks(formation: Stubber) -> None:
    formation.add_response("describe_stacks", {"Stacks": [STACK]}, {"StackName": "Hemascope-test-Ingest"})

    name = deployment.Deployment("test").name_of("UploadsBucket")

    assert name == "hemascope-test-uploads-123456789012-eu-central-1"


def test_a_given_name_needs_no_look_up(formation: Stubber) -> None:
    given = {"LedgerTable": "a-ledger"}

    assert deployment.Deployment("test", given=given).name_of("LedgerTable") == "a-ledger"


def test_a_stage_that_is_not_deployed_is_named(formation: Stubber) -> None:
    formation.add_client_error("describe_stacks", "ValidationError")

    with pytest.raises(HemascopeError, match="expected to find the stack Hemascope-test-Screening, received ValidationError"):
        deployment.Deployment("test").name_of("LedgerTable")


def test_an_older_stack_without_the_output_is_named(formation: Stubber) -> None:
    formation.add_response("describe_stacks", {"Stacks": [STACK]})

    with pytest.raises(HemascopeError, match=r"an output ArrivalsDeadLetterQueue of .*, received ArrivalsQueue, UploadsBucket"):
        deployment.Deployment("test").name_of("ArrivalsDeadLetterQueue")


def test_an_error_of_a_service_is_one_line(cloud: MotoCloud, capsys: Captured) -> None:
    cloud.s3.delete_bucket(Bucket="uploads")

    status = main(["reconcile", "--model", MODEL, *cloud.names("uploads", "ledger")])

    captured = capsys.readouterr()
    assert (status, captured.out) == (1, "")
    assert captured.err == "hemascope: expected to list object versions, received NoSuchBucket\n"


@pytest.mark.parametrize(
    "command",
    [["replay"], ["reconcile", "--model", MODEL], ["forget", "--hospital", "st-mary", "--patient", "p-7"]],
    ids=lambda words: words[0],
)
def test_a_profile_without_a_region_is_one_line(command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")

    status = main(command)

    captured = capsys.readouterr()
    assert (status, captured.out) == (1, "")
    assert captured.err.startswith(
        ("hemascope: expected to reach sqs, and", "hemascope: expected to reach cloudformation, and")
    )
    assert captured.err.endswith("no region is set: set AWS_DEFAULT_REGION, or give --endpoint for a local cloud\n")


def test_a_client_of_an_embedded_cloud_needs_no_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)

    sqs: Any = deployment.Deployment("dev", "http://127.0.0.1:4566").client("sqs")

    assert sqs.meta.region_name == "us-east-1"
