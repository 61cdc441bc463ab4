"""Fakes of the ports, made of lists and dicts, and a wire that can kill a worker at any of its writes."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import quote_plus

import numpy as np
from numpy.typing import NDArray

from hemascope.domain.drift import Baseline
from hemascope.domain.errors import MissingObject
from hemascope.domain.events import CreatedObject
from hemascope.domain.ledger import LedgerRow
from hemascope.domain.picture_file import check_size
from hemascope.domain.specimen import ObjectVersion
from hemascope.imaging.model_input import NetworkInputs
from hemascope.model.artifact import Artifact
from hemascope.model.classifier import BRANCHES, Answer, Classifier
from hemascope.notifications.messages import NotificationComposer
from hemascope.notifications.service import NotificationService
from hemascope.screening.drift import DriftWatch
from hemascope.screening.microscopes import MicroscopeLookup
from hemascope.screening.service import ScreeningService
from tests.support.fake_channels import FakeHospitals, FakeMailer, FakeNotifications, FakePatients, FakePublisher
from tests.support.fake_ledger import FakeLedger
from tests.support.fake_microscopes import REFERENCE, FakeMicroscopes
from tests.support.wired import Wired

START = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
LEASE = timedelta(seconds=60)
MAXIMUM_RECEIVES = 3
_CHANNEL_WRITES = ("claim_channel", "complete_channel", "release_channel", "set_notification")


class Killed(BaseException):
    """The death of a worker: no ``except Exception`` sees it, and nothing is cleaned up."""


@dataclass
class Wire:
    """Counts the writes of one worker; calls ``before`` or ``after`` at the n-th (1, 2, ...)."""

    before: dict[int, Callable[[], object]] = field(default_factory=dict)
    after: dict[int, Callable[[], object]] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)

    def around(self, name: str, write: Callable[[], Any]) -> Any:
        self.writes.append(name)
        number = len(self.writes)
        self.before.get(number, lambda: None)()
        answer = write()
        self.after.get(number, lambda: None)()
        return answer


def kill() -> None:
    raise Killed


class FakeStore:
    """An ObjectStore: pictures by version, reports by key."""

    def __init__(self) -> None:
        self.pictures: dict[ObjectVersion, bytes] = {}
        self.files: dict[str, tuple[bytes, str]] = {}
        self.reads: list[ObjectVersion] = []

    def read(self, version: ObjectVersion, limit: int) -> bytes:
        self.reads.append(version)
        if version not in self.pictures and version.bucket == "reports" and version.key in self.files:
            return self.files[version.key][0]
        if version not in self.pictures:
            raise MissingObject(f"expected the object version {version.object_id}, it is gone")
        content = self.pictures[version]
        check_size(min(len(content), limit + 1))
        return content

    def write_once(self, key: str, content: bytes, content_type: str) -> bool:
        return self.files.setdefault(key, (content, content_type))[0] is content

    def json(self, ending: str) -> dict:
        (content,) = [content for key, (content, _) in self.files.items() if key.endswith(ending)]
        return json.loads(content)


class FakeClock:
    """A Clock that stands still until it is moved; its timer counts quarter seconds."""

    def __init__(self) -> None:
        self.time = START
        self._ticks = 0

    def now(self) -> datetime:
        return self.time

    def seconds(self) -> float:
        self._ticks += 1
        return self._ticks * 0.25


class FixedClassifier:
    """A network that always gives the same answer and records its inputs."""

    def __init__(self, artifact: Artifact, *probabilities: float, **evidence: Any) -> None:
        self.artifact = artifact
        self.asked: list[NetworkInputs] = []
        silent: dict[str, Any] = {
            "features": np.zeros(artifact.features.width, np.float32),
            "maps": {branch: np.zeros((8, 8), np.float32) for branch in BRANCHES},
            "feature_score": 0.0,
            "typical": np.zeros(len(probabilities), np.bool_),
        }
        self._answer = Answer(np.array(probabilities, np.float64), **silent | evidence)

    def answer(self, inputs: NetworkInputs) -> Answer:
        self.asked.append(inputs)
        return self._answer

    def probabilities(self, inputs: NetworkInputs) -> NDArray[np.float64]:
        return self.answer(inputs).probabilities


@dataclass
class World:
    """Everything outside the services. Workers come and go, and this stays."""

    classifier: Classifier | FixedClassifier
    pictures: FakeStore = field(default_factory=FakeStore)
    reports: FakeStore = field(default_factory=FakeStore)
    ledger: FakeLedger = field(default_factory=FakeLedger)
    microscopes: FakeMicroscopes = field(default_factory=lambda: FakeMicroscopes(REFERENCE))
    notifications: FakeNotifications = field(default_factory=FakeNotifications)
    publisher: FakePublisher = field(default_factory=FakePublisher)
    mailer: FakeMailer = field(default_factory=FakeMailer)
    hospitals: FakeHospitals = field(default_factory=FakeHospitals)
    patients: FakePatients = field(default_factory=FakePatients)
    clock: FakeClock = field(default_factory=FakeClock)
    baseline: Baseline | None = None  # of the reference microscope: without one its drift is not watched

    def arrive(
        self, data: bytes, key: str = "smears/st-mary/p-7/c-1/scope 1/field-1.jpg", version: str = "v1"
    ) -> CreatedObject:
        """Upload a picture; return what its event says."""
        created = CreatedObject(object=ObjectVersion(bucket="uploads", key=key, version_id=version), size=len(data))
        self.pictures.pictures[created.object] = data
        return created

    def screening_service(self, wire: Wire | None = None) -> ScreeningService:
        """A worker of the screening function."""
        wire = wire or Wire()
        return ScreeningService(
            classifier=cast("Classifier", self.classifier),
            pictures=self.pictures,
            reports=Wired(self.reports, wire.around, ("write_once",)),
            ledger=Wired(self.ledger, wire.around, ("finish",)),
            reports_bucket="reports",
            microscopes=MicroscopeLookup(self.microscopes, self.reports, "reports", self.classifier.artifact.reference.sha256),
            drift=self.drift_watch(wire),
            notifications=Wired(self.notifications, wire.around, ("put",)),
            clock=self.clock,
            maximum_receives=MAXIMUM_RECEIVES,
        )

    def drift_watch(self, wire: Wire | None = None) -> DriftWatch:
        """A worker's watch over drift."""
        wire = wire or Wire()
        return DriftWatch(
            ledger=self.ledger,
            registry=Wired(self.microscopes, wire.around, ("store",)),
            notifications=Wired(self.notifications, wire.around, ("put",)),
            clock=self.clock,
            model=self.classifier.artifact.reference.name,
            reference=self.baseline,
        )

    def notification_service(self, wire: Wire | None = None) -> NotificationService:
        """A worker of the notification function."""
        wire = wire or Wire()
        return NotificationService(
            ledger=Wired(self.ledger, wire.around, _CHANNEL_WRITES),
            hospitals=self.hospitals,
            publisher=Wired(self.publisher, wire.around, ("publish",)),
            patients=Wired(self.patients, wire.around, ("publish",)),
            mailer=Wired(self.mailer, wire.around, ("send",)),
            composer=NotificationComposer(self.reports, "reports"),
            notifications=Wired(self.notifications, wire.around, ("put",)),
            clock=self.clock,
            portal_url="https://portal.example",
            grace=LEASE,
        )

    @property
    def row(self) -> LedgerRow:
        """The only row of the ledger."""
        (row,) = self.ledger.rows
        return row


