"""Stand-ins for the ports: lists and dicts that keep the ports' promises, and a fuse that kills a worker in the middle."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote_plus

import numpy as np
from numpy.typing import NDArray

from hemascope.domain.errors import MissingObject
from hemascope.domain.file_size import check_size
from hemascope.domain.ledger import ClaimStatus, LedgerRow, NotificationStatus
from hemascope.domain.report import State
from hemascope.domain.specimen import ObjectVersion
from hemascope.imaging.model_input import NetworkInputs
from hemascope.model.artifact import Artifact
from hemascope.model.classifier import BRANCHES, Answer, Classifier
from hemascope.notifications.messages import NotificationComposer
from hemascope.notifications.service import NotificationService
from hemascope.screening.service import ScreeningService
from tests.support.fake_channels import FakeHospitals, FakeMailer, FakeNotifications, FakePatients, FakePublisher

START = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
LEASE = timedelta(seconds=60)
MAXIMUM_RECEIVES = 3


class Killed(BaseException):
    """A worker that is killed: no ``except Exception`` sees it, nothing is cleaned up."""


@dataclass
class Wire:
    """Counts the writes of one worker; calls ``before`` or ``after`` at the n-th (1, 2, ...)."""

    before: dict[int, Callable[[], object]] = field(default_factory=dict)
    after: dict[int, Callable[[], object]] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)

    def around(self, name: str, write: Callable[[], bool | None]) -> bool | None:
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


class FakeLedger:
    """A Ledger: ``reported`` and ``rejected`` stand for ever, ``failed`` gives way."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], LedgerRow] = {}
        self.marks: dict[tuple[str, str], dict[str, datetime | str]] = {}
        self.forgotten: set[str] = set()
        self._lock = threading.Lock()

    def find(self, object_id: str, model: str) -> LedgerRow | None:
        return self.rows.get((object_id, model))

    def finish(self, row: LedgerRow) -> LedgerRow:
        with self._lock:
            standing = self.rows.get((row.object_id, row.model))
            if standing is not None and (standing.state is not State.FAILED or row.state is State.FAILED):
                return standing
            self.rows[row.object_id, row.model] = row
            self.marks.pop((row.object_id, row.model), None)
            return row

    def is_forgotten(self, object_id: str) -> bool:
        return object_id in self.forgotten

    def was_urgent(self, object_id: str) -> bool:
        return any(row.urgent for (one, _), row in self.rows.items() if one == object_id)

    def claim_channel(self, object_id: str, model: str, channel: str, now: datetime, until: datetime) -> ClaimStatus:
        with self._lock:
            mark = self.marks.get((object_id, model), {}).get(channel)
            if (object_id, model) not in self.rows or mark == "completed":
                return ClaimStatus.COMPLETED
            if isinstance(mark, datetime) and mark >= now:
                return ClaimStatus.HELD
            self.marks.setdefault((object_id, model), {})[channel] = until
            return ClaimStatus.CLAIMED

    def complete_channel(self, object_id: str, model: str, channel: str, sent: bool) -> None:
        marks = self.marks.setdefault((object_id, model), {})
        if sent and channel in marks:
            marks[channel] = "completed"
        elif not sent:
            marks.pop(channel, None)

    def set_notification(
        self, object_id: str, model: str, notification: NotificationStatus, state: State | None = None
    ) -> bool:
        row = self.rows.get((object_id, model))
        if row is None or row.notification is NotificationStatus.BOUNCED or state not in {None, row.state}:
            return False
        self.rows[object_id, model] = row.model_copy(update={"notification": notification})
        return True


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
    """A network that always gives the same answer and remembers what it was asked."""

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


class _Wired:
    """A fake whose writes go over the wire of one worker."""

    def __init__(self, fake: object, wire: Wire, writes: tuple[str, ...]) -> None:
        self._fake, self._wire, self._writes = fake, wire, writes

    def __getattr__(self, name: str) -> object:
        method = getattr(self._fake, name)
        if name not in self._writes:
            return method
        return lambda *arguments, **named: self._wire.around(name, lambda: method(*arguments, **named))


@dataclass
class World:
    """Everything outside the station; workers come and go, this stays."""

    classifier: Classifier | FixedClassifier
    pictures: FakeStore = field(default_factory=FakeStore)
    reports: FakeStore = field(default_factory=FakeStore)
    ledger: FakeLedger = field(default_factory=FakeLedger)
    notifications: FakeNotifications = field(default_factory=FakeNotifications)
    publisher: FakePublisher = field(default_factory=FakePublisher)
    mailer: FakeMailer = field(default_factory=FakeMailer)
    hospitals: FakeHospitals = field(default_factory=FakeHospitals)
    patients: FakePatients = field(default_factory=FakePatients)
    clock: FakeClock = field(default_factory=FakeClock)

    def station(self, wire: Wire | None = None) -> ScreeningService:
        """A screening worker."""
        wire = wire or Wire()
        return ScreeningService(
            classifier=self.classifier,
            pictures=self.pictures,
            reports=_Wired(self.reports, wire, ("write_once",)),
            ledger=_Wired(self.ledger, wire, ("finish",)),
            notifications=_Wired(self.notifications, wire, ("put",)),
            clock=self.clock,
            maximum_receives=MAXIMUM_RECEIVES,
        )

    def notification(self, wire: Wire | None = None) -> NotificationService:
        """A delivering worker."""
        wire = wire or Wire()
        return NotificationService(
            ledger=_Wired(self.ledger, wire, ("claim_channel", "complete_channel", "set_notification")),
            hospitals=self.hospitals,
            publisher=_Wired(self.publisher, wire, ("publish",)),
            patients=_Wired(self.patients, wire, ("publish",)),
            mailer=_Wired(self.mailer, wire, ("send",)),
            composer=NotificationComposer(self.reports, "reports"),
            notifications=_Wired(self.notifications, wire, ("put",)),
            clock=self.clock,
            portal_url="https://portal.example",
            grace=LEASE,
        )

    @property
    def row(self) -> LedgerRow:
        """The only row of the ledger."""
        (row,) = self.ledger.rows.values()
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
    """What Lambda says of itself to the function."""
    return SimpleNamespace(
        function_name=function, function_version="7", aws_request_id="1", invoked_function_arn="arn", memory_limit_in_mb=0
    )


def sqs_event(*bodies: str, receives: int = 1) -> dict:
    """What Lambda hands to the function: message-1, message-2, ..."""
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
