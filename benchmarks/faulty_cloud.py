"""One round of ``benchmarks.faults``: a fresh local cloud, uploads during failures, and counts of the outcomes."""

import json
import random
import re
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from hemascope.aws.clock import SystemClock
from hemascope.aws.s3 import upload
from hemascope.domain.events import CreatedObject, announce
from hemascope.domain.report import State
from hemascope.domain.specimen import Specimen
from hemascope.imaging.synthetic import draw_synthetic_smear, encode_jpeg
from hemascope_cli.local.accounts import DEMO_HOSPITAL
from hemascope_cli.local.cloud import LocalCloud, wait_until
from hemascope_cli.local.microscopes import DEMO_MICROSCOPE, register_demo_microscope
from hemascope_cli.local.templates import STAGE
from hemascope_cli.operations.deployment import Deployment
from hemascope_cli.operations.reconcile import Finding, Reconciliation
from infra.settings import ROOT, Settings

_VISIBILITY, _GRACE = 8, 15  # seconds; the templates have minutes, which would take too long here
_WORKERS = {"screen_smear": 6, "send_notifications": 4}
_OBJECT_ID = re.compile(r"[0-9a-f]{32}")
_MOST_REPLAYS = 5


@dataclass(frozen=True)
class Faults:
    """Faults of a round; shares of 1."""

    uploads: int
    seed: int
    duplicates: float = 0.20
    kills: float = 0.10
    bad: float = 0.03
    errors: float = 0.05
    kill_notifier: bool = False


@dataclass
class Count:
    """Outcomes."""

    uploads: int = 0
    duplicates: int = 0
    bad: int = 0
    kills: int = 0
    kills_between_write_and_mail: int = 0
    kills_between_mail_and_record: int = 0
    kills_between_topic_and_record: int = 0
    errors: int = 0
    reported: int = 0
    rejected: int = 0
    failed: int = 0
    wrong_end: int = 0
    lost: int = 0
    double_reports: int = 0
    unnotified: int = 0
    double_mails: int = 0
    double_topic_messages: int = 0
    replayed: int = 0
    seconds: float = 0.0

    def add(self, other: "Count") -> None:
        """Add another count."""
        for name, value in asdict(other).items():
            setattr(self, name, getattr(self, name) + value)


