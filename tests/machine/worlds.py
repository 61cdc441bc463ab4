"""The two worlds in which the state machine runs: fakes of lists and dicts, and the real adapters on moto."""

from abc import ABC, abstractmethod
from contextlib import ExitStack
from functools import cache

from hemascope.aws.ledger.table import row_from_item
from hemascope.aws.messaging import SqsNotificationQueue
from hemascope.aws.s3 import S3Store
from hemascope.domain.events import CreatedObject, parse_message
from hemascope.domain.ledger import LedgerRow, NotificationStatus
from hemascope.domain.notification import NotificationTask
from hemascope.domain.specimen import ObjectVersion
from hemascope.model.artifact import load_artifact
from hemascope_cli.operations.reconcile import Reconciliation
from hemascope_cli.project import artifact_folder
from tests.support.fakes import LEASE, FixedClassifier, World
from tests.support.moto_cloud import moto_cloud


@cache
def _classifier() -> FixedClassifier:
    return FixedClassifier(load_artifact(artifact_folder(None)), 0.01, 0.02, 0.96, 0.01)


class MachineWorld(ABC):
    """A world, and how the machine looks at it from outside."""

    world: World

    @property
    def model(self) -> str:
        """Name of the model that judges."""
        return self.world.classifier.artifact.reference.name

    @abstractmethod
    def put(self, key: str, data: bytes) -> ObjectVersion:
        """Upload a picture."""

    @abstractmethod
    def hide(self, version: ObjectVersion) -> None:
        """Delete a picture."""

    @abstractmethod
    def rows(self) -> list[LedgerRow]:
        """The whole ledger."""

    @abstractmethod
    def files(self) -> dict[str, object]:
        """What is stored, by key: anything that differs where the content or the number of versions does."""

    @abstractmethod
    def take_notifications(self) -> list[NotificationTask]:
        """Empty the notifications queue."""

    @abstractmethod
    def reconcile(self) -> tuple[list[CreatedObject], list[NotificationTask]]:
        """What ``hemascope reconcile --requeue`` sends again."""

    @abstractmethod
    def close(self) -> None:
        """Clear up."""


class DictWorld(MachineWorld):
    """The tests' fakes."""

    def __init__(self) -> None:
        self.world = World(_classifier())

    def close(self) -> None:
        pass

    def put(self, key: str, data: bytes) -> ObjectVersion:
        version = ObjectVersion(bucket="uploads", key=key, version_id="v1")
        self.world.pictures.pictures[version] = data
        return version

    def hide(self, version: ObjectVersion) -> None:
        del self.world.pictures.pictures[version]

    def rows(self) -> list[LedgerRow]:
        return list(self.world.ledger.rows)

    def files(self) -> dict[str, object]:
        return dict(self.world.reports.files)

    def take_notifications(self) -> list[NotificationTask]:
        due = list(self.world.notifications.due)
        self.world.notifications.due.clear()
        return due

    def reconcile(self) -> tuple[list[CreatedObject], list[NotificationTask]]:
        ended = {row.object for row in self.rows()}
        lost = [CreatedObject(object=picture) for picture in self.world.pictures.pictures if picture not in ended]
        late = [row for row in self.rows() if row.notification is NotificationStatus.PENDING]
        return lost, [NotificationTask(object_id=row.object_id, model=row.model) for row in late]


class CloudWorld(MachineWorld):
    """The real adapters of store, ledger and queue on moto, and the real reconciliation; mails and topics are lists."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self.cloud = self._stack.enter_context(moto_cloud())
        self.world = World(
            _classifier(),
            pictures=S3Store(self.cloud.s3),  # type: ignore[arg-type]
            reports=S3Store(self.cloud.s3, "reports"),  # type: ignore[arg-type]
            ledger=self.cloud.ledger,  # type: ignore[arg-type]
            notifications=SqsNotificationQueue(self.cloud.sqs, self.cloud.notifications),  # type: ignore[arg-type]
        )

    def close(self) -> None:
        self._stack.close()

    def put(self, key: str, data: bytes) -> ObjectVersion:
        return self.cloud.put(key, data)

    def hide(self, version: ObjectVersion) -> None:
        self.cloud.s3.delete_object(Bucket=version.bucket, Key=version.key, VersionId=version.version_id)

    def rows(self) -> list[LedgerRow]:
        return [row_from_item(item) for item in self.cloud.items()]

    def files(self) -> dict[str, object]:
        listed = self.cloud.s3.list_object_versions(Bucket="reports")
        assert not listed.get("DeleteMarkers")
        files: dict[str, object] = {}
        for version in listed.get("Versions", []):
            files[version["Key"]] = (files.get(version["Key"]), version["VersionId"], version["ETag"])
        return files

    def take_notifications(self) -> list[NotificationTask]:
        return [NotificationTask.parse(body) for body in self.cloud.bodies(self.cloud.notifications)]

    def reconcile(self) -> tuple[list[CreatedObject], list[NotificationTask]]:
        Reconciliation(
            uploads=self.cloud.uploads,
            ledger=self.cloud.ledger,
            model=self.model,
            now=self.world.clock.now() + 365 * LEASE * 24 * 60,
            grace=LEASE,
            arrivals=self.cloud.queue(self.cloud.arrivals),
            notifications=self.cloud.queue(self.cloud.notifications),
        ).run()
        bodies = self.cloud.bodies(self.cloud.arrivals)
        return [created for body in bodies for created in parse_message(body)], self.take_notifications()
