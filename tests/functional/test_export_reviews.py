"""``hemascope export-reviews`` on moto: what people released lies in a folder that training reads, and nothing else does."""

import csv
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hemascope.domain.report import Release, State
from hemascope.domain.review import Verdict
from hemascope.domain.specimen import ObjectVersion, report_keys, verdict_key
from hemascope.imaging.synthetic import draw_synthetic_smear, encode_jpeg
from hemascope_cli.main import main
from tests.support.fakes import START
from tests.support.moto_cloud import MODEL, MotoCloud
from tests.support.rows import row
from tests.support.slide_fields import BENIGN, PRE, smear_report
from training.data.dataset import read_dataset

Captured = pytest.CaptureFixture[str]
PICTURE = encode_jpeg(draw_synthetic_smear(2))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "reviews"


def reviewed(
    cloud: MotoCloud,
    file: str,
    label: str | None,
    said: tuple[float, ...] = BENIGN,
    *,
    patient: str = "p-7",
    hospital: str = "st-mary",
    decision: str = "confident",
    release: Release | None = None,
    data: bytes = PICTURE,
) -> ObjectVersion:
    """A smear with its report, one verdict (a correction where there is a label) and its release."""
    version = cloud.put(f"smears/{hospital}/{patient}/c-1/{file}", data)
    report = smear_report(file, said, decision=decision, patient=patient, object_id=version.object_id)
    keys = report_keys(version.object_id, MODEL)
    verdict = Verdict(
        number=1, kind="correct" if label else "confirm", label=label, reviewer="ann", at=START, model=MODEL, comment="Jane Doe"
    )
    for key, text in ((keys.report, report.to_json()), (verdict_key(version.object_id, MODEL, 1), verdict.to_json())):
        cloud.s3.put_object(Bucket="reports", Key=key, Body=text.encode())
    out = release or (Release.AMENDED if label else Release.FINAL)
    place = {"object": version, "object_id": version.object_id, "hospital": hospital, "slide": "c-1", "report_key": keys.report}
    cloud.ledger.finish(
        row(**place, verdicts=1, released_verdict_number=1, release=out, released_at=START + timedelta(hours=1))
    )
    return version


def export(cloud: MotoCloud, folder: Path, *words: str) -> int:
    return main(["export-reviews", str(folder), *cloud.names("uploads", "reports", "ledger", "audit"), *words])


