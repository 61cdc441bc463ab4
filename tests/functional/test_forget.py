"""``hemascope forget`` against moto: nothing of the patient is left, wherever the first call died, and nothing comes back."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from hemascope.aws.ledger import DynamoLedger
from hemascope.domain.errors import HemascopeError
from hemascope.domain.ledger import StoredCounts
from hemascope.domain.report import State
from hemascope.domain.specimen import ObjectVersion, Patient
from hemascope_cli.main import main
from hemascope_cli.operations.buckets import VersionedBucket
from hemascope_cli.operations.forget import Forgetting, forget
from tests.support.fakes import START, FakeClock, Killed
from tests.support.moto_cloud import MODEL, READ_ONLY, MotoCloud
from tests.support.portal_world import FakeAudit
from tests.support.wired import Wired

Captured = pytest.CaptureFixture[str]
PATIENT = Patient(hospital="st-mary", patient="p-7")
OTHERS = ("smears/st-mary/p-71/c-1/field-1.jpg", "smears/st-john/p-7/c-1/field-1.jpg")
OLD_MODEL = "all-subtypes/0.9.0"


def fill(cloud: MotoCloud) -> list[ObjectVersion]:
    """Two patients who stay, and one who does not: with versions, a marker, two models, a rejection, a failure, an orphan."""
    for key in OTHERS:
        cloud.finish(cloud.put(key), hospital=key.split("/")[1])
    again = "smears/st-mary/p-7/c-1/field 1+.jpg"
    versions = [cloud.put(again, b"first"), cloud.put(again, b"second"), cloud.put("smears/st-mary/p-7/c-2/深い/key", b"odd")]
    cloud.s3.delete_object(Bucket="uploads", Key=again)
    for version, state, model in (
        (versions[0], State.REPORTED, MODEL),
        (versions[0], State.REPORTED, OLD_MODEL),
        (versions[1], State.REJECTED, MODEL),
    ):
        cloud.finish(version, state, model)
    orphan = ObjectVersion(bucket="uploads", key="smears/st-mary/p-7/c-3/gone.jpg", version_id="v9")
    cloud.finish(orphan, State.FAILED, hospital=None, slide=None, report_key=None, failure="LastDelivery")
    return [*versions, orphan]


def forgetting(cloud: MotoCloud, around: Callable[[str, Callable[[], Any]], Any] = lambda name, call: call()) -> Forgetting:
    s3, dynamodb = Wired(cloud.s3, around), Wired(cloud.dynamodb, around)
    return Forgetting(
        PATIENT,
        VersionedBucket(s3, "uploads"),
        VersionedBucket(s3, "reports"),
        DynamoLedger(dynamodb, "ledger"),
        FakeAudit(),
        FakeClock(),
    )


def run(cloud: MotoCloud, around: Callable[[str, Callable[[], Any]], Any] = lambda name, call: call()) -> int:
    return forget(forgetting(cloud, around), wait=lambda: None, confirm=lambda: True)


def command(cloud: MotoCloud, *words: str, patient: str = "p-7") -> int:
    who = ["--hospital", "st-mary", "--patient", patient]
    return main(["forget", *who, *cloud.names("uploads", "reports", "ledger", "audit"), *words])


def tombstones(cloud: MotoCloud) -> dict[str, dict[str, Any]]:
    return {item["object_id"]["S"]: item for item in cloud.items() if item["model"]["S"] == "forgotten"}


def check_only_others_are_left(cloud: MotoCloud, forgotten: list[ObjectVersion]) -> None:
    assert cloud.keys("uploads") == sorted(OTHERS)
    assert not [key for key in cloud.keys("reports") for version in forgotten if version.object_id in key]
    assert len(cloud.keys("reports")) == 4 * len(OTHERS)
    rows = [item for item in cloud.items() if item["model"]["S"] != "forgotten"]
    assert sorted(item["key"]["S"] for item in rows) == sorted(OTHERS)
    assert set(tombstones(cloud)) == {version.object_id for version in forgotten}
    assert all("completed_at" in item for item in tombstones(cloud).values())


def test_nothing_of_the_patient_is_left_and_everything_of_others(cloud: MotoCloud, capsys: Captured) -> None:
    versions = fill(cloud)

    status = command(cloud, "--yes", "--wait", "0")

    assert status == 0
    assert capsys.readouterr().out == (
        "object versions: 4, files of reports: 12, ledger rows: 4\n"
        "pictures deleted; waiting 0 s for functions that may still hold one\n"
        "deleted; tombstones that keep late deliveries from bringing anything back: 4\n"
    )
    check_only_others_are_left(cloud, versions)


def test_a_second_call_says_that_there_is_nothing(cloud: MotoCloud, capsys: Captured) -> None:
    fill(cloud)
    run(cloud)
    capsys.readouterr()

    status = command(cloud)

    assert status == 0
    assert capsys.readouterr().out == "nothing is stored about this patient; pictures forgotten earlier: 4\n"


def test_a_patient_of_whom_nothing_is_known_is_no_failure(cloud: MotoCloud, capsys: Captured) -> None:
    fill(cloud)

    assert command(cloud, patient="p") == 0

    assert capsys.readouterr().out == "nothing is stored about this patient\n"
    assert tombstones(cloud) == {}


def test_a_tombstone_says_when_and_how_much_and_nothing_of_whom(cloud: MotoCloud) -> None:
    first = fill(cloud)[0]

    run(cloud)

    assert tombstones(cloud)[first.object_id] == {
        "object_id": {"S": first.object_id},
        "model": {"S": "forgotten"},
        "patient": {"S": "c894279dab78c54bf5433d24ad01d6f6"},
        "forgotten_at": {"S": "2026-03-01T08:30:00+00:00"},
        "found_files": {"N": "8"},
        "found_rows": {"N": "2"},
        "completed_at": {"S": "2026-03-01T08:30:00+00:00"},
    }
    text = json.dumps(list(tombstones(cloud).values()))
    assert not [word for word in ("st-mary", "p-7", "c-1", "field", "smears/") if word in text]


def writes_of(cloud: MotoCloud) -> list[str]:
    """Every call of a whole run that changes something."""
    writes: list[str] = []

    def note(name: str, call: Callable[[], Any]) -> Any:
        writes.extend([] if name.startswith(READ_ONLY) else [name])
        return call()

    run(cloud, note)
    return writes


def test_tombstones_come_first_then_pictures_then_what_was_made_of_them(cloud: MotoCloud) -> None:
    fill(cloud)

    writes = writes_of(cloud)

    assert writes[:5] == ["update_item"] * 4 + ["delete_objects"]
    assert sorted(writes[5:]) == ["delete_item"] * 4 + ["delete_objects"] * 2 + ["update_item"] * 4
    assert writes[-1] == "update_item"


@pytest.mark.parametrize("number", range(1, 16))
def test_whatever_write_the_first_call_died_after_the_second_finishes(cloud: MotoCloud, number: int) -> None:
    versions, writes = fill(cloud), 0

    def dies(name: str, call: Callable[[], Any]) -> Any:
        nonlocal writes
        answer = call()
        writes += not name.startswith(READ_ONLY)
        if writes == number:
            raise Killed
        return answer

    with pytest.raises(Killed):
        run(cloud, dies)
    status = run(cloud)

    assert status == 0
    check_only_others_are_left(cloud, versions)
    counts = {item["found_rows"]["N"] for item in tombstones(cloud).values()}
    # What the first call counted stands, also where it had deleted a part of it.
    assert counts == {"0", "1", "2"}


def test_an_interrupted_call_is_named(cloud: MotoCloud, capsys: Captured) -> None:
    versions = fill(cloud)
    cloud.ledger.write_tombstone(versions[0].object_id, PATIENT, StoredCounts(), START)

    run(cloud)

    assert "an earlier call was interrupted; this one finishes it\n" in capsys.readouterr().out


def test_what_a_running_function_writes_after_the_pictures_are_gone_is_deleted_too(cloud: MotoCloud) -> None:
    versions = fill(cloud)

    def late_worker() -> None:
        assert cloud.keys("uploads") == sorted(OTHERS)
        cloud.finish(versions[2], State.REPORTED)

    status = forget(forgetting(cloud), wait=late_worker, confirm=lambda: True)

    assert status == 0
    check_only_others_are_left(cloud, versions)


def test_an_upload_that_came_meanwhile_is_told_and_the_next_call_takes_it(cloud: MotoCloud, capsys: Captured) -> None:
    fill(cloud)

    def upload() -> None:
        cloud.put("smears/st-mary/p-7/c-9/new.jpg")

    status = forget(forgetting(cloud), wait=upload, confirm=lambda: True)

    assert status == 1
    assert capsys.readouterr().out.endswith("stop the uploads of this patient and call again\n")
    assert run(cloud) == 0
    assert cloud.keys("uploads") == sorted(OTHERS)


def test_a_patient_who_comes_again_is_screened_again(cloud: MotoCloud) -> None:
    fill(cloud)
    run(cloud)

    again = cloud.put("smears/st-mary/p-7/c-1/field 1+.jpg", b"first")

    assert cloud.ledger.is_forgotten(again.object_id) is False


def test_the_ledger_knows_what_is_forgotten(cloud: MotoCloud) -> None:
    first, *_ = fill(cloud)
    before = cloud.ledger.is_forgotten(first.object_id)

    run(cloud)

    assert (before, cloud.ledger.is_forgotten(first.object_id)) == (False, True)
    assert cloud.ledger.find(first.object_id, MODEL) is None


@pytest.mark.parametrize("answer", ["", "n\n", "nonsense\n"])
def test_without_a_yes_nothing_is_deleted(
    cloud: MotoCloud, answer: str, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    fill(cloud)
    before = cloud.keys("uploads"), cloud.keys("reports"), cloud.items()
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))

    status = command(cloud, "--wait", "0")

    captured = capsys.readouterr()
    assert status == 1
    assert captured.out.startswith(
        "object versions: 4, files of reports: 12, ledger rows: 4\nDelete all of it for good? [y/N] "
    )
    assert captured.err == "hemascope: expected yes, nothing was deleted\n"
    assert (cloud.keys("uploads"), cloud.keys("reports"), cloud.items()) == before


def test_a_yes_is_enough(cloud: MotoCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    versions = fill(cloud)
    monkeypatch.setattr("sys.stdin", io.StringIO("Yes\n"))

    assert command(cloud, "--wait", "0") == 0

    check_only_others_are_left(cloud, versions)


def test_a_bucket_that_refuses_is_told_and_the_next_call_finishes(cloud: MotoCloud) -> None:
    versions = fill(cloud)

    def refuses(name: str, call: Callable[[], Any]) -> Any:
        # The pictures are gone by then: this is the bucket of the reports.
        if name == "delete_objects" and cloud.keys("uploads") == sorted(OTHERS):
            return {"Errors": [{"Key": "k", "Code": "AccessDenied"}] * 3}
        return call()

    with pytest.raises(HemascopeError, match="3 were refused: AccessDenied"):
        run(cloud, refuses)

    assert run(cloud) == 0
    check_only_others_are_left(cloud, versions)


def test_more_versions_than_one_call_takes_are_deleted(cloud: MotoCloud) -> None:
    for number in range(1003):
        cloud.put(f"smears/st-mary/p-7/c-1/{number}", b"")

    assert cloud.uploads.delete(cloud.uploads.all_below(PATIENT.prefix)) is None

    assert cloud.keys("uploads") == []


@pytest.mark.parametrize("patient", ["", "p/7", " p-7"])
def test_an_id_that_cannot_stand_in_a_key_is_refused(cloud: MotoCloud, patient: str, capsys: Captured) -> None:
    fill(cloud)
    before = cloud.keys("uploads")

    assert command(cloud, "--yes", patient=patient) == 1

    assert capsys.readouterr().err.startswith("hemascope: An id can't have a '/'")
    assert cloud.keys("uploads") == before
