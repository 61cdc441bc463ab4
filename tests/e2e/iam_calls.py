"""The calls that ``test_iam`` makes with the role of each function, and which of them are whose job.

Where the emulator stops: it encrypts nothing, so the rights on keys that S3, SQS and DynamoDB use for a function are never
asked for (calls to KMS itself are); it knows no resource of a mail but its sender, and not which attributes of a row an update
changes, so that the portal's role would pass with others than a review's; traces and log lines come from processes of
ours. What a role may do there is held by the literal lists of ``tests/infra/test_roles.py``.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3

from hemascope_cli.local.cloud import ACCOUNT, REGION, LocalCloud

TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})
OWNER = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}


@dataclass
class Tried:
    """What a role tries: clients with its credentials, and the names of what stands in the cloud.

    The owner, whom nothing is denied, has no credentials.
    """

    cloud: LocalCloud
    credentials: dict[str, str]

    def __call__(self, service: str) -> Any:
        names = {name.lower(): value for name, value in self.credentials.items()}
        return boto3.client(service, endpoint_url=self.cloud.endpoint, region_name=REGION, **(names or OWNER))

    def __getitem__(self, output: str) -> str:
        return self.cloud.outputs[output]

    def key(self, stack: str) -> str:
        """Id of a stack's key."""
        stacks = self.cloud.client("cloudformation").list_stack_resources(StackName=f"Hemascope-dev-{stack}")
        (key,) = [summary for summary in stacks["StackResourceSummaries"] if summary["ResourceType"] == "AWS::KMS::Key"]
        return str(key["PhysicalResourceId"])

    def secret(self, stack: str) -> bytes:
        """Something that a stack's key has encrypted."""
        return bytes(self.cloud.client("kms").encrypt(KeyId=self.key(stack), Plaintext=b"kept")["CiphertextBlob"])


Call = Callable[[Tried], object]
AUDIT_KEY = {"hospital": {"S": "h"}, "number": {"N": "1"}}
SCOPE_KEY = {"hospital": {"S": "h"}, "name": {"S": "scope"}}
LEDGER_KEY = {"object_id": {"S": "0f"}, "model": {"S": "m/1.0.0"}}
SMEAR, REPORT, PROFILE = "smears/h/p/c/f.jpg", "reports/x", "microscopes/kept"
FUNCTION = "hemascope-dev-screen-smear"
LOG = "/hemascope/dev/screen-smear"