def lines(folder: Path) -> list[dict[str, str]]:
    with (folder / "reviews.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def all_four(cloud: MotoCloud) -> list[ObjectVersion]:
    return [
        reviewed(cloud, "Jane Doe 1.jpg", None, BENIGN),
        reviewed(cloud, "2.jpg", "Early Pre-B", PRE, patient="p-8"),
        reviewed(cloud, "3.jpg", None, PRE),
        reviewed(cloud, "4.jpg", "Pro-B", PRE, hospital="st-joseph"),
    ]


def test_reviewed_smears_lie_as_training_reads_them_under_the_reviewers_label(cloud: MotoCloud, folder: Path) -> None:
    versions = all_four(cloud)

    assert export(cloud, folder) == 0

    found = {Path(smear.path).stem.split("_")[1]: smear.label for smear in read_dataset(folder)}
    assert found == {version.object_id: label for label, version in enumerate(versions)}
    assert all((folder / smear.path).read_bytes() == PICTURE for smear in read_dataset(folder))


def test_the_manifest_says_group_labels_and_verdict(cloud: MotoCloud, folder: Path) -> None:
    versions = all_four(cloud)

    export(cloud, folder)

    by_id = {line["file"].split("_")[1].removesuffix(".jpg"): line for line in lines(folder)}
    notified = [by_id[version.object_id] for version in versions]
    assert list(notified[0]) == ["file", "patient", "slide", "microscope", "label", "model_label", "verdict", "model"]
    assert [(line["label"], line["model_label"], line["verdict"]) for line in notified] == [
        ("Benign", "Benign", "confirm"),
        ("Early Pre-B", "Pre-B", "correct"),
        ("Pre-B", "Pre-B", "confirm"),
        ("Pro-B", "Pre-B", "correct"),
    ]
    groups = [line["patient"] for line in notified]
    assert groups[0] == groups[2]
    assert len(set(groups)) == 3  # p-7 of the other hospital is somebody else
    assert all(Path(line["file"]).name.startswith(f"{line['patient']}_") for line in notified)
    assert notified[0]["slide"] == notified[2]["slide"]
    assert len({line["slide"] for line in notified}) == 3


def test_no_id_of_a_person_no_file_name_and_no_comment_leaves_with_it(cloud: MotoCloud, folder: Path) -> None:
    all_four(cloud)

    export(cloud, folder)

    text = (folder / "reviews.csv").read_text() + "\n".join(files(folder))
    assert not re.search("Jane|p-7|p-8|st-mary|st-joseph|c-1|ann", text)


def test_a_second_call_changes_nothing_and_writes_no_entry(cloud: MotoCloud, folder: Path, capsys: Captured) -> None:
    all_four(cloud)
    export(cloud, folder)
    before = {name: ((folder / name).stat().st_mtime_ns if "Original" in name else 0) for name in files(folder)}
    manifest, entries = lines(folder), cloud.audit.entries("st-mary", 0, 100)
    capsys.readouterr()

    export(cloud, folder)

    assert capsys.readouterr().out == "new: 0, moved: 0, removed: 0; left out: 0 without a class, 0 whose picture is gone\n"
    assert {name: ((folder / name).stat().st_mtime_ns if "Original" in name else 0) for name in files(folder)} == before
    assert (lines(folder), cloud.audit.entries("st-mary", 0, 100)) == (manifest, entries)


def test_each_export_of_a_smear_is_an_entry_of_its_hospital(cloud: MotoCloud, folder: Path) -> None:
    versions = all_four(cloud)

    export(cloud, folder)

    notified = [(entry.who, str(entry.action), entry.object_id) for entry in cloud.audit.entries("st-joseph", 0, 10)]
    assert notified == [("service", "exported", versions[3].object_id)]
    assert len(cloud.audit.entries("st-mary", 0, 10)) == 3


def test_what_nobody_released_stays_where_it_is(cloud: MotoCloud, folder: Path, capsys: Captured) -> None:
    reviewed(cloud, "1.jpg", "Pre-B", release=Release.PRELIMINARY)
    cloud.finish(cloud.put("smears/st-mary/p-7/c-1/2.jpg"), State.REPORTED)

    assert export(cloud, folder) == 0

    assert capsys.readouterr().out.startswith("new: 0,")
    assert files(folder) == ["reviews.csv"]


@pytest.mark.parametrize("decision", ["indeterminate", "out_of_distribution", "poor_quality", "unverified"])
def test_a_confirmed_answer_without_a_class_is_no_example_and_a_correction_is(
    cloud: MotoCloud, folder: Path, capsys: Captured, decision: str
) -> None:
    reviewed(cloud, "1.jpg", None, PRE, decision=decision)
    corrected = reviewed(cloud, "2.jpg", "Pre-B", PRE, decision=decision)

    export(cloud, folder)

    assert capsys.readouterr().out == "new: 1, moved: 0, removed: 0; left out: 1 without a class, 0 whose picture is gone\n"
    assert corrected.object_id in lines(folder)[0]["file"]


def test_an_amended_smear_moves_to_its_new_class(cloud: MotoCloud, folder: Path, capsys: Captured) -> None:
    version = reviewed(cloud, "1.jpg", None, PRE)
    export(cloud, folder)
    amend(cloud, version, "Benign")
    capsys.readouterr()

    export(cloud, folder)

    assert capsys.readouterr().out.startswith("new: 0, moved: 1, removed: 0;")
    assert [name.split("/")[1] for name in files(folder) if "Original" in name] == ["Benign"]
    assert [(line["label"], line["verdict"]) for line in lines(folder)] == [("Benign", "correct")]
    assert [str(entry.action) for entry in cloud.audit.entries("st-mary", 0, 9)] == ["exported", "exported"]


def amend(cloud: MotoCloud, version: ObjectVersion, label: str) -> None:
    verdict = Verdict(number=2, kind="correct", label=label, reviewer="bob", at=START, model=MODEL)
    cloud.s3.put_object(Bucket="reports", Key=verdict_key(version.object_id, MODEL, 2), Body=verdict.to_json().encode())
    cloud.dynamodb.update_item(
        TableName="ledger",
        Key={"object_id": {"S": version.object_id}, "model": {"S": MODEL}},
        UpdateExpression="SET verdicts = :two, released_verdict_number = :two",
        ExpressionAttributeValues={":two": {"N": "2"}},
    )


def test_a_forgotten_patient_leaves_the_folder_and_all_else_stays(cloud: MotoCloud, folder: Path, capsys: Captured) -> None:
    all_four(cloud)
    export(cloud, folder)
    (folder / "Original" / "Pre" / "of another data set.jpg").write_bytes(b"kept")
    names = cloud.names("uploads", "reports", "ledger", "audit")
    main(["forget", "--hospital", "st-mary", "--patient", "p-7", "--yes", "--wait", "0", *names])
    capsys.readouterr()

    export(cloud, folder)

    assert capsys.readouterr().out.startswith("new: 0, moved: 0, removed: 2;")
    assert [name.split("/")[1] for name in files(folder) if "_" in name] == ["Early", "Pro"]
    assert (folder / "Original" / "Pre" / "of another data set.jpg").exists()


def test_a_picture_that_is_gone_is_told_and_holds_nothing_up(cloud: MotoCloud, folder: Path, capsys: Captured) -> None:
    gone, _ = reviewed(cloud, "1.jpg", None), reviewed(cloud, "2.jpg", None)
    cloud.s3.delete_object(Bucket="uploads", Key=gone.key, VersionId=gone.version_id)

    assert export(cloud, folder) == 0

    assert capsys.readouterr().out.endswith(
        "new: 1, moved: 0, removed: 0; left out: 0 without a class, 1 whose picture is gone\n"
    )


def test_one_hospital_alone_can_be_exported(cloud: MotoCloud, folder: Path) -> None:
    all_four(cloud)

    export(cloud, folder, "--hospital", "st-joseph")

    assert [line["label"] for line in lines(folder)] == ["Pro-B"]


def test_a_call_that_died_is_finished_by_the_next(cloud: MotoCloud, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    versions, done = all_four(cloud), []
    real = Path.write_bytes

    def dies_at_the_third(path: Path, data: bytes) -> int:
        done.append(path)
        if len(done) == 3:
            real(path, data[:100])
            raise KeyboardInterrupt
        return real(path, data)

    monkeypatch.setattr(Path, "write_bytes", dies_at_the_third)
    assert export(cloud, folder) == 130  # as a shell reports Ctrl-C
    monkeypatch.setattr(Path, "write_bytes", real)
    export(cloud, folder)

    ids = {Path(smear.path).stem.split("_")[1] for smear in read_dataset(folder)}
    assert ids == {version.object_id for version in versions}
    assert {smear.sha256 for smear in read_dataset(folder)} == {read_dataset(folder)[0].sha256}
    assert not [name for name in files(folder) if name.endswith(".part")]


def test_the_command_needs_no_look_at_what_it_does_not_name(cloud: MotoCloud, folder: Path, capsys: Captured) -> None:
    names: list[Any] = cloud.names("uploads", "reports", "audit")

    assert main(["export-reviews", str(folder), "--ledger", "elsewhere", *names]) == 1
    assert capsys.readouterr().err.startswith("hemascope: expected to read the ledger, received ResourceNotFoundException")
