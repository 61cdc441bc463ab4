"""``hemascope verify`` by somebody who names the wrong file or folder."""

from pathlib import Path

import pytest

from hemascope.domain.profile import MicroscopeProfile
from hemascope_cli.main import main

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    (tmp_path / "profile.json").write_text(MicroscopeProfile().to_json())
    return tmp_path / "profile.json"


@pytest.fixture
def slides(tmp_path: Path) -> Path:
    for number in range(4):
        (tmp_path / "slides" / f"slide {number}").mkdir(parents=True)
        (tmp_path / "slides" / f"slide {number}" / "field.jpg").write_bytes(b"picture")
    return tmp_path / "slides"


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    (tmp_path / "answers.csv").write_text("slide,answer\n" + "".join(f"slide {number},benign\n" for number in range(4)))
    return tmp_path / "answers.csv"


def test_a_proof_replaces_nothing_but_a_proof(slides: Path, profile: Path, answers: Path, capsys: Captured) -> None:
    before = profile.read_bytes()

    for out in (profile, answers):
        assert main(["verify", str(slides), "--profile", str(profile), "--answers", str(answers), "--out", str(out)]) == 1
        assert capsys.readouterr().err == (
            f"hemascope: {out} is there already and holds something else than a proof. Give another file.\n"
        )
    files = ["--answers", str(answers), "--out", str(profile.parent / "proof.json"), "--pdf", str(profile)]
    assert main(["verify", str(slides), "--profile", str(profile), *files]) == 1
    assert "holds something else than a PDF" in capsys.readouterr().err
    assert profile.read_bytes() == before


def test_the_wrong_folder_is_told_with_what_it_holds(slides: Path, profile: Path, answers: Path, capsys: Captured) -> None:
    files = ["--profile", str(profile), "--answers", str(answers), "--out", str(profile.parent / "proof.json")]

    assert main(["verify", str(slides / "slide 1"), *files]) == 1
    assert capsys.readouterr().err.startswith(
        f"hemascope: No slide of the table has a folder in {slides / 'slide 1'}. Its folders are none (pictures without a "
        "folder), and the table's slides slide 0, slide 1, slide 2 and more. Give the folder above the slides' folders"
    )
