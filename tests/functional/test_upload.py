"""``hemascope upload`` against moto."""

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


def upload(*paths: Path, hospital: str = "st-mary") -> int:
    words = ["--bucket", "uploads", "--hospital", hospital, "--patient", "p-7", "--slide", "c-1"]
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


@pytest.mark.parametrize("hospital", ["", "st/mary", " st-mary"])
def test_an_id_that_cannot_stand_in_a_key_is_refused(bucket: Any, tmp_path: Path, hospital: str, capsys: Captured) -> None:
    (tmp_path / "field.jpg").write_bytes(b"content")

    assert upload(tmp_path / "field.jpg", hospital=hospital) == 1

    assert capsys.readouterr().err.startswith("hemascope: expected ids without '/'")
    assert list(bucket.objects.all()) == []


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
