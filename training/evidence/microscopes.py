"""Simulated microscopes: the data set's smears under a shift, commissioned from unlabelled fields, then judged as served.

Every result is stored under a name that holds all that it depends on, so that an interrupted run goes on where it stopped.
"""

import hashlib
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from hemascope.domain.microscope import MicroscopeUse
from hemascope.domain.profile import MicroscopeProfile
from hemascope.domain.report import Decision, MicroscopeState
from hemascope.imaging.decode import decode
from hemascope.imaging.overlay import encode_png
from hemascope.microscopes.profile import fit_profile, read_field
from hemascope.microscopes.reference import load_reference
from hemascope.microscopes.refusal import CommissioningRefused
from hemascope.model.artifact import load_artifact
from hemascope.model.classifier import Classifier
from hemascope.model.folder import ArtifactFolder
from hemascope.screening.pipeline import screen
from hemascope.screening.selfcheck import SPECIMEN
from training.data.dataset import CLASS_NAMES, Sample
from training.data.device_shifts import COMBINATIONS, INDEPENDENT
from training.data.shifts import NONE, SHIFTS, Shift
from training.evidence.commissioning_draws import FULL, Kind, of_other_slides, slide_of

CONDITIONS = (NONE, *SHIFTS, *COMBINATIONS, *INDEPENDENT)
# Whatever the number of fields, these show what it does; the others would say the same again.
FEWER = ("none", "hue +15 degrees", "hue -15 degrees", "saturation x 0.7", "gamma 1.25", "warm lamp (red +12 %, blue -12 %)")
_REVISION = 3  # of the fitting: results of another one are not used
_NO_CHANGE = (None, MicroscopeProfile())
_BY_NAME = {shift.name: shift for shift in CONDITIONS}


@dataclass(frozen=True)
class Trial:
    """One simulated microscope: a shift, and the fields that it is commissioned with; None: it is judged uncorrected."""

    shift: str
    tested: tuple[Sample, ...]
    kind: Kind = FULL
    number: int = 0
    drawn: tuple[Sample, ...] | None = None


@dataclass(frozen=True)
class Laboratory:
    """Where data set, artifact and cached results lie."""

    root: Path
    artifact: Path
    cache: Path


def run_trials(laboratory: Laboratory, trials: Sequence[Trial], workers: int = 1) -> list[dict[str, Any]]:
    """Results of trials in their order, with a line of progress on standard error."""
    laboratory.cache.mkdir(parents=True, exist_ok=True)
    results: dict[int, dict[str, Any]] = {}
    began = time.monotonic()
    for place, result in _run_all(laboratory, trials, workers):
        results[place] = result
        minutes = (time.monotonic() - began) / 60.0
        line = f"microscopes: {len(results)}/{len(trials)}, {minutes:.1f} min, {result['shift']}, {result['kind']}"
        print(line, file=sys.stderr, flush=True)
    return [results[place] for place in range(len(trials))]


def run_trial(laboratory: Laboratory, trial: Trial) -> dict[str, Any]:
    """Commission one simulated microscope and judge the tested smears with its profile.

    Returns
    -------
    dict
        ``shift``, ``kind``, ``number``; ``refused``: reasons, empty where there is a profile; ``figures`` and ``map`` of the
        profile; ``right``, ``confident``, ``confident_wrong``: shares of the tested smears, and ``right_other_slides`` of those
        on slides that no drawn field is of. The shares are None where commissioning refused.
    """
    fitted = [_REVISION, trial.kind.limits.model_dump(), [sample.sha256 for sample in trial.drawn]] if trial.drawn else None
    key = _digest(laboratory, trial.shift, json.dumps(fitted), trial.tested)
    file = laboratory.cache / f"trial-{key}.json"
    if not file.exists():
        unfinished = file.with_suffix(".part")
        unfinished.write_text(json.dumps(_measure(laboratory, trial)) + "\n")
        unfinished.replace(file)
    stored: dict[str, Any] = json.loads(file.read_text())
    return stored


def equal_reports(laboratory: Laboratory, tested: Sequence[Sample]) -> int:
    """How many unshifted smears get the same report, byte for byte, with an identity profile as without one."""
    classifier = _classifier(laboratory.artifact)
    files = [(laboratory.root / sample.path).read_bytes() for sample in tested]
    uses = [_verified(profile) for profile in _NO_CHANGE]
    pairs = ([screen(data, SPECIMEN, classifier, microscope=use, draw=False) for use in uses] for data in files)
    aside = {"microscope"}  # which names the profile
    return sum(one.report.model_dump_json(exclude=aside) == other.report.model_dump_json(exclude=aside) for one, other in pairs)


