"""One embedded cloud for the tests of the whole way, with a queue that delivers again after a second."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from hemascope.aws.ledger import DynamoLedger
from hemascope.aws.microscopes_table import DynamoMicroscopes
from hemascope.aws.s3 import upload
from hemascope.domain.ledger import LedgerRow, NotificationStatus
from hemascope.domain.specimen import ObjectVersion, Specimen
from hemascope.model.artifact import load_artifact
from hemascope_cli.local.cloud import LocalCloud
from hemascope_cli.project import artifact_folder, project_root
from tests.support.fake_microscopes import UNWATCHED
from tests.support.patience import wait_until


@dataclass
class Service:
    """The running cloud, and what a test wants to ask of it."""

    cloud: LocalCloud
    model: str

    def send(self, data: bytes, file: str, slide: str = "slide-1") -> ObjectVersion:
        specimen = Specimen(hospital="st-mary", patient="p-7", slide=slide, microscope=UNWATCHED.name, field=file)
        return upload(self.cloud.client("s3"), self.cloud.outputs["UploadsBucket"], specimen, data)

    def row(self, version: ObjectVersion) -> LedgerRow | None:
        ledger = DynamoLedger(self.cloud.client("dynamodb"), self.cloud.outputs["LedgerTable"])
        return ledger.find(version.object_id, self.model)

    def wait_for_end(self, version: ObjectVersion) -> LedgerRow:
        def notified() -> bool:
            row = self.row(version)
            return row is not None and row.notification is NotificationStatus.SENT

        wait_until(notified, "an end")
        row = self.row(version)
        assert row is not None
        return row

    def rows(self) -> int:
        table = self.cloud.outputs["LedgerTable"]
        return int(self.cloud.client("dynamodb").scan(TableName=table, Select="COUNT")["Count"])

    def mails_about(self, version: ObjectVersion) -> int:
        return sum(version.object_id in mail["BodyText"] for mail in self.cloud.mails())

    def keys_about(self, version: ObjectVersion) -> list[str]:
        listed = self.cloud.client("s3").list_object_versions(Bucket=self.cloud.outputs["ReportsBucket"])
        return sorted(stored["Key"] for stored in listed.get("Versions", []) if version.object_id in stored["Key"])

    def read(self, key: str) -> bytes:
        answer = self.cloud.client("s3").get_object(Bucket=self.cloud.outputs["ReportsBucket"], Key=key)
        content: bytes = answer["Body"].read()
        return content

    def send_message(self, body: str, queue: str = "ArrivalsQueue") -> None:
        self.cloud.client("sqs").send_message(QueueUrl=self.cloud.outputs[queue], MessageBody=body)

    def wait_until_screened(self, versions: list[ObjectVersion]) -> None:
        wait_until(lambda: all(self.row(version) for version in versions), "ledger rows")

    def waiting(self, output: str = "ArrivalsQueue") -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self.cloud.client("sqs").get_queue_attributes(QueueUrl=self.cloud.outputs[output], AttributeNames=names)
        return sum(int(answer["Attributes"][name]) for name in names)

    def wait_until_quiet(self) -> None:
        def quiet() -> bool:
            return self.waiting("ArrivalsQueue") == self.waiting("NotificationsQueue") == 0

        wait_until(quiet, "empty queues")


def register_reference(cloud: LocalCloud) -> None:
    """Register the microscope that smears are sent from, so that they are answered."""
    DynamoMicroscopes(cloud.client("dynamodb"), cloud.outputs["MicroscopesTable"]).store(UNWATCHED)


@contextmanager
def started(*, enforce_iam: bool = False) -> Iterator[Service]:
    """A cloud whose queues deliver again after a second."""
    folder = artifact_folder(None)
    environment = {"HEMASCOPE_GRACE_SECONDS": "1"}
    with LocalCloud(project_root(), folder, environment=environment, enforce_iam=enforce_iam) as cloud:
        sqs = cloud.client("sqs")
        # In the templates it is six times the timeout: a test can't wait minutes for a second delivery.
        for queue in ("ArrivalsQueue", "NotificationsQueue"):
            sqs.set_queue_attributes(QueueUrl=cloud.outputs[queue], Attributes={"VisibilityTimeout": "1"})
        register_reference(cloud)
        yield Service(cloud, load_artifact(folder).reference.name)


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with started() as service:
        yield service
