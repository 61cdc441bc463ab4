"""The operator's role, as the template has it: with IAM enforced it is enough for every command, and nothing in it is idle."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from hemascope.adapters.aws import DynamoLedger
from hemascope.adapters.local import ACCOUNT, LocalCloud
from hemascope.commands.project import artifact_folder, project_root
from hemascope.contracts.specimen import ObjectVersion, report_keys
from tests.rows import row

pytestmark = pytest.mark.local_cloud
MODEL = "all-subtypes/1.0.1"
OPERATOR = "hemascope-dev-operator"
REPLAY = ["replay", "--limit", "5"]
RECONCILE = ["reconcile", "--grace", "0", "--requeue"]
FORGET = ["forget", "--hospital", "st-mary", "--patient", "p-7", "--yes", "--wait", "0"]
# Where the emulator asks for more: AWS knows no such actions, its batches need those above.
EMULATED = {"sqs:SendMessage": "sqs:SendMessageBatch", "sqs:DeleteMessage": "sqs:DeleteMessageBatch"}


@dataclass
class Guarded:
    """A cloud that enforces IAM, and the statements of the operator's role."""

    cloud: LocalCloud
    statements: list[dict[str, Any]]

    def role(self, name: str, without: str = "") -> dict[str, str]:
        """Credentials of a role that may do all that the operator may, but for one action.

        The operator's own role asks for a second factor, which the emulator knows nothing of.
        """
        iam, sts = self.cloud.client("iam"), self.cloud.client("sts")
        root = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [root]})
        if name in {one["RoleName"] for one in iam.list_roles()["Roles"]}:
            iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust)
        else:
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            iam.delete_role_policy(RoleName=name, PolicyName=policy)
        statements = [
            one | {"Action": actions + [EMULATED[action] for action in actions if action in EMULATED]}
            for one in self.statements
            if (actions := [action for action in one["Action"] if action != without])
        ]
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_role_policy(RoleName=name, PolicyName="commands", PolicyDocument=document)
        given = sts.assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{name}", RoleSessionName="test")["Credentials"]
        return {
            "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
            "AWS_SESSION_TOKEN": given["SessionToken"],
        }

    def operate(self, words: list[str], credentials: dict[str, str]) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "hemascope", *words, "--endpoint", self.cloud.endpoint]
        return subprocess.run(command, env=os.environ | credentials, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture(scope="module")
def guarded() -> Iterator[Guarded]:
    with LocalCloud(project_root(), artifact_folder(None), enforce_iam=True) as cloud:
        for worker in ("screen_smear", "deliver_report"):
            cloud.kill_worker(worker)
        outputs, s3, iam = cloud.outputs, cloud.client("s3"), cloud.client("iam")
        # AWS compares the role's own ARN with aws:PrincipalArn; the emulator compares that of the role's session.
        policy = s3.get_bucket_policy(Bucket=outputs["ReportsBucket"])["Policy"]
        session = f"arn:aws:sts::{ACCOUNT}:assumed-role/{OPERATOR}/*"
        assert f"arn:aws:iam::{ACCOUNT}:role/{OPERATOR}" in policy
        policy = policy.replace(f"arn:aws:iam::{ACCOUNT}:role/{OPERATOR}", session)
        s3.put_bucket_policy(Bucket=outputs["ReportsBucket"], Policy=policy)
        (name,) = iam.list_role_policies(RoleName=OPERATOR)["PolicyNames"]
        document = iam.get_role_policy(RoleName=OPERATOR, PolicyName=name)["PolicyDocument"]
        statements = [
            one | {"Action": [one["Action"]] if isinstance(one["Action"], str) else one["Action"]}
            for one in document["Statement"]
        ]
        yield Guarded(cloud, statements)


@pytest.fixture
def filled(guarded: Guarded) -> Guarded:
    """A dead letter, an object with an end and one without."""
    outputs, sqs, s3 = guarded.cloud.outputs, guarded.cloud.client("sqs"), guarded.cloud.client("s3")
    sqs.purge_queue(QueueUrl=outputs["DeadArrivalsQueue"])
    sqs.send_message(QueueUrl=outputs["DeadArrivalsQueue"], MessageBody="letter")
    key, versions = "smears/st-mary/p-7/c-1/field.jpg", []
    for data in (b"first", b"second"):
        answer = s3.put_object(Bucket=outputs["UploadsBucket"], Key=key, Body=data)
        versions.append(ObjectVersion(bucket=outputs["UploadsBucket"], key=key, version_id=answer["VersionId"]))
    ended = versions[0]
    ledger = DynamoLedger(guarded.cloud.client("dynamodb"), outputs["LedgerTable"])
    ledger.finish(row(object=ended, object_id=ended.object_id))
    for key in report_keys(ended.object_id, MODEL).model_dump().values():
        s3.put_object(Bucket=outputs["ReportsBucket"], Key=key, Body=b"about a patient")
    return guarded


def stored(guarded: Guarded) -> int:
    s3, outputs = guarded.cloud.client("s3"), guarded.cloud.outputs
    buckets = (outputs["UploadsBucket"], outputs["ReportsBucket"])
    return sum(len(s3.list_object_versions(Bucket=bucket).get("Versions", [])) for bucket in buckets)


def test_the_operators_role_is_enough_for_every_command(filled: Guarded) -> None:
    credentials = filled.role(OPERATOR)

    done = [filled.operate(words, credentials) for words in (REPLAY, RECONCILE, FORGET)]

    assert [one.stderr for one in done] == ["", "", ""]
    assert [one.returncode for one in done] == [0, 1, 0]
    assert done[0].stdout == "moved 1, left in the dead-letter queue 0\n"
    assert done[2].stdout.splitlines()[-1] == "deleted; tombstones that keep late deliveries from bringing anything back: 2"
    assert stored(filled) == 0


def test_nobody_else_deletes_a_report_whatever_their_role_allows(filled: Guarded) -> None:
    done = filled.operate(FORGET, filled.role("an-administrator"))

    assert done.returncode == 1
    assert done.stderr == "hemascope: expected to delete object versions, received AccessDenied\n"
    # The pictures are gone, since their bucket has no such rule; the reports stand until the operator comes.
    assert stored(filled) == 4
    assert filled.operate(FORGET, filled.role(OPERATOR)).returncode == 0
    assert stored(filled) == 0


# The redrive of SQS itself, and keys: the emulator has the one not and the other not enforced. Archive runs are started with
# AWS's own command line.
UNTRIED = {
    "sqs:StartMessageMoveTask",
    "sqs:ListMessageMoveTasks",
    "kms:Decrypt",
    "kms:GenerateDataKey",
    "s3:GetObject",
    "s3:ListBucket",
    "states:DescribeExecution",
    "states:DescribeMapRun",
    "states:ListMapRuns",
    "states:StartExecution",
    "states:StopExecution",
}
NEEDED: dict[str, list[list[str]]] = {
    "cloudformation:DescribeStacks": [REPLAY, RECONCILE, FORGET],
    "sqs:GetQueueAttributes": [REPLAY],
    "sqs:ReceiveMessage": [REPLAY],
    "sqs:SendMessage": [REPLAY, RECONCILE],
    "sqs:DeleteMessage": [REPLAY],
    "s3:ListBucketVersions": [RECONCILE, FORGET],
    "s3:DeleteObject": [FORGET],
    "s3:DeleteObjectVersion": [FORGET],
    "dynamodb:BatchGetItem": [RECONCILE],
    "dynamodb:Scan": [RECONCILE, FORGET],
    "dynamodb:Query": [FORGET],
    "dynamodb:UpdateItem": [FORGET],
    "dynamodb:DeleteItem": [FORGET],
}


def _name(parameter: str | list[str]) -> str:
    return parameter if isinstance(parameter, str) else parameter[0]


def test_every_action_of_the_role_is_tried(guarded: Guarded) -> None:
    assert NEEDED.keys() | UNTRIED == {action for one in guarded.statements for action in one["Action"]}


@pytest.mark.parametrize(("action", "words"), [(action, words) for action, each in NEEDED.items() for words in each], ids=_name)
def test_without_one_of_its_actions_a_command_stops_in_one_line(filled: Guarded, action: str, words: list[str]) -> None:
    done = filled.operate(words, filled.role(OPERATOR, without=action))

    assert done.returncode == 1
    assert done.stderr.startswith("hemascope: expected to ")
    assert "AccessDenied" in done.stderr
    assert len(done.stderr.splitlines()) == 1