def _run_all(laboratory: Laboratory, trials: Sequence[Trial], workers: int) -> Iterator[tuple[int, dict[str, Any]]]:
    if workers == 1:
        for place, trial in enumerate(trials):
            yield place, run_trial(laboratory, trial)
        return
    with ProcessPoolExecutor(workers) as pool:
        futures = {pool.submit(run_trial, laboratory, trial): place for place, trial in enumerate(trials)}
        for future in as_completed(futures):
            yield futures[future], future.result()


def _measure(laboratory: Laboratory, trial: Trial) -> dict[str, Any]:
    cv2.setNumThreads(1)
    shift, about = _BY_NAME[trial.shift], {"shift": trial.shift, "kind": trial.kind.name, "number": trial.number}
    if trial.drawn is None:
        return about | {"kind": "uncorrected", "refused": []} | _judge(laboratory, trial, shift, None)
    classifier = _classifier(laboratory.artifact)
    reference = load_reference(ArtifactFolder.open(laboratory.artifact))
    data = ((sample, (laboratory.root / sample.path).read_bytes()) for sample in trial.drawn)
    # The data set's pictures are squeezed, so there is no ruler.
    fields = [
        read_field(encode_png(shift.apply(decode(content))), slide_of(sample), square_pixels=False) for sample, content in data
    ]
    try:
        profile = fit_profile(fields, reference, classifier, trial.kind.limits)
    except CommissioningRefused as refused:
        reasons = [refusal.reason.value for refusal in refused.refusals]
        figures = refused.figures.model_dump() if refused.figures else None
        nothing = dict.fromkeys(("right", "right_other_slides", "confident", "confident_wrong"))
        return about | {"refused": reasons, "message": str(refused), "figures": figures, "map": None, "states": None} | nothing
    found = {"figures": dict(profile.figures or {}), "map": profile.colour.name, "states": len(profile.illumination)}
    return about | {"refused": []} | found | _judge(laboratory, trial, shift, profile)


def _judge(laboratory: Laboratory, trial: Trial, shift: Shift, profile: MicroscopeProfile | None) -> dict[str, Any]:
    answers = _answers(laboratory, trial.tested, shift, profile)
    right = np.array([answer[0] == CLASS_NAMES[sample.label] for answer, sample in zip(answers, trial.tested, strict=True)])
    confident = np.array([answer[1] == Decision.CONFIDENT for answer in answers])
    elsewhere = of_other_slides(trial.tested, trial.drawn or ())
    return {
        "right": float(right.mean()),
        "right_other_slides": float(right[elsewhere].mean()) if elsewhere.any() else None,
        "confident": float(confident.mean()),
        "confident_wrong": float((confident & ~right).mean()),
    }


def _answers(
    laboratory: Laboratory, tested: Sequence[Sample], shift: Shift, profile: MicroscopeProfile | None
) -> list[tuple[str, str]]:
    """Label and decision of each smear as served; draws that lead to the same correction share them."""
    unchanged = profile is None or (profile.colour.is_identity and not profile.illumination)
    correction = "" if unchanged or profile is None else profile.model_dump_json(include={"colour", "illumination"})
    file = laboratory.cache / f"answers-{_digest(laboratory, shift.name, correction, tested)}.json"
    if not file.exists():
        classifier = _classifier(laboratory.artifact)
        answers = []
        for sample in tested:
            shifted = encode_png(shift.apply(decode((laboratory.root / sample.path).read_bytes())))
            result = screen(shifted, SPECIMEN, classifier, microscope=_verified(profile), draw=False).report.result
            answers.append((result.label, result.decision.value) if result else ("", "rejected"))
        unfinished = file.with_suffix(f".{os.getpid()}.part")
        unfinished.write_text(json.dumps(answers) + "\n")
        unfinished.replace(file)
    return [(label, decision) for label, decision in json.loads(file.read_text())]


def _verified(profile: MicroscopeProfile | None) -> MicroscopeUse | None:
    """A microscope with this profile, its verification assumed; None of the reference microscope."""
    return MicroscopeUse("evidence", MicroscopeState.VERIFIED, profile, profile.sha256) if profile else None


def _digest(laboratory: Laboratory, shift: str, correction: str, tested: Iterable[Sample]) -> str:
    """Name of a result: of model, shift, correction or drawn fields, and the smears that are judged."""
    model = _classifier(laboratory.artifact).artifact.reference.model_dump()
    text = json.dumps([model, shift, correction, [sample.sha256 for sample in tested]])
    return hashlib.sha256(text.encode()).hexdigest()[:24]


@lru_cache(maxsize=1)
def _classifier(folder: Path) -> Classifier:
    return Classifier(load_artifact(folder), threads=1)
