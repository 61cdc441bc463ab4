"""With IAM enforced each function does its job with its own role, and is denied what else it tries."""

import json
from collections.abc import Callable, Iterator

import pytest
from botocore.exceptions import ClientError

from hemascope.domain.report import State
from tests.e2e.conftest import Service, started
from tests.e2e.iam_calls import ALLOWED, CALLS, LEDGER_KEY, PROFILE, REPORT, SMEAR, TABLE, Tried
from tests.e2e.portal_client import PortalClient
from tests.support.patience import wait_until

pytestmark = pytest.mark.local_cloud

DENIED = {"AccessDenied", "AccessDeniedException", "AccessDeniedFault", "AuthorizationError", "403"}


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with started(enforce_iam=True) as service:
        yield service


@pytest.fixture(scope="module")
def roles(service: Service) -> dict[str, Tried]:
    folders = ("screen_smear", "microscope_jobs", "send_notifications", "mail_events", "portal_api", "report_documents")
    return {folder: Tried(service.cloud, service.cloud.credentials_of(folder)) for folder in folders}


@pytest.fixture(scope="module")
def owner(service: Service) -> Tried:
    return Tried(service.cloud, {})


@pytest.fixture(scope="module", autouse=True)
def kept(owner: Tried) -> Callable[[], list[object]]:
    """Something in each place that the calls below are made for; asks whether it is still there."""
    owner("s3").put_object(Bucket=owner["UploadsBucket"], Key=SMEAR, Body=b"kept")
    owner("s3").put_object(Bucket=owner["ReportsBucket"], Key=REPORT, Body=b"kept")
    owner("s3").put_object(Bucket=owner["ReportsBucket"], Key=PROFILE, Body=b"kept")
    owner("dynamodb").put_item(TableName=owner["LedgerTable"], Item=LEDGER_KEY | {"hospital": {"S": "kept"}})
    owner("sqs").send_message(QueueUrl=owner["ArrivalsDeadLetterQueue"], MessageBody="kept")

    def find() -> list[object]:
        dead_letters = owner("sqs").receive_message(QueueUrl=owner["ArrivalsDeadLetterQueue"], VisibilityTimeout=0)["Messages"]
        return [
            owner("s3").get_object(Bucket=owner["UploadsBucket"], Key=SMEAR)["Body"].read(),
            owner("s3").get_object(Bucket=owner["ReportsBucket"], Key=REPORT)["Body"].read(),
            owner("dynamodb").get_item(TableName=owner["LedgerTable"], Key=LEDGER_KEY)["Item"]["hospital"]["S"],
            *(letter["Body"] for letter in dead_letters),
        ]

    return find


def test_a_smear_travels_to_the_mail_with_the_roles_of_its_functions(service: Service, smear: bytes) -> None:
    version = service.send(smear, "enforced.jpg")

    row = service.wait_for_end(version)

    assert row.state is State.REPORTED
    assert service.mails_about(version) == 1


def test_a_report_is_printed_and_bundled_with_the_role_of_its_function(service: Service, smear: bytes) -> None:
    portal = PortalClient(service.cloud)
    portal.invite("reader", "clinician", "st-mary")
    token = portal.sign_in("reader")["id_token"]
    version = service.send(smear, "printed.jpg")
    service.wait_for_end(version)

    page = portal.fetch(f"GET /reports/{version.object_id}/report.pdf", token)
    bundle = portal.fetch(f"GET /reports/{version.object_id}/report.fhir.json", token)

    assert (page.status, page.headers["Content-Type"], page.data[:5]) == (200, "application/pdf", b"%PDF-"), page.data[:300]
    assert page.data.count(b"/Subtype /Image") == 4  # the smear, its cells, two heat maps
    assert (bundle.status, json.loads(bundle.data)["resourceType"]) == (200, "Bundle")
    assert service.cloud.client("dynamodb").scan(TableName=service.cloud.outputs["AuditTable"])["Count"] == 2


def test_a_function_whose_role_loses_a_right_stops_there_and_goes_on_when_it_is_back(service: Service, smear: bytes) -> None:
    iam, role = service.cloud.client("iam"), service.cloud.role_of("screen_smear").rsplit("/", 1)[1]
    deny = {"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"}
    iam.put_role_policy(
        RoleName=role, PolicyName="lost", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    )

    version = service.send(smear, "lost.jpg")
    wait_until(lambda: "message failed" in service.cloud.log(), "a failed message")
    row_without_the_right = service.row(version)
    iam.delete_role_policy(RoleName=role, PolicyName="lost")

    assert row_without_the_right is None
    assert service.wait_for_end(version).state is State.REPORTED


@pytest.mark.parametrize(("role", "call"), TABLE)
def test_a_role_is_denied_what_is_not_its_job(roles: dict[str, Tried], role: str, call: str) -> None:
    with pytest.raises(ClientError) as refused:
        CALLS[call](roles[role])

    assert refused.value.response["Error"]["Code"] in DENIED


def test_what_was_denied_has_changed_nothing(kept: Callable[[], list[object]]) -> None:
    assert kept() == [b"kept", b"kept", "kept", "kept"]


@pytest.mark.parametrize(("role", "call"), ALLOWED)
def test_the_same_calls_pass_where_they_are_the_job(roles: dict[str, Tried], role: str, call: str) -> None:
    assert CALLS[call](roles[role])


# Last, since the owner can take the service apart. It tells that the calls are denied for who makes them, not for how: only the
# operator's role asks whoever it is for a second factor.
@pytest.mark.parametrize("call", CALLS)
def test_the_owner_is_denied_the_operators_role_alone(owner: Tried, call: str) -> None:
    code = "none"
    try:
        CALLS[call](owner)
    except ClientError as error:
        code = error.response["Error"]["Code"]

    assert (code in DENIED) is (call == "take the operator's role")
