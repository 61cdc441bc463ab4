"""``hemascope commission DIR --out FILE``, in process: a profile, or what to change at the microscope."""

from pathlib import Path

import numpy as np
import pytest

from hemascope.domain.acquisition import Acquisition
from hemascope.domain.profile import MicroscopeProfile, ProfileLimits
from hemascope.imaging.overlay import encode_png
from hemascope.imaging.synthetic import draw_synthetic_smear
from hemascope.microscopes import profile as fitting
from hemascope_cli.main import main
from hemascope_cli.pictures import profiles

Captured = pytest.CaptureFixture[str]
# Drawn smears are unlike those of the shipped model, whatever the correction.
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
    assert capsys.readouterr().err == f"hemascope: expected a folder with pictures, received {tmp_path / 'nowhere'}\n"


@pytest.mark.usefixtures("open_limits")
def test_a_profile_that_cannot_be_written_is_one_line(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profiles, "fit_profile", lambda *_: MicroscopeProfile())
    (tmp_path / "file").touch()

    assert main(["commission", str(photograph(tmp_path / "p", 1, fields=1)), "--out", str(tmp_path / "file" / "x")]) == 1
    assert capsys.readouterr().err.splitlines()[-1].startswith("hemascope: expected to write ")