# What several functions must not do: the role that would be worst, call by call.
CALLS: dict[str, Call] = {
    "read a report": lambda to: to("s3").get_object(Bucket=to["ReportsBucket"], Key=REPORT),
    "delete a report": lambda to: to("s3").delete_object(Bucket=to["ReportsBucket"], Key=REPORT),
    "delete a version of a report": lambda to: to("s3").delete_object(Bucket=to["ReportsBucket"], Key=REPORT, VersionId="v"),
    "read a smear": lambda to: to("s3").get_object(Bucket=to["UploadsBucket"], Key=SMEAR),
    "write a smear": lambda to: to("s3").put_object(Bucket=to["UploadsBucket"], Key=SMEAR, Body=b"x"),
    "delete a smear": lambda to: to("s3").delete_object(Bucket=to["UploadsBucket"], Key=SMEAR),
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
    "publish": lambda to: to("sns").publish(TopicArn=to["NotificationsTopic"], Message="x"),
    "subscribe": lambda to: to("sns").subscribe(TopicArn=to["NotificationsTopic"], Protocol="email", Endpoint="a@b.example"),
    "send a mail": lambda to: to("ses").send_email(
        Source="hemascope@hospital.example",
        Destination={"ToAddresses": ["a@b.example"]},
        Message={"Subject": {"Data": "x"}, "Body": {"Text": {"Data": "x"}}},
    ),
    "release a report": lambda to: to("dynamodb").update_item(
        TableName=to["LedgerTable"],
        Key=LEDGER_KEY,
        UpdateExpression="SET released_at = :at",
        ExpressionAttributeValues={":at": {"S": "2026-03-01T08:30:00Z"}},
    ),
    "write a verdict": lambda to: to("s3").put_object(Bucket=to["ReportsBucket"], Key="verdicts/x", Body=b"x"),
    "write a report": lambda to: to("s3").put_object(Bucket=to["ReportsBucket"], Key="reports/y", Body=b"x"),
    "add an audit entry": lambda to: to("dynamodb").put_item(TableName=to["AuditTable"], Item=AUDIT_KEY),
    "change an audit entry": lambda to: to("dynamodb").update_item(
        TableName=to["AuditTable"], Key=AUDIT_KEY, UpdateExpression="SET who = :a", ExpressionAttributeValues={":a": {"S": "a"}}
    ),
    "delete an audit entry": lambda to: to("dynamodb").delete_item(TableName=to["AuditTable"], Key=AUDIT_KEY),
    "scan the audit trails": lambda to: to("dynamodb").scan(TableName=to["AuditTable"]),
    "change a microscope": lambda to: to("dynamodb").put_item(TableName=to["MicroscopesTable"], Item=SCOPE_KEY),
    "delete a microscope": lambda to: to("dynamodb").delete_item(TableName=to["MicroscopesTable"], Key=SCOPE_KEY),
    "read a microscope": lambda to: to("dynamodb").get_item(TableName=to["MicroscopesTable"], Key=SCOPE_KEY),
    "read a profile": lambda to: to("s3").get_object(Bucket=to["ReportsBucket"], Key=PROFILE),
    "write a profile": lambda to: to("s3").put_object(Bucket=to["ReportsBucket"], Key="microscopes/x", Body=b"x"),
    "read dead letters": lambda to: to("sqs").receive_message(QueueUrl=to["ArrivalsDeadLetterQueue"]),
    "purge arrivals": lambda to: to("sqs").purge_queue(QueueUrl=to["ArrivalsQueue"]),
    "send an arrival": lambda to: to("sqs").send_message(QueueUrl=to["ArrivalsQueue"], MessageBody="x"),
    "send a notification": lambda to: to("sqs").send_message(QueueUrl=to["NotificationsQueue"], MessageBody="x"),
    "take an arrival": lambda to: to("sqs").receive_message(QueueUrl=to["ArrivalsQueue"]),
    "change its own code": lambda to: to("lambda").update_function_configuration(FunctionName=FUNCTION, Timeout=60),
    "call a function": lambda to: to("lambda").invoke(FunctionName=FUNCTION, Payload=b"{}"),
    "make a role": lambda to: to("iam").create_role(RoleName="mine", AssumeRolePolicyDocument=TRUST),
    "take the operator's role": lambda to: to("sts").assume_role(
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/hemascope-dev-operator", RoleSessionName="mine"
    ),
    "list users": lambda to: to("cognito-idp").list_users(UserPoolId=to["UserPool"]),
    "start an archive run": lambda to: to("stepfunctions").start_execution(stateMachineArn=to["ArchiveMachine"]),
    "allow itself everything": lambda to: to("iam").put_role_policy(
        RoleName=to.cloud.role_of("screen_smear").rsplit("/", 1)[1], PolicyName="mine", PolicyDocument=TRUST
    ),
    "pass its role to a function": lambda to: to("lambda").create_function(
        FunctionName="mine",
        Runtime="python3.13",
        Handler="mine.handler",
        Role=to.cloud.role_of("screen_smear"),
        Code={"S3Bucket": "cdk-hnb659fds-assets-000000000000-us-east-1", "S3Key": "0" * 64 + ".zip"},
    ),
    "give an account another hospital": lambda to: to("cognito-idp").admin_update_user_attributes(
        UserPoolId=to["UserPool"], Username="mine", UserAttributes=[{"Name": "custom:hospital", "Value": "st-mary"}]
    ),
    "set an account's password": lambda to: to("cognito-idp").admin_set_user_password(
        UserPoolId=to["UserPool"], Username="mine", Password="Correct-Horse-7-Battery"
    ),
    "make an account": lambda to: to("cognito-idp").admin_create_user(
        UserPoolId=to["UserPool"], Username="mine", TemporaryPassword="Correct-Horse-7-Battery"
    ),
    "delete a stack": lambda to: to("cloudformation").delete_stack(StackName="Hemascope-dev-Operator"),
    "read a log": lambda to: to("logs").filter_log_events(logGroupName=LOG),
    "delete a log": lambda to: to("logs").delete_log_group(logGroupName=LOG),
    "decrypt a smear": lambda to: to("kms").decrypt(CiphertextBlob=to.secret("Ingest")),
    "decrypt a report": lambda to: to("kms").decrypt(CiphertextBlob=to.secret("Screening")),
    "decrypt a notification": lambda to: to("kms").decrypt(CiphertextBlob=to.secret("Notification")),
    "encrypt a report": lambda to: to("kms").generate_data_key(KeyId=to.key("Screening"), KeySpec="AES_256"),
    "disable a key": lambda to: to("kms").disable_key(KeyId=to.key("Screening")),
    "have a key deleted": lambda to: to("kms").schedule_key_deletion(KeyId=to.key("Screening")),
    "ask by state": lambda to: to("dynamodb").query(
        TableName=to["LedgerTable"],
        IndexName="by-state",
        KeyConditionExpression="#state = :state",
        ExpressionAttributeNames={"#state": "state"},
        ExpressionAttributeValues={":state": {"S": "reported"}},
    ),
    "ask by microscope": lambda to: to("dynamodb").query(
        TableName=to["LedgerTable"],
        IndexName="by-microscope",
        KeyConditionExpression="microscope = :microscope",
        ExpressionAttributeValues={":microscope": {"S": "0f"}},
    ),
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
    "change an audit entry",
    "delete an audit entry",
    "scan the audit trails",
    "delete a microscope",
    "write a profile",
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
    "give an account another hospital",
    "set an account's password",
    "start an archive run",
    "allow itself everything",
    "pass its role to a function",
    "delete a stack",
    "read a log",
    "delete a log",
    "disable a key",
    "have a key deleted",
    "ask by state",
)
FUNCTIONS = ("screen_smear", "microscope_jobs", "send_notifications", "mail_events", "portal_api", "report_documents")
OTHERS = ("send_notifications", "mail_events", "report_documents")
JOBS = {"write a profile", "send an arrival"}  # what only the jobs about microscopes may do
TABLE = [(role, call) for role in FUNCTIONS for call in EVERYBODY if role != "microscope_jobs" or call not in JOBS] + [
    *((role, "make an account") for role in FUNCTIONS if role != "portal_api"),
    *((role, call) for role in OTHERS for call in ("change a microscope", "read a microscope")),
    *((role, "read a profile") for role in OTHERS if role != "report_documents"),
    *(("microscope_jobs", call) for call in ("write a smear", "read a report", "write a report", "write a verdict")),
    *(("microscope_jobs", call) for call in ("write a row", "change a row", "release a report", "add an audit entry")),
    *(("microscope_jobs", call) for call in ("send a notification", "decrypt a notification", "publish", "take an arrival")),
    ("screen_smear", "write a smear"),
    ("screen_smear", "change a row"),
    ("screen_smear", "publish"),
    ("screen_smear", "write a verdict"),
    ("screen_smear", "release a report"),
    ("screen_smear", "add an audit entry"),
    ("screen_smear", "decrypt a notification"),
    ("send_notifications", "decrypt a smear"),
    ("mail_events", "decrypt a smear"),
    ("mail_events", "encrypt a report"),
    ("portal_api", "decrypt a smear"),
    ("portal_api", "decrypt a notification"),
    ("portal_api", "write a report"),
    ("send_notifications", "write a verdict"),
    ("send_notifications", "add an audit entry"),
    ("mail_events", "add an audit entry"),
    ("send_notifications", "read a smear"),
    ("send_notifications", "write a smear"),
    ("send_notifications", "write a row"),
    ("send_notifications", "take an arrival"),
    ("mail_events", "read a smear"),
    ("mail_events", "write a smear"),
    ("mail_events", "read a report"),
    ("mail_events", "read a row"),
    ("mail_events", "write a row"),
    ("mail_events", "publish"),
    ("mail_events", "send a notification"),
    ("mail_events", "take an arrival"),
    ("portal_api", "read a smear"),
    ("portal_api", "write a row"),
    ("portal_api", "publish"),
    ("portal_api", "take an arrival"),
    ("report_documents", "write a smear"),
    ("report_documents", "write a report"),
    ("report_documents", "write a verdict"),
    ("report_documents", "write a row"),
    ("report_documents", "change a row"),
    ("report_documents", "release a report"),
    ("report_documents", "encrypt a report"),
    ("report_documents", "decrypt a notification"),
    ("report_documents", "publish"),
    ("report_documents", "send a notification"),
    ("report_documents", "take an arrival"),
]

