"""Screens slides whose answer is known, and proves that a microscope's answers are right, or not."""

import hashlib
import os
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from hemascope.domain.errors import HemascopeError, RejectedSmear
from hemascope.domain.given_answers import GivenAnswer
from hemascope.domain.known_answers import SlideAnswer, parse_answers
from hemascope.domain.profile import MicroscopeProfile
from hemascope.domain.verification import (
    MeasuredShare,
    VerificationLimits,
    VerificationProof,
    VerifiedSlide,
    slides_needed,
)
from hemascope.jobs.verify import judge_field
from hemascope.microscopes.verification import ScreenedField, Signature, make_proof
from hemascope.model.classifier import Classifier
from hemascope.screening.pipeline import reject
from hemascope_cli.console import progress
from hemascope_cli.errors import NothingToScreen
from hemascope_cli.pictures.commissioning import find_in_folder
from hemascope_cli.pictures.files import LOOSE, PictureFile, check_writable, read_picture, read_text, write_bytes, write_text
from hemascope_cli.pictures.microscope_use import load_profile
from hemascope_cli.pictures.network import load_classifier

_WORDS = {GivenAnswer.SUSPICION: "a suspicion, no confident answer", GivenAnswer.NONE: "no answer"}


def verify_folder(
    folder: Path,
    profile: Path,
    answers: Path,
    out: Path,
    pdf: Path | None,
    artifact: Path | None,
    signature: tuple[str, str | None],
    limits: VerificationLimits,
) -> int:
    """Screen the slides below a folder, write the proof and print its figures; 0 where it passes, 1 where it does not.

    Parameters
    ----------
    folder
        Its sub-folders are slides.
    profile, answers
        Files: of the microscope, and the table of known answers.
    out
        Where the proof is written, whether it passes or not.
    pdf
        Where it is printed, if that is wanted.
    artifact
        Folder of the model; the project's newest where None.
    signature
        Who verifies, and the name of the microscope in the hospital's registry.
    limits
        That the hospital signs.

    Raises
    ------
    HemascopeError
        Where a file can't be read, written or understood, or no slide has an answer.
    """
    correction = load_profile(profile)
    table = read_text(answers)
    check_writable(out, "a proof", _read_replaceable)
    if pdf:
        check_writable(pdf, "a PDF", _read_pdf)
    found = find_in_folder(folder)
    if not found.pictures:
        raise NothingToScreen(f"There are no pictures in {folder}. Give the folder above the slides' folders.")
    classifier = load_classifier(artifact)
    disease = classifier.artifact.manifest.disease
    known = parse_answers(table, disease)
    pictures = [file for file in found.pictures if file.slide in known]
    slides = {file.slide for file in found.pictures}
    if not pictures:
        raise HemascopeError(
            f"No slide of the table has a folder in {folder}. Its folders are {_some(slides)}, and the table's slides "
            f"{_some(known)}. Give the folder above the slides' folders, and write their names as the folders are called."
        )
    _tell_unmatched(slides, known)
    by, microscope = signature
    proof = make_proof(
        _screen(pictures, correction, classifier),
        known,
        correction,
        classifier.artifact.reference,
        disease,
        Signature(by=by, at=datetime.now(UTC).replace(microsecond=0), microscope=microscope),
        limits,
    )
    write_text(out, proof.to_json())
    if pdf:
        from hemascope.documents.pdf_proof import pdf_proof  # of the extra ``documents``

        write_bytes(pdf, pdf_proof(proof))
    print("\n".join(_lines(proof, out)))
    return 0 if proof.passed else 1


def _some(names: Iterable[str]) -> str:
    """A few names."""
    shown = sorted("none (pictures without a folder)" if name == LOOSE else name for name in names)
    return ", ".join(shown[:3]) + (" and more" if len(shown) > 3 else "")


def _read_replaceable(before: bytes) -> None:
    """Keep a proof that passed, since a failing one is written too."""
    if VerificationProof.model_validate_json(before).passed:
        raise HemascopeError("There is a proof that passed in this file, and it is kept. Give another --out.")


def _read_pdf(before: bytes) -> None:
    if not before.startswith(b"%PDF-"):
        raise ValueError("expected a PDF file")


def _tell_unmatched(slides: set[str], known: dict[str, SlideAnswer]) -> None:
    """A slide that is left out by mistake would not be missed, so each is named."""
    for names, what in (
        (slides - set(known), "without a known answer, not counted"),
        (set(known) - slides, "with an answer and without pictures, not counted"),
    ):
        if names:
            print(f"{_slides(len(names))} {what}: {', '.join(sorted(names))}", file=sys.stderr)


def _slides(count: int) -> str:
    return "1 slide" if count == 1 else f"{count} slides"


def _screen(pictures: list[PictureFile], profile: MicroscopeProfile, classifier: Classifier) -> list[ScreenedField]:
    """Judge the fields as if the microscope were verified: its answers are what is to be proved."""
    fields = []
    with progress(pictures, "fields") as files:
        for file in files:
            name = file.target.relative_to(file.slide).as_posix()
            try:
                data = read_picture(file.path)
            except RejectedSmear as refusal:
                digest = hashlib.sha256(os.fsencode(file.path)).hexdigest()
                report = reject(refusal, None, classifier.artifact, digest[:32]).report
                fields.append(ScreenedField(file.slide, name, digest, report))
            else:
                fields.append(judge_field(file.slide, name, data, profile, classifier))
    return fields


def _lines(proof: VerificationProof, out: Path) -> list[str]:
    verdict = "is verified" if proof.passed else "is not verified"
    figures, limits = proof.figures, proof.limits
    lines = [
        f"This microscope {verdict} with this profile and {proof.model.name}.",
        _share("leukemia slides found", "sensitivity", figures.sensitivity, limits.sensitivity),
        _share("benign slides called benign", "specificity", figures.specificity, limits.specificity),
        f"  fields of leukemia slides: {_by_field(figures.sensitivity_by_field)}",
        f"  fields of benign slides: {_by_field(figures.specificity_by_field)}",
        f"  each bound holds with {100 * limits.certainty:g} % certainty",
    ]
    lines += [f"  {_wrong(slide)}" for slide in proof.slides if slide.counted and not slide.is_right]
    lines += [f"  {slide.slide}: not counted, {_why(slide)}" for slide in proof.slides if not slide.counted]
    needed = slides_needed(figures)
    confused = [slide.slide for slide in proof.slides if slide.is_called_benign]
    if confused:
        lines.append(f"Leukemia slides were called benign: {', '.join(confused)}. Don't add slides.")
        lines.append("Check the table and whether slides were mixed up, then stain and objective, and commission again.")
    elif needed:
        lines.append(f"Still needed: {' and '.join(needed)}.")
    return [*lines, f"The proof is in {out}. Its SHA-256 is {proof.sha256}."]


def _share(what: str, name: str, share: MeasuredShare, limit: float) -> str:
    return (
        f"  {share.right} of {share.total} {what}: {name} between {100 * share.lower:.1f} and {100 * share.upper:.1f} %; "
        f"at least {100 * limit:g} % must be certain"
    )


def _by_field(share: MeasuredShare) -> str:
    return f"{share.right} of {share.total} right, {share.wrong} wrong, {share.unanswered} without an answer"


def _wrong(slide: VerifiedSlide) -> str:
    said = _WORDS.get(slide.answer, f"called {slide.answer}")
    return f"{slide.slide} ({slide.given_as}): {said}"


def _why(slide: VerifiedSlide) -> str:
    return "the profile was fitted on its pictures" if slide.fields[0].not_counted == "fitted_on" else "repeated pictures"
