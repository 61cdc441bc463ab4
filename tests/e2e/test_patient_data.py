"""The grep for patient data: a whole run in which whatever a sender can write says "canary", and where the word turns up."""

import base64
import json
import re
import struct
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from hemascope.domain.ledger import NotificationStatus
from hemascope.domain.mail_event import mail_tags
from hemascope.domain.notification import Channel
from hemascope.domain.specimen import ObjectVersion
from hemascope.imaging.synthetic import draw_synthetic_smear
from hemascope_cli.main import main
from hemascope_cli.operations.buckets import VersionedBucket
from tests.e2e.conftest import Service
from tests.e2e.portal_client import PortalClient
from tests.support.emf import emitted
from tests.support.fakes import s3_message, s3_record
from tests.support.patience import wait_until

pytestmark = pytest.mark.local_cloud
CASE, FILE = "canary-case", "canary Jane Doe 1950-01-31"
SPECIMEN = {"patient": "canary-patient", "slide": CASE, "field": FILE}
FINDINGS = ("benign", "pre-b", "pro-b", "leukemia", "hematogone", "probabilit", "confident", "%")


def canaries(text: str) -> list[str]:
    """Each place with the word, as it is or in base64, and what stands around it."""
    # In base64 the word has three looks, by where it begins; the characters at its ends are also its neighbours'.
    ends = [(0, 9), (2, 10), (3, 12)]
    coded = [base64.b64encode(b"x" * shift + b"canary-").decode()[start:end] for shift, (start, end) in enumerate(ends)]
    return [match.group() for match in re.finditer(rf".{{0,40}}(?i:canary|{'|'.join(map(re.escape, coded))}).{{0,20}}", text)]


def telling_pictures() -> dict[str, bytes]:
    """Pictures with words in every place that their formats have for them, and files that are none."""
    smear = draw_synthetic_smear(1)[..., ::-1]
    jpeg, png = (bytes(cv2.imencode(suffix, smear)[1]) for suffix in (".jpg", ".png"))
    exif = (
        b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x0e\x01\x02\x00\x0c\x00\x00\x00\x1a\x00\x00\x00"
        + bytes(4)
        + b"canary-exif\x00"
    )
    segments = ((b"\xff\xe1", exif), (b"\xff\xfe", b"canary-comment"))
    marked = b"".join(marker + struct.pack(">H", len(content) + 2) + content for marker, content in segments)
    chunks = (
        (b"iCCP", b"canary-profile\x00\x00" + zlib.compress(np.random.default_rng(6).bytes(400))),
        (b"tEXt", b"Comment\x00canary-text"),
        (b"zTXt", b"canary-key\x00\x01broken"),
        (b"iTXt", b"canary-key\x00\x00\x00\x00\x00canary-text"),
    )
    packed = b"".join(
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in chunks
    )
    return {
        "comment.jpg": jpeg[:2] + marked + jpeg[2:],
        "damaged.jpg": jpeg[:2] + marked + jpeg[2:9000] + b"canary-scan" * 50 + jpeg[9600:],
        "text.png": png[:33] + packed + png[33:],
        "cut.png": png[:33] + packed + png[33:9000],
        "words.txt": b"canary-content: Jane Doe, born 1950-01-31",
        "empty.jpg": b"",
    }


