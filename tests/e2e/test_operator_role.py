"""The operator's role, as the template has it: with IAM enforced it is enough for every command, and nothing in it is idle."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hemascope.aws.ledger import DynamoLedger
from hemascope.domain.report import Release
from hemascope.domain.review import Verdict
from hemascope.domain.specimen import ObjectVersion, report_keys, verdict_key
from hemascope_cli.local.cloud import ACCOUNT, LocalCloud
from hemascope_cli.project import artifact_folder, project_root
from tests.support.fakes import START
from tests.support.rows import row
from tests.support.slide_fields import smear_report

pytestmark = pytest.mark.local_cloud
MODEL = "all-subtypes/1.0.1"
OPERATOR = "hemascope-dev-operator"
REPLAY = ["replay", "--limit", "5"]
RECONCILE = ["reconcile", "--grace", "0", "--requeue"]
FORGET = ["forget", "--hospital", "st-mary", "--patient", "p-7", "--yes", "--wait", "0"]
VERIFY = ["audit", "verify"]
EXPORT = ["export-reviews", "DIR"]  # a folder of each test's own stands for it
MARK = ["registry", "reference", "--hospital", "st-mary", "--microscope", "scope 2"]
LIST = ["registry", "list", "--hospital", "st-mary"]
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
        if name in {role["RoleName"] for role in iam.list_roles()["Roles"]}:
            iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust)
        else:
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            iam.delete_role_policy(RoleName=name, PolicyName=policy)
        statements = [
            statement | {"Action": actions + [EMULATED[action] for action in actions if action in EMULATED]}
            for statement in self.statements
            if (actions := [action for action in statement["Action"] if action != without])
        ]
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_role_policy(RoleName=name, PolicyName="commands", PolicyDocument=document)
        given = sts.assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{name}", RoleSessionName="test")["Credentials"]
        return {
            "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
            "AWS_SESSION_TOKEN": given["SessionToken"],
        }

    def operate(self, words: list[str], credentials: dict[str, str], folder: str = "") -> subprocess.CompletedProcess[str]:
        words = [folder if word == "DIR" else word for word in words]
        command = [sys.executable, "-m", "hemascope_cli", *words, "--endpoint", self.cloud.endpoint]
        return subprocess.run(command, env=os.environ | credentials, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def guarded() -> Iterator[Guarded]:
    with LocalCloud(project_root(), artifact_folder(None), enforce_iam=True) as cloud:
        for worker in ("screen_smear", "send_notifications"):
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
            statement | {"Action": [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]}
            for statement in document["Statement"]
        ]
        yield Guarded(cloud, statements)


@pytest.fixture
def filled(guarded: Guarded, smear: bytes) -> Guarded:
    """A dead letter, an object that was reviewed, and one without an end."""
    outputs, sqs, s3 = guarded.cloud.outputs, guarded.cloud.client("sqs"), guarded.cloud.client("s3")
    sqs.purge_queue(QueueUrl=outputs["ArrivalsDeadLetterQueue"])
    sqs.send_message(QueueUrl=outputs["ArrivalsDeadLetterQueue"], MessageBody="letter")
    key, versions = "smears/st-mary/p-7/c-1/field.jpg", []
    for data in (smear, b"second"):
        answer = s3.put_object(Bucket=outputs["UploadsBucket"], Key=key, Body=data)
        versions.append(ObjectVersion(bucket=outputs["UploadsBucket"], key=key, version_id=answer["VersionId"]))
    ended = versions[0]
    ledger = DynamoLedger(guarded.cloud.client("dynamodb"), outputs["LedgerTable"])
    keys = report_keys(ended.object_id, MODEL)
    out = {"verdicts": 1, "released_verdict_number": 1, "release": Release.AMENDED, "model": MODEL, "report_key": keys.report}
    ledger.finish(row(object=ended, object_id=ended.object_id, **out))
    verdict = Verdict(number=1, kind="correct", label="Pre-B", reviewer="ann", at=START, model=MODEL)
    files = dict.fromkeys(keys.model_dump().values(), "about a patient")
    files |= {keys.report: smear_report("field.jpg").to_json(), verdict_key(ended.object_id, MODEL, 1): verdict.to_json()}
    for key, text in files.items():
        s3.put_object(Bucket=outputs["ReportsBucket"], Key=key, Body=text.encode())
    return guarded


def stored(guarded: Guarded) -> int:
    s3, outputs = guarded.cloud.client("s3"), guarded.cloud.outputs
    buckets = (outputs["UploadsBucket"], outputs["ReportsBucket"])
    return sum(len(s3.list_object_versions(Bucket=bucket).get("Versions", [])) for bucket in buckets)


def test_the_operators_role_is_enough_for_every_command(filled: Guarded, tmp_path: Path) -> None:
    credentials = filled.role(OPERATOR)

    done = [
        filled.operate(words, credentials, str(tmp_path)) for words in (REPLAY, RECONCILE, EXPORT, FORGET, VERIFY, MARK, LIST)
    ]

    assert [run.stderr for run in done] == [""] * 7
    assert [run.returncode for run in done] == [0, 1, 0, 0, 0, 0, 0]
    assert done[0].stdout == "moved 1, left in the dead-letter queue 0\n"
    assert done[2].stdout.startswith("new: 1,")
    assert done[4].stdout.startswith("st-mary  intact, head ")
    assert done[3].stdout.splitlines()[-1] == "deleted; tombstones that keep late deliveries from bringing anything back: 2"
    assert done[6].stdout.startswith("verified ")
    assert stored(filled) == 0


def test_nobody_else_deletes_a_report_whatever_their_role_allows(filled: Guarded) -> None:
    done = filled.operate(FORGET, filled.role("an-administrator"))

    assert done.returncode == 1
    assert done.stderr == "hemascope: expected to delete object versions, received AccessDenied\n"
    # The pictures are gone, since their bucket has no such rule; the reports stand until the operator comes.
    assert stored(filled) == 5
    assert filled.operate(FORGET, filled.role(OPERATOR)).returncode == 0
    assert stored(filled) == 0


# The redrive of SQS itself, and keys: the emulator has the one not and the other not enforced. Archive runs are started with
# AWS's own command line.
UNTRIED = {
    "sqs:StartMessageMoveTask",
    "sqs:ListMessageMoveTasks",
    "kms:Decrypt",
    "kms:GenerateDataKey",
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
    "dynamodb:GetItem": [MARK],
    "dynamodb:PutItem": [FORGET, EXPORT],
    "dynamodb:Scan": [RECONCILE, FORGET, EXPORT, VERIFY],
    "dynamodb:Query": [FORGET, EXPORT, LIST],
    "s3:GetObject": [EXPORT],
    "s3:GetObjectVersion": [EXPORT],
    "dynamodb:UpdateItem": [FORGET],
    "dynamodb:DeleteItem": [FORGET],
}


def _name(parameter: str | list[str]) -> str:
    return parameter if isinstance(parameter, str) else parameter[0]


def test_every_action_of_the_role_is_tried(guarded: Guarded) -> None:
    assert NEEDED.keys() | UNTRIED == {action for statement in guarded.statements for action in statement["Action"]}


@pytest.mark.parametrize(("action", "words"), [(action, words) for action, each in NEEDED.items() for words in each], ids=_name)
def test_without_one_of_its_actions_a_command_stops_in_one_line(
    filled: Guarded, action: str, words: list[str], tmp_path: Path
) -> None:
    done = filled.operate(words, filled.role(OPERATOR, without=action), str(tmp_path))

    assert done.returncode == 1
    assert done.stderr.startswith("hemascope: expected to ")
    assert "AccessDenied" in done.stderr
    assert len(done.stderr.splitlines()) == 1
