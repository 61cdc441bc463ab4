"""Fits the profile of a microscope to its pictures, or says what to change at it."""

import hashlib
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from hemascope.domain.acquisition import MINIMUM_PICTURES, Acquisition
from hemascope.domain.commissioning import RefusalReason, check_in_words
from hemascope.domain.errors import RejectedSmear
from hemascope.domain.profile import FittedFigures, MicroscopeProfile, ProfileLimits
from hemascope.microscopes.profile import CommissioningField, fit_profile, read_field
from hemascope.microscopes.reference import load_reference
from hemascope.microscopes.refusal import CommissioningRefused
from hemascope.model.folder import ArtifactFolder
from hemascope.screening.baseline import with_baseline
from hemascope_cli.console import progress
from hemascope_cli.errors import NothingToScreen
from hemascope_cli.pictures.commissioning import find_in_folder, take_fingerprint
from hemascope_cli.pictures.files import LOOSE, PictureFile, check_writable, read_picture, write_text
from hemascope_cli.pictures.network import load_classifier

_TOO_SMALL = (
    "  A picture shows too little of the slide at its magnification. Use an objective of lower power, or photograph the whole "
    "frame. If a program squeezed the pictures to another shape, give --squeezed."
)


def fit_folder(folder: Path, out: Path, acquisition: Path | None, artifact: Path | None, *, square_pixels: bool = True) -> int:
    """Fit a profile to the pictures below a folder, whose sub-folders are slides; 0 where it was written, 1 if refused.

    Parameters
    ----------
    out
        Where the profile is written.
    acquisition
        Where the acquisition fingerprint is written, if it is wanted.
    artifact
        Folder of the model; the project's newest where None.
    square_pixels
        False for pictures that were squeezed.

    Raises
    ------
    NothingToScreen
        Where the folder holds no pictures.
    HemascopeError
        Where the folder is none, the model has no reference microscope, or a file can't be written.
    """
    check_writable(out, "a profile", MicroscopeProfile.model_validate_json)
    if acquisition:
        check_writable(acquisition, "a fingerprint", Acquisition.model_validate_json)
    pictures = find_in_folder(folder).pictures
    if not pictures:
        raise NothingToScreen(f"There are no pictures in {folder}. Give the folder above the slides' folders.")
    classifier = load_classifier(artifact)
    reference = load_reference(ArtifactFolder.open(classifier.artifact.folder))
    fields = _read_fields(pictures, square_pixels=square_pixels)
    if acquisition and len(fields) >= MINIMUM_PICTURES:
        write_text(acquisition, take_fingerprint(pictures, classifier.artifact).to_json())
    print(f"fitting a profile to {_count(len(fields), 'field')}", file=sys.stderr, flush=True)
    try:
        profile = fit_profile(fields, reference, classifier)
    except (CommissioningRefused, RejectedSmear) as refused:
        print("\n".join(_refusal_lines(refused, fields)))
        if out.exists():
            print(f"{out} was there before and is unchanged: it is no profile of these pictures.")
        return 1
    profile = with_baseline(profile, _judged(pictures, {field.sha256 for field in fields}), classifier)
    write_text(out, profile.to_json())
    print("\n".join(_profile_lines(profile, out)))
    return 0


def _read_fields(pictures: list[PictureFile], *, square_pixels: bool) -> list[CommissioningField]:
    """The fields that can be judged, in the order of their names; the others are listed on standard error."""
    fields = []
    with progress(pictures, "fields") as files:
        for file in files:
            try:
                fields.append(read_field(read_picture(file.path), file.slide, square_pixels=square_pixels))
            except RejectedSmear as refusal:
                print(f"not judged: {file.target}: {refusal}", file=sys.stderr)
    return fields


def _judged(pictures: list[PictureFile], fitted_on: set[str]) -> Iterator[tuple[str, bytes]]:
    """Slide and file of the pictures that the profile was fitted on."""
    with progress(pictures, "baseline of the drift chart") as files:
        for file in files:
            data = read_picture(file.path)
            if hashlib.sha256(data).hexdigest() in fitted_on:
                yield file.slide, data


def _refusal_lines(refused: CommissioningRefused | RejectedSmear, fields: Iterable[CommissioningField]) -> list[str]:
    lines = ["No profile was made: with these pictures this microscope's answers can't be trusted. What to change:"]
    if isinstance(refused, RejectedSmear):
        return [*lines, _TOO_SMALL]
    lines += [f"  {refusal.message}" for refusal in refused.refusals]
    if any(refusal.reason is RefusalReason.TOO_FEW_SLIDES for refusal in refused.refusals):
        slides = Counter("no folder" if field.slide == LOOSE else field.slide for field in fields)
        found = ", ".join(f"{slide} ({_count(count, 'field')})" for slide, count in slides.most_common(3))
        lines.append(f"  The sub-folders of the folder that you name are the slides. Here they are: {found or 'none'}.")
    if any(field.slide == LOOSE for field in fields):
        lines.append("  Pictures beside the sub-folders count as one slide. Put those of each slide into a folder of its own.")
    if refused.figures:
        lines += ["", *_figure_lines(refused.figures, ProfileLimits())]
    return lines


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _profile_lines(profile: MicroscopeProfile, out: Path) -> list[str]:
    assert profile.figures is not None  # of a profile that was fitted
    colour = "as they are" if profile.colour.is_identity else f"corrected ({profile.colour.name})"
    ruler = profile.ruler
    lines = [f"The profile of this microscope is in {out}. Its SHA-256 is {profile.sha256}."]
    lines += _figure_lines(profile.figures, profile.limits)
    lines.append(f"  colours {colour}")
    if profile.illumination:
        lines.append(f"  uneven light corrected; {len(profile.illumination)} states of the lamp were seen")
    if ruler:
        lines.append(f"  a red cell is {ruler.red_cell:.1f} pixels wide in a picture of {ruler.width} x {ruler.height}")
    lines += [
        "Answers of this microscope are unverified until `hemascope verify` has proved them on slides whose answer is known."
    ]
    return lines


def _figure_lines(figures: FittedFigures, limits: ProfileLimits) -> list[str]:
    return [f"  {check.text}" for check in check_in_words(figures, limits)]