class Run:
    """Everything that happened, as text by where it stands."""

    def __init__(self, service: Service) -> None:
        self.service, self.cloud, self.outputs = service, service.cloud, service.cloud.outputs
        self.portal = PortalClient(service.cloud)
        self.sent: list[str] = []
        self.topic = self._listen()

    def upload(self) -> None:
        versions = [self.service.send(data, f"{FILE} {name}", CASE) for name, data in telling_pictures().items()]
        for version in versions:
            self.service.wait_for_end(version)
        twice = s3_message(s3_record(versions[0].key, versions[0].bucket, versions[0].version_id))
        self.service.send_message(twice)
        self._bounce(versions[0])

    def go_wrong(self) -> None:
        """A file without its picture, keys of another form, messages of nobody's."""
        bucket = self.outputs["UploadsBucket"]
        gone = s3_message(s3_record(f"smears/st-mary/canary-patient/{CASE}/gone.jpg", bucket))
        odd = s3_message(s3_record("canary/Jane Doe.jpg", bucket))
        self.sent = [gone, '{"Records": "canary-poison"}']
        for body in (*self.sent, odd):
            self.service.send_message(body)
        self.service.send_message('{"object_id": "canary", "model": "canary-model"}', "NotificationsQueue")
        wait_until(lambda: self.service.waiting("ArrivalsDeadLetterQueue") >= 2, "dead letters")
        wait_until(lambda: self.service.waiting("NotificationsDeadLetterQueue") >= 1, "a dead notification")
        self.service.wait_until_quiet()

    def ask(self, object_id: str) -> None:
        """People at the portal, some with wrong words."""
        self.portal.invite("technician", "technician", "st-mary")
        token = self.portal.sign_in("technician")["id_token"]
        assert self.portal.ask("POST /uploads", token, SPECIMEN)[0] == 422
        status, upload = self.portal.ask("POST /uploads", token, SPECIMEN | {"names_confirmed": True})
        assert status == 201
        sent = self.portal.send(upload, telling_pictures()["comment.jpg"])
        assert sent.status == 204
        version_id = sent.headers["x-amz-version-id"]
        self.service.wait_for_end(ObjectVersion(bucket=upload["bucket"], key=upload["key"], version_id=version_id))
        asked = (
            "GET /reports",
            f"GET /reports/{object_id}",
            f"GET /slides?slide={CASE}&patient=canary-patient",
            "GET /reports?cursor=canary",
            "GET /canary",
        )
        assert [self.portal.ask(route, token)[0] for route in asked] == [200, 200, 200, 400, 404]
        assert self.portal.ask("GET /reports/canary-id", token)[0] == 404
        assert self.portal.ask("POST /uploads", token, {"patient": "canary/patient", "slide": "canary"})[0] == 400
        self.service.wait_until_quiet()

    def logs(self, root: Path) -> dict[str, str]:
        return {folder.name: self.cloud.log(folder.name) for folder in (root / "lambdas").iterdir() if folder.is_dir()}

    def bodies(self, url: str) -> list[str]:
        sqs, found = self.cloud.client("sqs"), []
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                found.append(message["Body"])
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def _listen(self) -> str:
        sns, sqs = self.cloud.client("sns"), self.cloud.client("sqs")
        url = sqs.create_queue(QueueName="ears")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        for topic in sns.list_topics()["Topics"]:
            if not topic["TopicArn"].endswith("mail-events"):
                sns.subscribe(TopicArn=topic["TopicArn"], Protocol="sqs", Endpoint=arn)
        return str(url)

    def _bounce(self, version: ObjectVersion) -> None:
        sns = self.cloud.client("sns")
        (topic,) = [topic["TopicArn"] for topic in sns.list_topics()["Topics"] if topic["TopicArn"].endswith("mail-events")]
        tags = {name: [text] for name, text in mail_tags(version.object_id, self.service.model, Channel.CLINICIAN).items()}
        mail = {"tags": tags, "destination": ["canary@hospital.example"], "commonHeaders": {"subject": "canary"}}
        sns.publish(TopicArn=topic, Message=json.dumps({"eventType": "Bounce", "mail": mail, "bounce": {"text": "canary"}}))
        sns.publish(TopicArn=topic, Message=json.dumps({"eventType": "canary"}))

        def known() -> bool:
            row = self.service.row(version)
            return row is not None and row.notification is NotificationStatus.BOUNCED

        wait_until(known, "a bounce in the ledger")


