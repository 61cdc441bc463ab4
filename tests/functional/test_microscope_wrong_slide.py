"""Three attacks that filed pictures under the wrong patient, as they were reproduced: by the command line, S3 is moto."""

import os
import time
from pathlib import Path

import pytest

from hemascope_cli.main import main
from tests.support.microscope_world import drawn
from tests.support.moto_cloud import MotoCloud

QUICK = ["--settle", "0", "--poll", "0.01", "--longest-pause", "0.01", "--every", "0.01", "--once"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "pictures").mkdir()
    return tmp_path / "pictures"


def watch(folder: Path, slide: str, *more: str) -> int:
    """The agent for one slide of the patient of that name."""
    names = ["--hospital", "st-mary", "--patient", f"patient of {slide}", "--slide", slide, "--bucket", "uploads"]
    return main(["microscope", "--watch", str(folder), *names, *QUICK, *more])


def slides(cloud: MotoCloud) -> list[str]:
    return [key.split("/")[3] for key in cloud.keys("uploads")]


def test_the_last_pictures_of_one_slide_are_not_filed_under_the_next_patient(cloud: MotoCloud, folder: Path) -> None:
    watch(folder, "c-1", "--simulate", "1")
    for number in (1, 2):
        (folder / f"last {number}.jpg").write_bytes(drawn(number))

    assert watch(folder, "c-2") == 3

    assert slides(cloud) == ["c-1"]


def test_a_file_of_a_month_ago_is_not_filed_under_the_patient_of_today(cloud: MotoCloud, folder: Path) -> None:
    (folder / "old.jpg").write_bytes(drawn(1))
    then = time.time() - 30 * 24 * 60 * 60
    os.utime(folder / "old.jpg", (then, then))

    assert watch(folder, "c-1") == 3

    assert slides(cloud) == []


def test_a_new_outbox_files_nothing_again_under_another_patient(cloud: MotoCloud, folder: Path) -> None:
    watch(folder, "c-1", "--simulate", "10")

    assert watch(folder, "c-2", "--outbox", str(folder.parent / "new.sqlite")) == 3

    assert slides(cloud) == ["c-1"] * 10
