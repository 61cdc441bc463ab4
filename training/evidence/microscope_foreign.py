"""Pictures of no microscope that the model knows: what would be stated of them, in every state of a microscope.

Each source plays a microscope of its own. It is given the best chance to look familiar: a profile fitted to every second of its
slides, whether commissioning would accept it or not.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hemascope.domain.errors import RejectedSmear
from hemascope.domain.given_answers import GivenAnswer
from hemascope.domain.known_answers import KnownAnswer, SlideAnswer
from hemascope.domain.microscope import MicroscopeUse
from hemascope.domain.profile import MicroscopeProfile, ProfileLimits
from hemascope.domain.report import Decision, MicroscopeState, Report
from hemascope.domain.verification import VerificationProof, VerifiedField, VerifiedSlide
from hemascope.imaging.overlay import encode_png
from hemascope.microscopes.profile import CommissioningField, fit_profile, read_field
from hemascope.microscopes.reference import load_reference
from hemascope.microscopes.refusal import check_figures
from hemascope.microscopes.verification import ScreenedField, Signature, make_proof, use_of
from hemascope.model.classifier import Classifier
from hemascope.model.folder import ArtifactFolder
from hemascope.screening.pipeline import screen
from hemascope.screening.selfcheck import SPECIMEN
from training.data.ood_images import PER_KIND, ood_images
from training.evidence.commissioning_draws import OPEN

SIGNED = Signature(by="python -m training microscopes", at=datetime(2026, 1, 1, tzinfo=UTC))
_BENIGN = SlideAnswer(known=KnownAnswer.BENIGN, given_as="benign")
_CLOSED = (MicroscopeState.UNKNOWN, MicroscopeState.SUSPENDED)
_PROVED = {KnownAnswer.LEUKEMIA: 29, KnownAnswer.BENIGN: 9}  # slides without an error, which a proof needs


@dataclass(frozen=True)
class ForeignSource:
    """A source of pictures: names of slides, and the files in the same order. None of them shows leukemia."""

    name: str
    slides: tuple[str, ...]
    files: tuple[bytes, ...]

    @property
    def fitted(self) -> list[int]:
        """Places of the files that its profile is fitted to: those of every second slide."""
        chosen = set(sorted(set(self.slides))[::2])
        return [place for place, slide in enumerate(self.slides) if slide in chosen]


def find_foreign_sources(other_laboratory: Path, white_cells: Path | None, most: int | None = None) -> Iterator[ForeignSource]:
    """Single cells of another laboratory, the Pi microscope's fields where their folder is given, and pictures of no smear.

    Parameters
    ----------
    most
        At most so many pictures of each source, from all over it; None: all.
    """
    cells = [(file.stem, file.read_bytes()) for file in sorted(other_laboratory.glob("*"))]
    yield _foreign_source("another laboratory's cells", cells, most)
    if white_cells is not None:
        entries = json.loads((white_cells / "chula" / "cells.json").read_text())
        files = [(entry["slide"], (white_cells / "chula" / "fields" / entry["file"]).read_bytes()) for entry in entries]
        yield _foreign_source("the Pi microscope's fields", files, most)
    drawn: dict[str, list[tuple[str, bytes]]] = {}
    for number, (kind, picture) in enumerate(ood_images()):
        if most is None or number % PER_KIND < most:
            drawn.setdefault(kind, []).append((str(number), encode_png(picture)))
    for kind, pictures in drawn.items():
        yield _foreign_source(f"pictures of no smear: {kind}", pictures, most)


def measure_foreign_source(source: ForeignSource, classifier: Classifier) -> dict[str, Any]:
    """Judge a source in every state.

    Returns
    -------
    dict
        ``refused``: limits of commissioning that forbid its profile, beside the counts of fields and slides; ``map`` of the
        profile, which is used all the same. ``guards``: decisions where it is taken for the reference microscope, so that only
        guards and quality gate are left. ``beyond``: how many pictures the guards refuse by their scores before or after the
        correction. ``states``: decisions in each state that is closed. ``failed``: decisions with a proof that was made of its
        own pictures and does not pass; ``passed``: with a simulated one that does.
    """
    profile, refused = commission_foreign_source(source, classifier)
    return {"refused": refused, "map": profile.colour.name} | judge_foreign_source(source, classifier, profile)


def judge_foreign_source(source: ForeignSource, classifier: Classifier, profile: MicroscopeProfile) -> dict[str, Any]:
    """The rows of :func:`measure_foreign_source` that follow from a profile."""
    states = {state.value: _decisions(source, classifier, MicroscopeUse("foreign", state)) for state in _CLOSED}
    profiled, _ = use_of(profile, None, classifier.artifact.reference)
    corrected = [_judge(data, classifier, profiled) for data in source.files]
    states[profiled.state.value] = _count(corrected)
    opened, _ = use_of(profile, _simulated_proof(profile, classifier), classifier.artifact.reference)
    reports = [_judge(data, classifier, opened) for data in source.files]
    failed_proof = _failed_proof(source, reports, profile, classifier)
    failed, against = use_of(profile, failed_proof, classifier.artifact.reference)
    return {
        "source": source.name,
        "pictures": len(source.files),
        "fitted": len(source.fitted),
        "guards": _decisions(source, classifier, None),
        "beyond": sum(_is_beyond(report) for report in corrected),
        "states": states,
        "failed": {"against": against, "decisions": _decisions(source, classifier, failed)},
        "passed": _count(reports),
    }


def is_closed(row: dict[str, Any]) -> bool:
    """Whether nothing of a source is stated in any state but ``verified``."""
    return not any(found.get(Decision.CONFIDENT.value, 0) for found in (*row["states"].values(), row["failed"]["decisions"]))


def _foreign_source(name: str, pictures: Sequence[tuple[str, bytes]], most: int | None) -> ForeignSource:
    count = len(pictures) if most is None else min(most, len(pictures))
    chosen = [pictures[place * len(pictures) // count] for place in range(count)]
    return ForeignSource(name, tuple(slide for slide, _ in chosen), tuple(data for _, data in chosen))


def commission_foreign_source(source: ForeignSource, classifier: Classifier) -> tuple[MicroscopeProfile, list[str]]:
    """The profile that commissioning would make without its limits, and which of them forbid it."""
    reference = load_reference(ArtifactFolder.open(classifier.artifact.folder))
    reasons = []
    fields = _read(source, square_pixels=True)
    try:
        profile = fit_profile(fields, reference, classifier, OPEN)
    except RejectedSmear as refusal:  # by the ruler they show too little of a slide; whoever says "squeezed" goes around it
        reasons.append(refusal.reason.value)
        profile = fit_profile(_read(source, square_pixels=False), reference, classifier, OPEN)
    assert profile.figures is not None  # of a profile that was fitted
    return profile, reasons + [refusal.reason.value for refusal in check_figures(profile.figures, ProfileLimits())]


def _read(source: ForeignSource, *, square_pixels: bool) -> list[CommissioningField]:
    """The fields that can be read, as ``hemascope commission`` takes them."""
    fields = []
    for place in source.fitted:
        with suppress(RejectedSmear):
            fields.append(read_field(source.files[place], source.slides[place], square_pixels=square_pixels))
    return fields


def _simulated_proof(profile: MicroscopeProfile, classifier: Classifier) -> VerificationProof:
    """A proof that passes though nobody verified anything: as many slides without an error as are needed."""
    slides = []
    for known, count in _PROVED.items():
        for number in range(count):
            name = f"simulated {known} {number}"
            field = VerifiedField(
                name="1",
                sha256=hashlib.sha256(name.encode()).hexdigest(),
                outcome=Decision.CONFIDENT,
                label=None,
                answer=GivenAnswer(known),
            )
            slides.append(VerifiedSlide(slide=name, known=known, given_as=known, answer=GivenAnswer(known), fields=(field,)))
    model = classifier.artifact.reference
    return VerificationProof.of(slides, profile=profile.sha256, model=model, at=SIGNED.at, by=SIGNED.by)


def _failed_proof(
    source: ForeignSource, reports: Sequence[Report], profile: MicroscopeProfile, classifier: Classifier
) -> VerificationProof:
    """What verification says of the source's own pictures, all known to be benign."""
    fields = [
        ScreenedField(slide, str(place), hashlib.sha256(data).hexdigest(), report)
        for place, (slide, data, report) in enumerate(zip(source.slides, source.files, reports, strict=True))
    ]
    artifact = classifier.artifact
    answers = dict.fromkeys(source.slides, _BENIGN)
    return make_proof(fields, answers, profile, artifact.reference, artifact.manifest.disease, SIGNED)


def _judge(data: bytes, classifier: Classifier, use: MicroscopeUse | None) -> Report:
    return screen(data, SPECIMEN, classifier, microscope=use, draw=False).report


def _decisions(source: ForeignSource, classifier: Classifier, use: MicroscopeUse | None) -> dict[str, int]:
    return _count([_judge(data, classifier, use) for data in source.files])


def _count(reports: Sequence[Report]) -> dict[str, int]:
    return dict(Counter(report.result.decision.value if report.result else report.state.value for report in reports))


def _is_beyond(report: Report) -> bool:
    """Whether the guards refuse a picture, by its scores before or after correction."""
    return report.evidence is not None and report.evidence.guard_score > 1.0
