"""Measures the pictures of a new microscope and decides whether the model may be used with it."""

from pathlib import Path

from hemascope.domain.acquisition import Acquisition, Unreadable
from hemascope.domain.errors import HemascopeError, RejectedSmear
from hemascope.microscopes.commissioning import commission, measure_picture
from hemascope.model.artifact import Artifact, load_artifact
from hemascope_cli.console import progress
from hemascope_cli.pictures.files import FoundPictures, PictureFile, check_writable, find_pictures, read_picture, write_text
from hemascope_cli.project import artifact_folder


def commission_folder(folder: Path, out: Path | None, artifact: Path | None) -> int:
    """Measure every picture below a folder, print the verdict, write the fingerprint where asked; 0 where the model fits.

    Raises
    ------
    HemascopeError
        Where the folder is none, holds too few pictures, or the fingerprint can't be written.
    """
    if out:
        check_writable(out, "a fingerprint", Acquisition.model_validate_json)
    model = load_artifact(artifact_folder(artifact))
    acquisition = take_fingerprint(find_in_folder(folder).pictures, model)
    if out:
        write_text(out, acquisition.to_json())
    print(_text(acquisition))
    return 0 if acquisition.fits else 1


def find_in_folder(folder: Path) -> FoundPictures:
    """Find the pictures of one folder, and list on standard error what is passed over.

    Raises
    ------
    HemascopeError
        Where it is no folder.
    """
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "does not exist"
        raise HemascopeError(f"{folder} {what}. Give the folder that holds the pictures.")
    found = find_pictures([folder])
    found.tell_passed_over()
    return found


def take_fingerprint(pictures: list[PictureFile], model: Artifact) -> Acquisition:
    """Measure the pictures of a microscope as they are, uncorrected.

    Raises
    ------
    HemascopeError
        Where too few can be judged.
    """
    measured, unreadable = [], []
    with progress(pictures, "pictures") as files:
        for file, below in files:
            try:
                measured.append(measure_picture(read_picture(file), model))
            except RejectedSmear as refusal:
                unreadable.append(Unreadable(name=str(below), reason=refusal.reason, message=str(refusal)))
    return commission(measured, unreadable, model)


def _text(acquisition: Acquisition) -> str:
    verdict = "may be used with this microscope" if acquisition.fits else "may not be used with this microscope"
    lines = [f"{acquisition.model.name} {verdict}.", *(f"  {reason}" for reason in acquisition.reasons)]
    lines.append(f"\n{acquisition.pictures} pictures judged, {len(acquisition.unreadable)} not; mean and spread")
    rows: list[tuple[str, float, float, str]]
    rows = [
        (colour.name, colour.mean, colour.deviation, f"  model {colour.reference:.1f}, {colour.away:+.1f}")
        for colour in acquisition.colours
    ]
    for name, figure in (
        ("sharpness", acquisition.sharpness),
        ("contrast", acquisition.contrast),
        ("cells in a picture", acquisition.cells),
        ("cell size (pixels)", acquisition.cell_size),
    ):
        rows += [(name, figure.mean, figure.deviation, "")] if figure else []
    lines += [f"  {name:<26}{mean:>8.1f}{deviation:>8.1f}{more}" for name, mean, deviation, more in rows]
    lines += [f"  {size.width} x {size.height}: {size.pictures} pictures" for size in acquisition.sizes]
    lines += [f"  not judged: {picture.name}: {picture.message}" for picture in acquisition.unreadable]
    return "\n".join(lines)