def s3_record(key: str, bucket: str = "uploads", version: str | None = "v1", size: int | None = None) -> dict:
    """One record of an S3 notification, its key encoded as S3 encodes it."""
    found: dict = {"key": quote_plus(key, safe="/")}
    found |= {"size": size} if size is not None else {}
    found |= {"versionId": version} if version is not None else {}
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "eu-central-1",
        "eventTime": "2026-03-01T08:29:58.123Z",
        "eventName": "ObjectCreated:Put",
        "s3": {"s3SchemaVersion": "1.0", "bucket": {"name": bucket, "arn": f"arn:aws:s3:::{bucket}"}, "object": found},
    }


def s3_message(*records: dict) -> str:
    """Body of the SQS message that carries them."""
    return json.dumps({"Records": list(records)})


def lambda_context(function: str = "hemascope-dev-screen-smear") -> SimpleNamespace:
    """The context that Lambda passes to a function."""
    return SimpleNamespace(
        function_name=function, function_version="7", aws_request_id="1", invoked_function_arn="arn", memory_limit_in_mb=0
    )


def sqs_event(*bodies: str, receives: int = 1) -> dict:
    """The event that Lambda passes to a function: message-1, message-2, ..."""
    return {
        "Records": [
            {
                "messageId": f"message-{number}",
                "receiptHandle": f"handle-{number}",
                "body": body,
                "attributes": {
                    "ApproximateReceiveCount": str(receives),
                    "SentTimestamp": "1772353798000",
                    "SenderId": "AIDAEXAMPLE",
                    "ApproximateFirstReceiveTimestamp": "1772353798100",
                },
                "messageAttributes": {},
                "md5OfBody": "0" * 32,
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:smears",
                "awsRegion": "eu-central-1",
            }
            for number, body in enumerate(bodies, start=1)
        ]
    }
