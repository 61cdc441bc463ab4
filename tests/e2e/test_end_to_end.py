"""Bucket -> queue -> real handler -> reports, ledger, topic, mail, on the embedded cloud."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from hemascope.domain.ledger import NotificationStatus
from hemascope.domain.mail_event import mail_tags
from hemascope.domain.report import PatientSummary, Report, State
from hemascope.domain.specimen import ObjectVersion, heat_map_key, report_keys
from hemascope.imaging.synthetic import draw_synthetic_smear, encode_jpeg
from tests.e2e.conftest import Service
from tests.support.fakes import s3_message, s3_record
from tests.support.patience import wait_until

pytestmark = pytest.mark.local_cloud


def event_about(version: ObjectVersion) -> str:
    """The message that S3 sends, as a second delivery of the same event."""
    return s3_message(s3_record(version.key, version.bucket, version.version_id, size=1000))


def test_a_smear_ends_in_reports_pictures_a_row_and_one_mail(service: Service, smear: bytes) -> None:
    version = service.send(smear, "field-1.jpg")

    row = service.wait_for_end(version)

    keys = report_keys(version.object_id, service.model)
    report = Report.model_validate_json(service.read(keys.report))
    summary = PatientSummary.model_validate_json(service.read(keys.summary))
    assert row.state is State.REPORTED
    assert report.object_id == summary.object_id == version.object_id
    assert report.specimen is not None
    assert report.specimen.hospital == "st-mary"
    assert report.evidence is not None
    assert report.evidence.cell_count == 9
    assert set(report.timings_ms) == {"decode", "quality", "segment", "network", "cells", "overlay", "heat_maps"}
    maps = [heat_map_key(version.object_id, service.model, branch) for branch in ("original", "segmented")]
    assert service.keys_about(version) == sorted([keys.report, keys.summary, keys.segmented, keys.overlay, *maps])
    assert service.read(keys.overlay).startswith(b"\x89PNG")
    assert service.mails_about(version) == 1


@pytest.mark.parametrize(
    "file", ["two words.jpg", "a+b.jpg", "50%25.jpg", "50%.jpg", "ЖИВ-Ünïcode-细胞.jpg", "q?x=1&y=2#z.jpg", "'quote\".jpg"]
)
def test_any_file_name_survives_the_way(service: Service, smear: bytes, file: str) -> None:
    version = service.send(smear, file)

    row = service.wait_for_end(version)

    report = Report.model_validate_json(service.read(str(row.report_key)))
    assert report.specimen is not None
    assert report.specimen.field == file


def test_two_versions_of_one_key_have_an_end_each(service: Service, smear: bytes) -> None:
    first = service.send(smear, "again.jpg")
    second = service.send(encode_jpeg(draw_synthetic_smear(2)), "again.jpg")

    rows = [service.wait_for_end(version) for version in (first, second)]

    assert first.object_id != second.object_id
    assert [row.state for row in rows] == [State.REPORTED, State.REPORTED]


@pytest.mark.parametrize(
    ("file", "data", "reason"),
    [
        ("empty.jpg", b"", "empty_file"),
        ("notes.jpg", b"patient seen on monday", "unsupported_format"),
        ("cut.jpg", encode_jpeg(draw_synthetic_smear(3))[:5000], "truncated"),
    ],
)
def test_a_bad_picture_ends_in_a_rejected_report(service: Service, file: str, data: bytes, reason: str) -> None:
    version = service.send(data, file)

    row = service.wait_for_end(version)

    report = json.loads(service.read(str(row.report_key)))
    assert row.state is State.REJECTED
    assert report["rejection"]["reason"] == reason
    assert service.mails_about(version) == 1


def test_each_message_delivered_twice_leaves_one_end_and_one_mail(service: Service, smear: bytes) -> None:
    version = service.send(smear, "twice.jpg")
    row = service.wait_for_end(version)
    keys = service.keys_about(version)
    report = service.read(str(row.report_key))

    for _ in range(2):
        service.send_message(event_about(version))
    service.wait_until_quiet()

    assert service.row(version) == row
    assert service.keys_about(version) == keys
    assert service.read(str(row.report_key)) == report
    assert service.mails_about(version) == 1


def test_deliveries_that_race_leave_one_end_and_one_mail(service: Service, smear: bytes) -> None:
    version = service.send(smear, "race.jpg")
    for _ in range(3):
        service.send_message(event_about(version))

    row = service.wait_for_end(version)
    service.wait_until_quiet()

    assert row.state is State.REPORTED
    assert len(service.keys_about(version)) == 6  # report, summary, segmented picture, overlay, two heat maps
    assert service.mails_about(version) == 1


def test_a_worker_killed_in_the_middle_loses_nothing(service: Service, smear: bytes) -> None:
    versions = [service.send(smear, f"killed-{number}.jpg", slide="case-kill") for number in range(6)]

    service.cloud.kill_worker()
    service.cloud.start_worker()
    rows = [service.wait_for_end(version) for version in versions]
    service.wait_until_quiet()

    assert [row.state for row in rows] == [State.REPORTED] * 6
    assert [len(service.keys_about(version)) for version in versions] == [6] * 6
    assert [service.mails_about(version) for version in versions] == [1] * 6


def test_a_deliverer_killed_in_the_middle_leaves_nobody_untold(service: Service, smear: bytes) -> None:
    service.cloud.kill_worker("send_notifications")
    versions = [service.send(smear, f"untold-{number}.jpg", slide="case-untold") for number in range(4)]
    service.wait_until_screened(versions)

    service.cloud.start_worker("send_notifications")
    rows = [service.wait_for_end(version) for version in versions]

    assert [row.state for row in rows] == [State.REPORTED] * 4
    assert [service.mails_about(version) for version in versions] == [1] * 4


def test_each_notification_asked_for_twice_is_told_once(service: Service, smear: bytes) -> None:
    version = service.send(smear, "asked-twice.jpg")
    row = service.wait_for_end(version)

    for _ in range(2):
        service.send_message(f'{{"object_id": "{row.object_id}", "model": "{row.model}"}}', "NotificationsQueue")
    service.wait_until_quiet()

    assert service.mails_about(version) == 1


def test_a_mail_that_came_back_is_known_in_the_ledger(service: Service, smear: bytes) -> None:
    version = service.send(smear, "bounced.jpg")
    service.wait_for_end(version)
    tags = {name: [text] for name, text in mail_tags(version.object_id, service.model, "clinician").items()}
    topics = service.cloud.client("sns").list_topics()["Topics"]
    (topic,) = [topic["TopicArn"] for topic in topics if topic["TopicArn"].endswith("mail-events")]

    # As SES says it: the emulator delivers every mail.
    service.cloud.client("sns").publish(TopicArn=topic, Message=json.dumps({"eventType": "Bounce", "mail": {"tags": tags}}))

    def known() -> bool:
        row = service.row(version)
        return row is not None and row.notification is NotificationStatus.BOUNCED

    wait_until(known, "a bounce in the ledger")
    assert service.mails_about(version) == 1  # and nobody is mailed again


def test_a_poisoned_message_ends_in_the_dead_letter_queue_and_harms_no_other(service: Service, smear: bytes) -> None:
    before = service.waiting("ArrivalsDeadLetterQueue")
    service.send_message('{"Records": "poison"}')
    version = service.send(smear, "beside-poison.jpg")

    row = service.wait_for_end(version)
    service.wait_until_quiet()

    assert row.state is State.REPORTED
    assert service.waiting("ArrivalsDeadLetterQueue") == before + 1


def test_an_object_that_is_gone_fails_and_a_replay_brings_it_home(service: Service, smear: bytes) -> None:
    bucket = service.cloud.outputs["UploadsBucket"]
    gone = ObjectVersion(bucket=bucket, key="smears/st-mary/p-7/case-9/gone.jpg")
    service.send_message(event_about(gone))
    service.wait_until_quiet()
    failed = service.row(gone)

    s3 = service.cloud.client("s3")
    s3.put_object(Bucket=bucket, Key=gone.key, Body=smear)
    service.send_message(event_about(gone))
    row = service.wait_for_end(gone)

    assert failed is not None
    assert failed.state is State.FAILED
    assert failed.failure == "LastDelivery"
    assert row.state is State.REPORTED
    assert service.mails_about(gone) == 1


def test_every_object_version_has_exactly_one_row(service: Service) -> None:
    service.wait_until_quiet()
    listed = service.cloud.client("s3").list_object_versions(Bucket=service.cloud.outputs["UploadsBucket"])
    sent = [
        ObjectVersion(bucket=listed["Name"], key=stored["Key"], version_id=stored["VersionId"]) for stored in listed["Versions"]
    ]

    rows = [service.row(version) for version in sent]

    assert sent
    assert None not in rows
    # The replayed event above named its object without a version: an end of its own.
    assert service.rows() == len(sent) + 1


def test_log_lines_hold_no_key_no_file_name_and_no_patient(service: Service) -> None:
    log = "".join(service.cloud.log(worker) for worker in ("screen_smear", "send_notifications", "mail_events"))

    assert all(line in log for line in ("smear done", "notification done", "mail came back"))
    assert not [word for word in ("smears/", ".jpg", "p-7", "st-mary", "slide-1", "patient seen") if word in log]


def test_mails_hold_a_link_and_nothing_about_the_smear(service: Service) -> None:
    mails = service.cloud.mails()

    assert mails
    for mail in mails:
        text = (mail["Subject"] + mail["BodyText"] + mail["BodyHtml"]).lower()
        assert "https://portal.hospital.example/#/reports/" in text
        assert not [word for word in ("benign", "pre-b", "pro-b", "leukemia", "p-7", "st-mary", ".jpg") if word in text]


def test_the_demo_prints_all_that_a_newcomer_wants_to_see_and_ends(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hemascope_cli", "demo", "--out", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    for shown in ("synthetic", "id ", "Benign", "Early Pre-B", "Pre-B", "Pro-B", "Cells     9", "report.json", "summary.json"):
        assert shown in done.stdout
    for shown in ("segmented.png", "overlay.png", "Mail from", "not a diagnosis"):
        assert shown in done.stdout
    maps = ["heat_map.original.png", "heat_map.segmented.png"]
    files = [*maps, "overlay.png", "report.json", "segmented.png", "summary.json"]
    assert sorted(path.name for path in tmp_path.iterdir()) == files


def test_the_demo_of_a_bad_picture_says_why_and_is_no_failure(tmp_path: Path) -> None:
    bad = tmp_path / "notes.jpg"
    bad.write_bytes(b"not a picture")

    done = subprocess.run(
        [sys.executable, "-m", "hemascope_cli", "demo", "--smear", str(bad), "--out", str(tmp_path / "out")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "Rejected: expected a JPEG, PNG, TIFF, BMP, WebP or HEIC picture" in done.stdout
