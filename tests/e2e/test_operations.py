"""The operators' commands on the embedded cloud: repaired, found again, forgotten."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hemascope.aws.clock import SystemClock
from hemascope.aws.s3 import upload
from hemascope.domain.report import State
from hemascope.domain.specimen import ObjectVersion, Patient, Specimen
from hemascope_cli.main import main
from hemascope_cli.operations.buckets import VersionedBucket
from hemascope_cli.operations.deployment import Deployment
from hemascope_cli.operations.forget import Forgetting, forget
from tests.e2e.conftest import Service
from tests.support.fakes import Killed, s3_message, s3_record
from tests.support.patience import wait_until
from tests.support.wired import Wired

pytestmark = pytest.mark.local_cloud
Captured = pytest.CaptureFixture[str]
QUIET = ["--grace", "0"]


def operate(service: Service, *words: str) -> int:
    return main([*words, "--endpoint", service.cloud.endpoint])


def findings(captured: Captured) -> list[str]:
    """What a reconciliation named, without the counts below."""
    lines = captured.readouterr().out.splitlines()
    return lines[: next(number for number, line in enumerate(lines) if "object versions below smears/" in line)]


def send_of(service: Service, patient: str, file: str, data: bytes) -> ObjectVersion:
    specimen = Specimen(hospital="st-mary", patient=patient, slide="slide-1", field=file)
    return upload(service.cloud.client("s3"), service.cloud.outputs["UploadsBucket"], specimen, data)


def everything_stored(service: Service) -> str:
    """Every key, marker and text in both buckets, and every item of the ledger."""
    s3, outputs = service.cloud.client("s3"), service.cloud.outputs
    stored = [json.dumps(service.cloud.client("dynamodb").scan(TableName=outputs["LedgerTable"])["Items"])]
    for bucket in (outputs["UploadsBucket"], outputs["ReportsBucket"]):
        listed = s3.list_object_versions(Bucket=bucket)
        versions = listed.get("Versions", [])
        stored += [stored["Key"] for stored in versions + listed.get("DeleteMarkers", [])]
        for version in versions:
            if version["Key"].endswith(".json"):
                answer = s3.get_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])
                stored.append(answer["Body"].read().decode())
    return "\n".join(stored)


def test_dead_letters_come_home_after_the_repair(service: Service, smear: bytes, capsys: Captured) -> None:
    service.cloud.kill_worker()
    service.cloud.environment["HEMASCOPE_REPORTS_BUCKET"] = "nowhere"
    service.cloud.start_worker()
    version = service.send(smear, "poisoned.jpg")
    wait_until(lambda: service.waiting("ArrivalsDeadLetterQueue") == 1, "a dead letter")
    failed = service.row(version)
    service.cloud.kill_worker()
    del service.cloud.environment["HEMASCOPE_REPORTS_BUCKET"]
    service.cloud.start_worker()

    statuses = [operate(service, "replay", *words) for words in (["--dry-run"], [])]

    assert statuses == [0, 0]
    assert capsys.readouterr().out == ("would move 1, in the dead-letter queue 1\nmoved 1, left in the dead-letter queue 0\n")
    assert failed is not None
    assert failed.state is State.FAILED
    assert service.wait_for_end(version).state is State.REPORTED


def test_an_object_whose_message_is_lost_is_found_and_brought_home(service: Service, smear: bytes, capsys: Captured) -> None:
    service.wait_until_quiet()
    service.cloud.kill_worker()
    version = service.send(smear, "lost 50%+.jpg")
    service.cloud.client("sqs").purge_queue(QueueUrl=service.cloud.outputs["ArrivalsQueue"])
    service.cloud.start_worker()

    young = operate(service, "reconcile")
    young_lines = findings(capsys)
    missing = operate(service, "reconcile", *QUIET)
    lines = findings(capsys)
    operate(service, "reconcile", *QUIET, "--requeue")
    row = service.wait_for_end(version)
    capsys.readouterr()
    well = operate(service, "reconcile", *QUIET)

    assert (young, young_lines) == (0, [])
    assert (missing, lines) == (1, [f"no state      {version.object_id}  version {version.version_id}"])
    assert row.state is State.REPORTED
    assert service.mails_about(version) == 1
    assert well == 0
    assert capsys.readouterr().out.endswith("nothing needs attention\n")


def test_a_notification_that_is_lost_is_found_and_people_are_told_once(
    service: Service, smear: bytes, capsys: Captured
) -> None:
    service.wait_until_quiet()
    service.cloud.kill_worker("send_notifications")
    version = service.send(smear, "untold.jpg")
    service.wait_until_screened([version])
    wait_until(lambda: service.waiting() == 0, "an acknowledged message")
    service.cloud.client("sqs").purge_queue(QueueUrl=service.cloud.outputs["NotificationsQueue"])
    service.cloud.start_worker("send_notifications")
    row = service.row(version)
    assert row is not None
    # A row of this very second is not looked at yet.
    wait_until(lambda: datetime.now(UTC) >= row.finished_at + timedelta(seconds=1), "the next second")

    status = operate(service, "reconcile", *QUIET, "--requeue")
    lines = findings(capsys)
    service.wait_for_end(version)

    assert status == 1
    assert lines == [f"not notified  {version.object_id}  version {version.version_id}"]
    assert service.mails_about(version) == 1


def test_nothing_of_a_forgotten_patient_is_left_and_nothing_comes_back(
    service: Service, smear: bytes, capsys: Captured
) -> None:
    staying = send_of(service, "q-70", "field.jpg", smear)
    versions = [send_of(service, "q-7", file, data) for file, data in (("a 1+.jpg", smear), ("a 1+.jpg", smear), ("b", b"no"))]
    for version in (staying, *versions):
        service.wait_for_end(version)
    assert re.search(r"q-7\b", everything_stored(service))
    words = ["forget", "--hospital", "st-mary", "--patient", "q-7", "--yes", "--wait", "0"]

    status = operate(service, *words)
    said = capsys.readouterr().out
    for version in versions:
        service.send_message(s3_message(s3_record(version.key, version.bucket, version.version_id, size=1000)))
    service.send_message(json.dumps({"object_id": versions[0].object_id, "model": service.model}), "NotificationsQueue")
    service.wait_until_quiet()
    again = operate(service, *words)

    assert status == again == 0
    # Two versions of a picture have four files each, a rejected one has a report and a summary.
    assert said.splitlines()[0] == "object versions: 3, files of reports: 14, ledger rows: 3"
    assert capsys.readouterr().out == "nothing is stored about this patient; pictures forgotten earlier: 3\n"
    left = everything_stored(service)
    assert not re.search(r"q-7\b", left)
    assert "smears/st-mary/q-70/slide-1/field.jpg" in left
    assert [service.keys_about(version) for version in versions] == [[], [], []]
    assert [service.waiting(queue) for queue in ("ArrivalsDeadLetterQueue", "NotificationsDeadLetterQueue")] == [0, 0]
    assert service.cloud.log().count("smear forgotten") == 3


def test_a_call_that_died_in_the_middle_is_finished_by_the_next(service: Service, smear: bytes, capsys: Captured) -> None:
    version = send_of(service, "q-8", "field.jpg", smear)
    service.wait_for_end(version)
    deployment = Deployment("dev", service.cloud.endpoint)
    uploads, reports = deployment.bucket("UploadsBucket"), deployment.bucket("ReportsBucket")

    def dies(name: str, call: Callable[[], Any]) -> Any:
        answer = call()
        if name == "delete_objects":
            raise Killed
        return answer

    dying = VersionedBucket(Wired(reports.s3, dies), reports.bucket)
    patient = Patient(hospital="st-mary", patient="q-8")
    with pytest.raises(Killed):
        forget(
            Forgetting(patient, uploads, dying, deployment.ledger(), deployment.audit(), SystemClock()),
            lambda: None,
            lambda: True,
        )
    assert "q-8" in everything_stored(service)
    capsys.readouterr()

    status = operate(service, "forget", "--hospital", "st-mary", "--patient", "q-8", "--yes", "--wait", "0")

    assert status == 0
    assert capsys.readouterr().out.splitlines()[:2] == [
        "object versions: 0, files of reports: 0, ledger rows: 1",
        "an earlier call was interrupted; this one finishes it",
    ]
    assert "q-8" not in everything_stored(service)


def test_a_stage_that_is_not_deployed_is_one_line(service: Service, capsys: Captured) -> None:
    status = operate(service, "replay", "--stage", "prod")

    captured = capsys.readouterr()
    assert (status, captured.out) == (1, "")
    assert captured.err == "hemascope: expected to find the stack Hemascope-prod-Ingest, received ValidationError\n"
