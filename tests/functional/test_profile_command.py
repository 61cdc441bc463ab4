"""``hemascope commission DIR --out FILE``, in process: a profile, or what to change at the microscope."""

from pathlib import Path

import numpy as np
import pytest

from hemascope.domain.acquisition import Acquisition
from hemascope.domain.errors import RejectedSmear, RejectionReason
from hemascope.domain.profile import FittedFigures, MicroscopeProfile, ProfileLimits
from hemascope.imaging.overlay import encode_png
from hemascope.imaging.synthetic import draw_synthetic_smear
from hemascope.microscopes import profile as fitting
from hemascope_cli.main import main
from hemascope_cli.pictures import profiles

Captured = pytest.CaptureFixture[str]
# Drawn smears are unlike those of the shipped model, whatever the correction.
FIGURES = FittedFigures(
    fields=1, slides=1, clipped=(0.0, 0.0, 0.0), uncorrected_score=0.4, corrected_score=0.4, quality_passed=1.0
)
OPEN = ProfileLimits(largest_uncorrected_score=1000, largest_corrected_score=1000, smallest_quality_passed=0)


def photograph(folder: Path, slides: int, exposure: float = 1.0, fields: int = 30) -> Path:
    """Drawn smears of so many slides."""
    for number in range(fields):
        lit = np.asarray(np.minimum(draw_synthetic_smear(number, 128) * exposure, 255), np.uint8)
        file = folder / f"slide {number % slides}" / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(encode_png(lit))
    return folder


@pytest.fixture
def open_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "ProfileLimits", lambda: OPEN)


@pytest.mark.usefixtures("open_limits")
def test_a_profile_is_written_and_told_in_words(tmp_path: Path, capsys: Captured) -> None:
    folder, out = photograph(tmp_path / "pictures", 20), tmp_path / "kept" / "profile.json"
    (folder / "slide 1" / "notes.jpg").write_text("no picture")

    status = main(
        ["commission", str(folder), "--out", str(out), "--squeezed", "--acquisition", str(tmp_path / "fingerprint.json")]
    )

    said = capsys.readouterr()
    profile = MicroscopeProfile.model_validate_json(out.read_text())
    assert status == 0
    assert said.out.splitlines()[0] == f"The profile of this microscope is in {out}. Its SHA-256 is {profile.sha256}."
    assert "  30 fields of 20 slides; at least 30 of 20" in said.out
    assert "unverified until `hemascope verify`" in said.out
    assert "not judged: slide 1/notes.jpg: expected" in said.err
    assert "fitting a profile to 30 fields" in said.err
    assert {field.slide for field in profile.fitted_on} == {f"slide {number}" for number in range(20)}
    assert profile.ruler is None
    assert profile.baseline
    assert (profile.baseline.fields, profile.baseline.slides) == (30, 20)
    assert Acquisition.model_validate_json((tmp_path / "fingerprint.json").read_text()).pictures == 30


def test_too_few_slides_are_told_before_anything_is_fitted(tmp_path: Path, capsys: Captured) -> None:
    for number in range(4):
        (tmp_path / f"{number}.png").write_bytes(encode_png(draw_synthetic_smear(number, 128)))

    status = main(["commission", str(tmp_path), "--out", str(tmp_path / "profile.json"), "--acquisition", str(tmp_path / "a")])

    out = capsys.readouterr().out
    assert status == 1
    assert "Photograph 26 more." in out
    assert "Photograph 19 more slides" in out
    assert "Put those of each slide into a folder of its own." in out
    assert not (tmp_path / "profile.json").exists()


@pytest.mark.usefixtures("open_limits")
def test_an_overexposed_microscope_is_told_to_lower_the_exposure(tmp_path: Path, capsys: Captured) -> None:
    folder = photograph(tmp_path / "pictures", 20, exposure=1.3)

    status = main(["commission", str(folder), "--out", str(tmp_path / "profile.json")])

    out = capsys.readouterr().out
    assert status == 1
    assert out.startswith("No profile was made: ")
    assert "Lower the exposure or the lamp" in out
    assert "lost in highlights and shadows: red " in out
    assert not (tmp_path / "profile.json").exists()


def test_what_is_no_folder_is_one_line(tmp_path: Path, capsys: Captured) -> None:
    assert main(["commission", str(tmp_path / "nowhere"), "--out", str(tmp_path / "x")]) == 1
    assert (
        capsys.readouterr().err
        == f"hemascope: {tmp_path / 'nowhere'} does not exist. Give the folder that holds the pictures.\n"
    )


def test_a_place_that_cannot_be_written_is_told_before_the_work(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profiles, "load_classifier", None)  # is not reached
    (tmp_path / "file").touch()
    folder = photograph(tmp_path / "p", 1, fields=1)

    for out, said in ((tmp_path / "file" / "x", "can't be written: "), (folder, "it is a folder")):
        assert main(["commission", str(folder), "--out", str(out)]) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert said in line
        assert line.endswith("Give another file.")


def test_a_profile_replaces_nothing_but_a_profile(tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiles, "fit_profile", lambda *_: MicroscopeProfile(figures=FIGURES))
    folder = photograph(tmp_path / "p", 1, fields=1)
    picture = next(folder.rglob("*.*"))
    before, old = picture.read_bytes(), tmp_path / "old.json"
    old.write_text(MicroscopeProfile().to_json())

    assert main(["commission", str(folder), "--out", str(picture)]) == 1
    assert (
        capsys.readouterr().err
        == f"hemascope: {picture} is there already and holds something else than a profile. Give another file.\n"
    )
    assert picture.read_bytes() == before
    assert main(["commission", str(folder), "--out", str(old)]) == 0
    assert MicroscopeProfile.model_validate_json(old.read_text()).figures == FIGURES


def test_fields_that_show_too_little_of_a_slide_are_refused_with_what_to_do(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> MicroscopeProfile:
        raise RejectedSmear(RejectionReason.TOO_SMALL, "expected a field of at least 134 pixels a side, received 96")

    monkeypatch.setattr(profiles, "fit_profile", refuse)

    assert main(["commission", str(photograph(tmp_path / "p", 1, fields=1)), "--out", str(tmp_path / "x")]) == 1
    assert "A picture shows too little of the slide at its magnification. Use an objective" in capsys.readouterr().out


def test_a_folder_at_the_wrong_level_is_shown_as_what_it_is_taken_for(tmp_path: Path, capsys: Captured) -> None:
    photograph(tmp_path / "all" / "january", 3)
    photograph(tmp_path / "all" / "february", 3, fields=1)

    assert main(["commission", str(tmp_path / "all"), "--out", str(tmp_path / "x")]) == 1
    assert "that you name are the slides. Here they are: january (" in capsys.readouterr().out