ALLOWED = [
    *(
        ("microscope_jobs", call)
        for call in (*sorted(JOBS), "read a smear", "read a row", "read a microscope", "read a profile")
    ),
    ("microscope_jobs", "change a microscope"),
    ("microscope_jobs", "decrypt a smear"),
    ("microscope_jobs", "encrypt a report"),
    ("report_documents", "read a profile"),
    ("screen_smear", "write a row"),
    ("screen_smear", "read a row"),
    ("screen_smear", "send a notification"),
    ("screen_smear", "read a microscope"),
    ("screen_smear", "change a microscope"),
    ("screen_smear", "ask by microscope"),
    ("portal_api", "ask by microscope"),
    ("screen_smear", "read a profile"),
    ("screen_smear", "read a report"),
    ("portal_api", "read a microscope"),
    ("portal_api", "read a profile"),
    ("send_notifications", "change a row"),
    ("send_notifications", "read a report"),
    ("send_notifications", "encrypt a report"),
    ("send_notifications", "send a notification"),
    ("portal_api", "send a notification"),
    ("send_notifications", "publish"),
    ("mail_events", "change a row"),
    ("screen_smear", "read a smear"),
    ("screen_smear", "decrypt a smear"),
    ("screen_smear", "encrypt a report"),
    ("send_notifications", "decrypt a report"),
    ("mail_events", "decrypt a notification"),
    ("portal_api", "write a smear"),
    ("portal_api", "make an account"),
    ("portal_api", "change a microscope"),
    ("portal_api", "read a report"),
    ("portal_api", "decrypt a report"),
    ("portal_api", "encrypt a report"),
    ("portal_api", "release a report"),
    ("portal_api", "write a verdict"),
    ("portal_api", "add an audit entry"),
    ("report_documents", "read a smear"),
    ("report_documents", "decrypt a smear"),
    ("report_documents", "read a report"),
    ("report_documents", "decrypt a report"),
    ("report_documents", "add an audit entry"),
]
