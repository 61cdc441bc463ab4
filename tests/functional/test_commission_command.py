"""``hemascope commission``, in process: verdict, exit status, file; and what it says of the real smears."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from hemascope.domain.acquisition import Acquisition
from hemascope.imaging.decode import Picture, decode
from hemascope.imaging.overlay import encode_png
from hemascope.imaging.synthetic import draw_synthetic_smear, encode_jpeg
from hemascope_cli.main import main
from training.data.colour import scale_channels, scale_saturation, turn_hue

Captured = pytest.CaptureFixture[str]


def fill(folder: Path, count: int, side: int = 224) -> None:
    for number in range(count):
        (folder / f"field {number}.jpg").write_bytes(encode_jpeg(draw_synthetic_smear(number, side)))


@pytest.fixture
def green(tmp_path: Path) -> Path:
    """Thirty drawn smears under a green lamp, and a file that is no picture."""
    folder = tmp_path / "green"
    folder.mkdir()
    for number in range(30):
        lit = (draw_synthetic_smear(number, 128) * np.array([0.5, 1.0, 0.5])).astype(np.uint8)
        cv2.imwrite(str(folder / f"field {number}.png"), lit[..., ::-1])
    (folder / "notes.jpg").write_text("no picture")
    return folder


def test_another_lamp_is_explained_in_plain_words_with_exit_status_1(green: Path, tmp_path: Path, capsys: Captured) -> None:
    status = main(["commission", str(green), "--acquisition", str(tmp_path / "kept" / "microscope.json")])

    out = capsys.readouterr().out.splitlines()
    written = Acquisition.model_validate_json((tmp_path / "kept" / "microscope.json").read_text())
    assert status == 1
    assert out[0].endswith(" may not be used with this microscope.")
    assert (
        "  The model knows the colours of 0 of 30 pictures; 29 are needed. It would call the others out of distribution." in out
    )
    assert any("are greener than the model's: green to red" in line for line in out)
    assert "  128 x 128: 30 pictures" in out
    assert out[-1].startswith("  not judged: notes.jpg: expected ")
    assert (written.fits, written.pictures, written.accepted) == (False, 30, 0.0)
    assert [(picture.name, picture.reason) for picture in written.unreadable] == [("notes.jpg", "unsupported_format")]


@pytest.mark.parametrize(("count", "received"), [(0, "0"), (2, "2")])
def test_too_few_pictures_are_one_line_on_stderr(tmp_path: Path, capsys: Captured, count: int, received: str) -> None:
    fill(tmp_path, count)

    status = main(["commission", str(tmp_path)])

    captured = capsys.readouterr()
    assert (status, captured.out) == (1, "")
    assert captured.err == f"hemascope: expected at least 30 pictures that can be judged, received {received}\n"


def test_pictures_that_cannot_be_judged_are_counted_apart(tmp_path: Path, capsys: Captured) -> None:
    fill(tmp_path, 1)
    (tmp_path / "cut off.jpg").write_bytes((tmp_path / "field 0.jpg").read_bytes()[:4000])
    (tmp_path / "nothing.jpg").touch()
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")

    assert main(["commission", str(tmp_path)]) == 1
    assert capsys.readouterr().err.endswith("received 1 and 2 that can't\n")  # a link to nothing is no file


@pytest.mark.parametrize("name", ["nowhere", "file.jpg"])
def test_what_is_no_folder_is_one_line_on_stderr(tmp_path: Path, capsys: Captured, name: str) -> None:
    (tmp_path / "file.jpg").touch()

    assert main(["commission", str(tmp_path / name)]) == 1
    what = "is a file" if name == "file.jpg" else "does not exist"
    assert capsys.readouterr().err == f"hemascope: {tmp_path / name} {what}. Give the folder that holds the pictures.\n"


def test_a_fingerprint_that_cannot_be_written_is_one_line_on_stderr(green: Path, tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "file").touch()

    assert main(["commission", str(green), "--acquisition", str(tmp_path / "file" / "x.json")]) == 1
    assert capsys.readouterr().err.startswith(f"hemascope: {tmp_path / 'file' / 'x.json'} can't be written: ")


@pytest.fixture
def a_few(tmp_path: Path, dataset: Path) -> Path:
    """Links to ten smears of each class of the data set: every sixtieth or so, so that many slides are among them."""
    folder = tmp_path / "few"
    folder.mkdir()
    for name in ("Benign", "Early", "Pre", "Pro"):
        files = sorted((dataset / "Original" / name).iterdir())
        for file in files[:: len(files) // 10][:10]:
            (folder / file.name).symlink_to(file)
    return folder


@pytest.mark.dataset
def test_the_microscope_that_the_model_was_made_with_may_be_used(a_few: Path, tmp_path: Path, capsys: Captured) -> None:
    status = main(["commission", str(a_few), "--acquisition", str(tmp_path / "x.json")])

    written = Acquisition.model_validate_json((tmp_path / "x.json").read_text())
    assert status == 0
    assert capsys.readouterr().out.splitlines()[0].endswith(" may be used with this microscope.")
    assert (written.pictures, written.accepted, written.with_cells) == (40, 1.0, 1.0)


@pytest.mark.dataset
@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda picture: turn_hue(picture, 10.0), "are redder"),
        (lambda picture: scale_saturation(picture, 0.7), "vary less in saturation"),
        (lambda picture: scale_channels(picture, 0.95, 1.0, 1.05), "are brighter"),
    ],
    ids=["another hue", "a pale stain", "a cold lamp"],
)
def test_a_shift_that_the_guard_lets_pass_in_each_picture_is_seen_in_all_together(
    a_few: Path, tmp_path: Path, capsys: Captured, change: Callable[[Picture], Picture], word: str
) -> None:
    shifted = tmp_path / "shifted"
    shifted.mkdir()
    for file in a_few.iterdir():
        (shifted / f"{file.stem}.png").write_bytes(encode_png(change(decode(file.read_bytes()))))

    status = main(["commission", str(shifted)])

    out = capsys.readouterr().out
    assert status == 1
    assert "The model knows the colours" not in out  # so single pictures pass
    assert "As a whole the pictures are shifted" in out
    assert f"The pictures {word} than the model's" in out


@pytest.mark.dataset
def test_the_microscope_of_another_laboratory_may_not(dataset: Path, capsys: Captured) -> None:
    status = main(["commission", str(dataset / "OtherLab")])

    out = capsys.readouterr().out.splitlines()
    assert status == 1
    assert out[1] == (
        "  The model knows the colours of 0 of 120 pictures; 114 are needed. It would call the others out of distribution."
    )
    assert any(line.startswith("  The pictures are yellower than the model's") for line in out)