@pytest.fixture(scope="module")
def run(service: Service) -> Run:
    run = Run(service)
    run.upload()
    run.go_wrong()
    listed = service.cloud.client("s3").list_object_versions(Bucket=run.outputs["ReportsBucket"], Prefix="reports/")
    run.ask(listed["Versions"][0]["Key"].split("/")[1])
    return run


def test_the_word_was_all_over_the_place(run: Run) -> None:
    uploads = VersionedBucket(run.cloud.client("s3"), run.outputs["UploadsBucket"]).all_below("smears/")

    assert len(uploads) == len(telling_pictures()) + 1
    assert all(len(canaries(upload.object.key)) >= 1 for upload in uploads)
    assert all(canaries(base64.b64encode(before + b"canary-patient").decode()) for before in (b"", b"1", b"12", b"123"))


def test_no_log_of_any_function_says_it(run: Run, root: Path) -> None:
    logs = run.logs(root)

    assert all(logs[name] for name in ("screen_smear", "send_notifications", "mail_events", "portal_api"))
    assert {name: canaries(log) for name, log in logs.items() if canaries(log)} == {}
    assert not [word for log in logs.values() for word in ("Jane", "1950-01-31", "p-7") if word in log]
    lines = [line for line in logs["screen_smear"].splitlines() if "smear done" in line]
    assert not [word for line in lines for word in FINDINGS if word in line.lower() and word != "confident"]


def test_no_metric_says_it(run: Run, root: Path) -> None:
    metrics = [metric for log in run.logs(root).values() for metric in emitted(log)]
    known = run.cloud.client("cloudwatch").list_metrics()["Metrics"]

    assert len(metrics) > 20
    assert canaries(json.dumps(known, default=str) + repr(metrics)) == []
    assert {name for metric in metrics for name, _ in metric.dimensions} <= {"function", "version"}


def test_no_mail_says_it_nor_what_was_found(run: Run) -> None:
    mails = run.cloud.mails()

    text = json.dumps(list(mails), default=str, ensure_ascii=False)
    assert len(mails) > len(telling_pictures())
    assert canaries(text) == []
    said = " ".join(
        mail["Subject"] + mail["BodyText"] + re.sub(r"<style.*?</style>|<[^>]*>", " ", mail["BodyHtml"]) for mail in mails
    )
    assert not [word for word in FINDINGS if word in said.lower()]


def test_no_message_on_a_topic_says_it_nor_what_was_found(run: Run) -> None:
    bodies = run.bodies(run.topic)

    messages = [json.loads(body) for body in bodies]
    assert len(bodies) > len(telling_pictures())
    assert canaries(" ".join(bodies)) == []
    assert not [word for message in messages for word in FINDINGS if word in message["Message"].lower()]


def test_no_key_of_a_report_says_it_and_no_file_repeats_what_was_inside_a_picture(run: Run) -> None:
    reports = VersionedBucket(run.cloud.client("s3"), run.outputs["ReportsBucket"]).all_below("")

    assert len(reports) > 20
    assert canaries(" ".join(report.object.key for report in reports)) == []
    inside = re.compile(rb"canary-(exif|comment|profile|text|key|scan|content)|1950-01-31\.?$")
    for report in reports:
        assert not inside.search(run.service.read(report.object.key)), report.object.key
        if report.object.key.startswith("summaries/"):
            assert not re.search(rb"canary-patient|Jane", run.service.read(report.object.key))


def test_dead_letters_hold_what_came_in_and_no_more(run: Run) -> None:
    assert sorted(run.bodies(run.outputs["ArrivalsDeadLetterQueue"])) == sorted(run.sent)


def test_what_an_operator_sees_does_not_say_it(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["reconcile", "--grace", "0"], ["replay", "--dry-run"], ["replay", "notifications", "--dry-run"]):
        main([*words, "--endpoint", run.cloud.endpoint])

    shown: Any = capsys.readouterr()
    assert "object versions below" in shown.out
    assert canaries(shown.out + shown.err) == []