@dataclass
class Round:
    """A local cloud with faulty workers."""

    cloud: LocalCloud
    faults: Faults
    journal: Path
    count: Count = field(default_factory=Count)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.faults.seed)  # noqa: S311 - nothing secret
        self._bad: dict[str, bool] = {}
        self._sqs, self._outputs = self.cloud.client("sqs"), self.cloud.outputs
        self._deployment = Deployment(STAGE, self.cloud.endpoint, self._outputs)

    def run(self) -> Count:
        """Upload, wait, replay dead letters, count."""
        begin = time.perf_counter()
        self._topic_queue = self._subscribe_to_topic()
        for url in self._sqs.list_queues()["QueueUrls"]:
            self._sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": str(_VISIBILITY)})
        self._sqs.purge_queue(QueueUrl=self._outputs["ArrivalsQueue"])  # S3's test event
        self._allow_all_workers()
        self._process_all()
        self._count_all()
        self.count.seconds = time.perf_counter() - begin
        return self.count

    def _process_all(self) -> None:
        self._upload_all()
        self._wait()
        for _ in range(_MOST_REPLAYS):
            moved = sum(
                self._replay(dead, queue)
                for dead, queue in (
                    ("ArrivalsDeadLetterQueue", "ArrivalsQueue"),
                    ("NotificationsDeadLetterQueue", "NotificationsQueue"),
                )
            )
            if not moved:
                break
            self.count.replayed += moved
            self._wait()

    def _upload_all(self) -> None:
        smears = [encode_jpeg(draw_synthetic_smear(seed, side=224)) for seed in range(8)]
        bad = [b"", b"patient seen on monday", smears[0][:3000]]
        s3, bucket = self.cloud.client("s3"), self._outputs["UploadsBucket"]
        plan = [
            (number, self._chance.random() < self.faults.bad, self._chance.random() < self.faults.duplicates)
            for number in range(self.faults.uploads)
        ]
        late: list[str] = []

        def send(number: int, is_bad: bool, twice: bool) -> None:
            data = (bad if is_bad else smears)[number % (3 if is_bad else 8)]
            specimen = Specimen(
                hospital=DEMO_HOSPITAL,
                patient=f"p-{number % 50}",
                slide=f"c-{number % 200}",
                microscope=DEMO_MICROSCOPE,
                field=f"{number}.jpg",
            )
            version = upload(s3, bucket, specimen, data)
            self._bad[version.object_id] = is_bad
            if twice:
                body = announce(CreatedObject(object=version, size=len(data)))
                late.append(body) if number % 2 else self._deliver(body)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(send, *zip(*plan, strict=True)))
        for body in late:
            self._deliver(body)
        self.count.uploads, self.count.bad = len(plan), sum(bad for _, bad, _ in plan)
        self.count.duplicates = sum(twice for *_, twice in plan)

    def _deliver(self, body: str) -> None:
        self._sqs.send_message(QueueUrl=self._outputs["ArrivalsQueue"], MessageBody=body)

    def _subscribe_to_topic(self) -> str:
        """A queue that receives the notifications for hospitals."""
        (topic,) = [
            topic["TopicArn"]
            for topic in self.cloud.client("sns").list_topics()["Topics"]
            if topic["TopicArn"].endswith("notifications")
        ]
        url = self._sqs.create_queue(QueueName="subscriber")["QueueUrl"]
        arn = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        self.cloud.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        return str(url)

    def _allow_all_workers(self) -> None:
        functions = self.cloud.client("lambda")
        for event_source in functions.list_event_source_mappings()["EventSourceMappings"]:
            for folder, workers in _WORKERS.items():
                if folder.replace("_", "-") in event_source["FunctionArn"]:
                    functions.update_event_source_mapping(
                        UUID=event_source["UUID"], ScalingConfig={"MaximumConcurrency": workers}
                    )

    def _waiting(self) -> int:
        """Messages in the queues: visible, in flight, or delayed until a channel may be claimed again."""
        names = [f"ApproximateNumberOfMessages{kind}" for kind in ("", "NotVisible", "Delayed")]
        urls = [self._outputs[name] for name in ("ArrivalsQueue", "NotificationsQueue")]
        found = [self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"] for url in urls]
        return sum(int(counts[name]) for counts in found for name in names)

    def _wait(self) -> None:
        wait_until(lambda: self._waiting() == 0, 60 + 3.0 * self.faults.uploads, "empty queues")

    def _replay(self, dead: str, queue: str) -> int:
        return self._deployment.queue("", self._outputs[dead]).move(self._deployment.queue("", self._outputs[queue]), None)

    def _count_all(self) -> None:
        model = Settings().model
        rows = {
            row.object_id: row
            for page in self._deployment.ledger().pages_finished_before(model, SystemClock().now() + timedelta(days=1))
            for row in page
        }
        tally = Reconciliation(
            uploads=self._deployment.bucket("UploadsBucket"),
            ledger=self._deployment.ledger(),
            model=model,
            now=SystemClock().now() + timedelta(days=1),
            grace=timedelta(0),
        ).run()
        count = self.count
        count.reported, count.rejected, count.failed = (tally[state] for state in State)
        count.lost, count.unnotified = tally[Finding.NO_STATE], tally[Finding.NOT_NOTIFIED]
        expected = {object_id: State.REJECTED if bad else State.REPORTED for object_id, bad in self._bad.items()}
        count.wrong_end = sum(row.state is not expected[object_id] for object_id, row in rows.items())
        files = self._deployment.bucket("ReportsBucket").all_below("")
        reports = Counter(file.object.key.split("/")[1] for file in files if file.object.key.endswith("/report.json"))
        versions = Counter(file.object.key for file in files)
        count.double_reports = sum(number - 1 for number in reports.values()) + sum(
            version - 1 for version in versions.values()
        )
        mails = Counter((*_about(mail["BodyText"]), str(mail["To"]), mail["Subject"]) for mail in self.cloud.mails())
        published = Counter(_about(json.loads(body)["Message"]) for body in self._drain(self._topic_queue))
        count.double_mails = sum(number - 1 for number in mails.values())
        count.double_topic_messages = sum(number - 1 for number in published.values())
        count.unnotified += sum(
            (object_id,) not in published or not any(mail[0] == object_id for mail in mails) for object_id in rows
        )
        for line in self.journal.read_text(encoding="utf-8").splitlines():
            self._count_line(line)

    def _count_line(self, line: str) -> None:
        function, kind, where = line.split(" ", 2)
        self.count.errors += kind == "error"
        self.count.kills += kind == "kill"
        if kind == "kill" and function == "send_notifications":
            self.count.kills_between_write_and_mail += where.startswith(("before sns", "before ses", "after sns"))
            self.count.kills_between_mail_and_record += " behind ses" in where
            self.count.kills_between_topic_and_record += " behind s" in where

    def _drain(self, url: str) -> list[str]:
        bodies: list[str] = []
        while messages := self._sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            bodies += [message["Body"] for message in messages]
            receipts = [message["ReceiptHandle"] for message in messages]
            entries = [{"Id": str(number), "ReceiptHandle": receipt} for number, receipt in enumerate(receipts)]
            self._sqs.delete_message_batch(QueueUrl=url, Entries=entries)
        return bodies


def _about(text: str) -> tuple[Any, ...]:
    return tuple(_OBJECT_ID.findall(text)[:1])


def run_round(faults: Faults) -> Count:
    """Start a cloud, run, stop it."""
    with tempfile.TemporaryDirectory() as name:
        journal = Path(name) / "journal"
        journal.touch()
        variables: dict[str, Any] = {
            "PYTHONPATH": f"{ROOT}:{ROOT / 'layers/hemascope/python'}",
            "HEMASCOPE_GRACE_SECONDS": _GRACE,
            "FAULTS_SEED": faults.seed,
            "FAULTS_ERRORS": faults.errors,
            "FAULTS_KILLS": faults.kills,
            "FAULTS_KILL_BEFORE": "sns,ses" if faults.kill_notifier else "",
            "FAULTS_WORKERS": max(_WORKERS.values()),
            "FAULTS_JOURNAL": journal,
        }
        cloud = LocalCloud(
            ROOT,
            ROOT / "model_artifacts" / Settings().model,
            environment={key: str(value) for key, value in variables.items()},
            worker="benchmarks.faulty_worker",
            workers=max(_WORKERS.values()),
        )
        with cloud:
            register_demo_microscope(cloud)
            return Round(cloud, faults, journal).run()
