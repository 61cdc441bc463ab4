"""With IAM enforced each function does its job with its own role, and is denied what else it tries."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from hemascope.adapters.local import ACCOUNT, REGION, LocalCloud
from hemascope.commands.project import artifact_folder, project_root
from hemascope.contracts.report import State
from hemascope.model.artifact import load_artifact
from tests.e2e.conftest import Service

pytestmark = pytest.mark.local_cloud

DENIED = {"AccessDenied", "AccessDeniedException", "AccessDeniedFault", "AuthorizationError", "403"}
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})


@dataclass
class Tried:
    """What a role tries: clients with its credentials, and the names of what stands in the cloud."""

    cloud: LocalCloud
    credentials: dict[str, str]

    def __call__(self, service: str) -> Any:
        names = {name.lower(): value for name, value in self.credentials.items()}
        return boto3.client(service, endpoint_url=self.cloud.endpoint, region_name=REGION, **names)

    def __getitem__(self, output: str) -> str:
        return self.cloud.outputs[output]


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    folder = artifact_folder(None)
    with LocalCloud(project_root(), folder, enforce_iam=True) as cloud:
        yield Service(cloud, load_artifact(folder).reference.name)


@pytest.fixture(scope="module")
def roles(service: Service) -> dict[str, Tried]:
    folders = ("screen_smear", "deliver_report", "mail_events", "portal_api")
    return {one: Tried(service.cloud, service.cloud.credentials_of(one)) for one in folders}


def test_a_smear_travels_to_the_mail_with_the_roles_of_its_functions(service: Service, smear: bytes) -> None:
    version = service.send(smear, "enforced.jpg")

    row = service.wait_for_end(version, seconds=60)

    assert row.state is State.REPORTED
    assert service.mails_about(version) == 1


Call = Callable[[Tried], object]
LEDGER_KEY = {"object_id": {"S": "0f"}, "model": {"S": "m/1.0.0"}}
FUNCTION = "hemascope-dev-screen-smear"

# What several functions must not do: the role that would be worst, call by call.
CALLS: dict[str, Call] = {
    "read a report": lambda to: to("s3").get_object(Bucket=to["ReportsBucket"], Key="reports/x"),
    "delete a report": lambda to: to("s3").delete_object(Bucket=to["ReportsBucket"], Key="reports/x"),
    "delete a version of a report": lambda to: to("s3").delete_object(
        Bucket=to["ReportsBucket"], Key="reports/x", VersionId="v"
    ),
    "read a smear": lambda to: to("s3").get_object(Bucket=to["UploadsBucket"], Key="smears/h/p/c/f.jpg"),
    "write a smear": lambda to: to("s3").put_object(Bucket=to["UploadsBucket"], Key="smears/h/p/c/f.jpg", Body=b"x"),
    "delete a smear": lambda to: to("s3").delete_object(Bucket=to["UploadsBucket"], Key="smears/h/p/c/f.jpg"),
    "list smears": lambda to: to("s3").list_objects_v2(Bucket=to["UploadsBucket"]),
    "write outside of the reports": lambda to: to("s3").put_object(Bucket=to["ReportsBucket"], Key="other/x", Body=b"x"),
    "open a bucket": lambda to: to("s3").put_bucket_policy(Bucket=to["UploadsBucket"], Policy=TRUST),
    "stop versioning": lambda to: to("s3").put_bucket_versioning(
        Bucket=to["UploadsBucket"], VersioningConfiguration={"Status": "Suspended"}
    ),
    "scan the ledger": lambda to: to("dynamodb").scan(TableName=to["LedgerTable"]),
    "read a row": lambda to: to("dynamodb").get_item(TableName=to["LedgerTable"], Key=LEDGER_KEY),
    "write a row": lambda to: to("dynamodb").put_item(TableName=to["LedgerTable"], Item=LEDGER_KEY),
    "change a row": lambda to: to("dynamodb").update_item(
        TableName=to["LedgerTable"], Key=LEDGER_KEY, UpdateExpression="SET a = :a", ExpressionAttributeValues={":a": {"S": "a"}}
    ),
    "delete a row": lambda to: to("dynamodb").delete_item(TableName=to["LedgerTable"], Key=LEDGER_KEY),
    "delete the ledger": lambda to: to("dynamodb").delete_table(TableName=to["LedgerTable"]),
    "publish": lambda to: to("sns").publish(TopicArn=to["NoticesTopic"], Message="x"),
    "subscribe": lambda to: to("sns").subscribe(TopicArn=to["NoticesTopic"], Protocol="email", Endpoint="a@b.example"),
    "send a mail": lambda to: to("ses").send_email(
        Source="hemascope@hospital.example",
        Destination={"ToAddresses": ["a@b.example"]},
        Message={"Subject": {"Data": "x"}, "Body": {"Text": {"Data": "x"}}},
    ),
    "read dead letters": lambda to: to("sqs").receive_message(QueueUrl=to["DeadArrivalsQueue"]),
    "purge arrivals": lambda to: to("sqs").purge_queue(QueueUrl=to["ArrivalsQueue"]),
    "send an arrival": lambda to: to("sqs").send_message(QueueUrl=to["ArrivalsQueue"], MessageBody="x"),
    "send a notice": lambda to: to("sqs").send_message(QueueUrl=to["NoticesQueue"], MessageBody="x"),
    "take an arrival": lambda to: to("sqs").receive_message(QueueUrl=to["ArrivalsQueue"]),
    "change its own code": lambda to: to("lambda").update_function_configuration(FunctionName=FUNCTION, Timeout=60),
    "call a function": lambda to: to("lambda").invoke(FunctionName=FUNCTION, Payload=b"{}"),
    "make a role": lambda to: to("iam").create_role(RoleName="mine", AssumeRolePolicyDocument=TRUST),
    "take the operator's role": lambda to: to("sts").assume_role(
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/hemascope-dev-operator", RoleSessionName="mine"
    ),
    "list users": lambda to: to("cognito-idp").list_users(UserPoolId=to["UserPool"]),
    "start an archive run": lambda to: to("stepfunctions").start_execution(stateMachineArn=to["ArchiveMachine"]),
}
EVERYBODY = (
    "delete a report",
    "delete a version of a report",
    "delete a smear",
    "list smears",
    "write outside of the reports",
    "open a bucket",
    "stop versioning",
    "scan the ledger",
    "delete a row",
    "delete the ledger",
    "subscribe",
    "send a mail",
    "read dead letters",
    "purge arrivals",
    "send an arrival",
    "change its own code",
    "call a function",
    "make a role",
    "take the operator's role",
    "list users",
    "start an archive run",
)
TABLE = [(role, call) for role in ("screen_smear", "deliver_report", "mail_events", "portal_api") for call in EVERYBODY] + [
    ("screen_smear", "write a smear"),
    ("screen_smear", "read a report"),
    ("screen_smear", "change a row"),
    ("screen_smear", "publish"),
    ("deliver_report", "read a smear"),
    ("deliver_report", "write a smear"),
    ("deliver_report", "read a report"),
    ("deliver_report", "write a row"),
    ("deliver_report", "send a notice"),
    ("deliver_report", "take an arrival"),
    ("mail_events", "read a smear"),
    ("mail_events", "write a smear"),
    ("mail_events", "read a report"),
    ("mail_events", "read a row"),
    ("mail_events", "write a row"),
    ("mail_events", "publish"),
    ("mail_events", "send a notice"),
    ("mail_events", "take an arrival"),
    ("portal_api", "read a smear"),
    ("portal_api", "write a row"),
    ("portal_api", "change a row"),
    ("portal_api", "publish"),
    ("portal_api", "send a notice"),
    ("portal_api", "take an arrival"),
]


@pytest.mark.parametrize(("role", "call"), TABLE)
def test_a_role_is_denied_what_is_not_its_job(roles: dict[str, Tried], role: str, call: str) -> None:
    with pytest.raises(ClientError) as refused:
        CALLS[call](roles[role])

    assert refused.value.response["Error"]["Code"] in DENIED


ALLOWED = [
    ("screen_smear", "write a row"),
    ("screen_smear", "read a row"),
    ("screen_smear", "send a notice"),
    ("deliver_report", "change a row"),
    ("deliver_report", "publish"),
    ("mail_events", "change a row"),
]


@pytest.mark.parametrize(("role", "call"), ALLOWED)
def test_the_same_calls_pass_where_they_are_the_job(roles: dict[str, Tried], role: str, call: str) -> None:
    assert CALLS[call](roles[role])
