"""``hemascope upload`` against moto."""

import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from hemascope_cli.main import main

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        bucket = boto3.resource("s3").create_bucket(Bucket="uploads")
        bucket.Versioning().enable()
        yield bucket


def upload(*paths: Path, hospital: str = "st-mary", patient: str = "p-7", more: tuple[str, ...] = ()) -> int:
    words = ["--bucket", "uploads", "--hospital", hospital, "--patient", patient, "--slide", "c-1", *more]
    return main(["upload", *map(str, paths), *words])


def test_each_file_goes_to_its_key_and_gets_an_id(bucket: Any, tmp_path: Path, smear: bytes, capsys: Captured) -> None:
    paths = [tmp_path / "field 1.jpg", tmp_path / "50%+.jpg"]
    for path in paths:
        path.write_bytes(smear)

    assert upload(*paths) == 0

    assert {stored.key for stored in bucket.objects.all()} == {f"smears/st-mary/p-7/c-1/{path.name}" for path in paths}
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[1] for line in lines] == [str(path) for path in paths]
    assert len({line.split()[0] for line in lines}) == 2


def test_a_microscope_that_is_named_stands_in_the_key(bucket: Any, tmp_path: Path, smear: bytes) -> None:
    (tmp_path / "field.jpg").write_bytes(smear)

    assert upload(tmp_path / "field.jpg", more=("--microscope", "scope 2")) == 0

    assert [stored.key for stored in bucket.objects.all()] == ["smears/st-mary/p-7/c-1/scope 2/field.jpg"]


def test_a_microscope_that_cannot_stand_in_a_key_is_refused(bucket: Any, tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "field.jpg").write_bytes(b"content")

    assert upload(tmp_path / "field.jpg", more=("--microscope", "a/b")) == 1

    assert "a microscope with the character U+002F" in capsys.readouterr().err
    assert list(bucket.objects.all()) == []


@pytest.mark.parametrize("hospital", ["", "st/mary", " st-mary"])
def test_an_id_that_cannot_stand_in_a_key_is_refused(bucket: Any, tmp_path: Path, hospital: str, capsys: Captured) -> None:
    (tmp_path / "field.jpg").write_bytes(b"content")

    assert upload(tmp_path / "field.jpg", hospital=hospital) == 1

    assert capsys.readouterr().err.startswith("hemascope: An id can't have a '/'")
    assert list(bucket.objects.all()) == []


def test_the_character_that_is_refused_is_named_and_the_id_is_not(bucket: Any, tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "field.jpg").write_bytes(b"content")

    assert upload(tmp_path / "field.jpg", patient="jane\x07") == 1

    said = capsys.readouterr().err
    assert said.endswith("Correct a patient with the character U+0007 BELL.\n")
    assert "jane" not in said


def test_what_looks_like_a_name_is_sent_only_with_a_flag(bucket: Any, tmp_path: Path, smear: bytes, capsys: Captured) -> None:
    paths = [tmp_path / "field 1.jpg", tmp_path / "Quint, Peter.jpg"]
    for path in paths:
        path.write_bytes(smear)

    refused, said, kept = upload(*paths), capsys.readouterr(), list(bucket.objects.all())
    sent = upload(*paths, more=("--allow-names",))

    assert (refused, sent, kept) == (1, 0, [])
    assert said.err == (
        "hemascope: expected pseudonyms, the file name looks like a person's name in file 2 of 2; "
        "give --allow-names if it identifies nobody\n"
    )
    assert "Quint" not in said.out + said.err
    assert len(list(bucket.objects.all())) == 2


def test_a_patient_id_that_is_a_date_of_birth_is_asked_about(
    bucket: Any, tmp_path: Path, smear: bytes, capsys: Captured
) -> None:
    (tmp_path / "field.jpg").write_bytes(smear)

    assert upload(tmp_path / "field.jpg", patient="12.03.80") == 1

    assert "the patient id looks like a date of birth; give --allow-names" in capsys.readouterr().err
    assert list(bucket.objects.all()) == []


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_decomposed_file_name_is_stored_composed(bucket: Any, tmp_path: Path, smear: bytes, form: Any) -> None:
    path = tmp_path / unicodedata.normalize(form, "Größe é\u202fが.jpg")
    path.write_bytes(smear)

    assert upload(path, patient=unicodedata.normalize(form, "ü-7")) == 0

    assert [stored.key for stored in bucket.objects.all()] == ["smears/st-mary/ü-7/c-1/Größe é\u202fが.jpg"]


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.write_bytes(b""), lambda path: path.mkdir()])
def test_a_file_that_cannot_be_a_picture_is_refused_before_it_is_sent(
    bucket: Any, tmp_path: Path, make: Any, capsys: Captured
) -> None:
    make(tmp_path / "field.jpg")

    assert upload(tmp_path / "field.jpg") == 1

    captured = capsys.readouterr()
    assert captured.err.startswith("hemascope: expected")
    assert len(captured.err.splitlines()) == 1
    assert list(bucket.objects.all()) == []
