"""Drift: how often the chart warns though nothing changes, and how long before a wrong answer it warns of a change."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from hemascope.domain.drift import Baseline, Figures
from hemascope.domain.drift_chart import ALARM, SUSPENSION, ChartedField, draw_chart
from hemascope.domain.field_figures import figures_of
from hemascope.domain.report import Decision
from hemascope.imaging.decode import Picture, decode
from hemascope.imaging.overlay import encode_png
from hemascope.microscopes.drift import fit_baseline
from hemascope.model.classifier import Classifier
from hemascope.model.folder import ArtifactFolder
from hemascope.screening.pipeline import screen
from training.data.colour import scale_channels
from training.data.dataset import CLASS_NAMES, Sample
from training.evidence.commissioning_draws import DRAWS, FULL, draw, slide_of

FIELDS = 300  # over which a microscope changes, and in each order without a change
ORDERS = 200  # of each kind in which nothing changes
AGEINGS = 3  # orders in which each change is simulated
_SEED = 36
_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


class Judged(NamedTuple):
    """A field: its figures, and whether its answer is confident and wrong."""

    figures: Figures
    confident_wrong: bool


@dataclass(frozen=True)
class Ageing:
    """A microscope that changes: ``apply`` takes a picture and how far the change has come, 0-1."""

    name: str
    apply: Callable[[Picture, float], Picture]


def age_lamp(picture: Picture, share: float) -> Picture:
    """A lamp that dims and reddens: at the end red has lost 3 %, green 15 % and blue 27 % of its light."""
    return scale_channels(picture, 1.0 - 0.03 * share, 1.0 - 0.15 * share, 1.0 - 0.27 * share)


def redden(picture: Picture, share: float) -> Picture:
    """A light that reddens and is as bright as before: at the end red has gained 12 % and blue has lost 12 %."""
    return scale_channels(picture, 1.0 + 0.12 * share, 1.0, 1.0 - 0.12 * share)


def slip_condenser(picture: Picture, share: float) -> Picture:
    """A condenser that slips: at the end the light falls to 70 % in the farthest corner."""
    height, width = picture.shape[:2]
    down, across = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    distance = ((across - 0.2) ** 2 + (down + 0.1) ** 2) / 2.65
    return np.asarray(np.clip(np.rint(picture * (1.0 - 0.3 * share * distance)[..., None]), 0, 255), np.uint8)


def lose_focus(picture: Picture, share: float) -> Picture:
    """A focus that creeps: at the end a blur with a standard deviation of 2.5 of 224 pixels."""
    sigma = 2.5 / 224 * max(picture.shape[:2]) * share
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8) if sigma > 0.05 else picture


AGEINGS_OF = (
    Ageing("lamp dims and reddens", age_lamp),
    Ageing("light reddens, as bright as before", redden),
    Ageing("condenser slips", slip_condenser),
    Ageing("focus creeps", lose_focus),
)


def measure_drift(
    root: Path,
    classifier: Classifier,
    tested: Sequence[Sample],
    drawn: Sequence[Sequence[Sample]],
    *,
    ageings: int = AGEINGS,
    fields: int = FIELDS,
) -> dict[str, Any]:
    """Chart unseen smears that nothing happens to, and some under a change that grows.

    Parameters
    ----------
    tested
        Unseen smears, in the order of the data set.
    drawn
        Sets of unlabelled fields, each of which stands for a commissioning set of the same microscope.

    Returns
    -------
    dict
        ``false``: rows of shares of the orders in which the chart goes beyond a limit though nothing changes; ``ageing``: a row
        for each change, order and baseline with the numbers of the fields at which the alarm and the suspension come, and of
        the confident wrong answers before them and without a chart.
    """
    unshifted = {sample: judge(root, sample, classifier) for sample in tested}
    model = classifier.artifact.reference.name
    baselines: dict[str, Baseline] = {}
    if stored := ArtifactFolder.open(classifier.artifact.folder).baseline():
        baselines["reference"] = stored
    for number, samples in enumerate(drawn):
        found = [(slide_of(sample), judge(root, sample, classifier).figures) for sample in samples]
        baselines[f"{len(samples)} fields, draw {number + 1}"] = fit_baseline(found, model)
    report: dict[str, Any] = {"fields": fields, "orders": ORDERS, "limits": [ALARM, SUSPENSION]}
    report["false"] = [{"baseline": name, **false_alarms(unshifted, baseline, fields)} for name, baseline in baselines.items()]
    report["ageing"] = []
    always_wrong = {sample for sample, judged in unshifted.items() if judged.confident_wrong}
    for ageing in AGEINGS_OF:
        for seed in range(ageings):
            order = [sample for sample in by_slide(tested, np.random.default_rng((_SEED, seed))) if sample not in always_wrong]
            order = order[:fields]
            shares = np.linspace(0.0, 1.0, len(order))
            run = [judge(root, sample, classifier, ageing, float(share)) for sample, share in zip(order, shares, strict=True)]
            report["ageing"] += [
                {"change": ageing.name, "order": seed + 1, "baseline": name, **told(run, baseline)}
                for name, baseline in baselines.items()
            ]
    return report


def judge(root: Path, sample: Sample, classifier: Classifier, ageing: Ageing | None = None, share: float = 0.0) -> Judged:
    """Judge a smear as the service does on a reference microscope, changed or as it is."""
    data = (root / sample.path).read_bytes()
    if ageing and share:
        data = encode_png(ageing.apply(decode(data), share))
    report = screen(data, None, classifier, draw=False).report
    result = report.result
    wrong = result is not None and result.decision is Decision.CONFIDENT and result.label != CLASS_NAMES[sample.label]
    return Judged(figures_of(report) or {}, wrong)


def told(run: Sequence[Judged], baseline: Baseline) -> dict[str, Any]:
    """At which field (from 1) alarm and suspension come, and how many confident wrong answers come before."""
    excess = largest_excess([judged.figures for judged in run], baseline)
    alarm, suspension = (int(np.argmax(excess > limit)) + 1 if excess.max() > limit else None for limit in (ALARM, SUSPENSION))
    wrong = [place for place, judged in enumerate(run, start=1) if judged.confident_wrong]
    return {
        "alarm": alarm,
        "suspension": suspension,
        "first_wrong": wrong[0] if wrong else None,
        "wrong": len(wrong),
        "wrong_before_alarm": sum(alarm is None or place < alarm for place in wrong),
        "wrong_before_suspension": sum(suspension is None or place < suspension for place in wrong),
    }


def largest_excess(fields: Sequence[Figures], baseline: Baseline) -> NDArray[np.float64]:
    """The chart's largest excess of any figure after each field: (n,), float64."""
    charted = [ChartedField(str(place), _BEGAN + timedelta(minutes=place), figures) for place, figures in enumerate(fields)]
    excesses = [line.excess for line in draw_chart(charted, baseline).lines.values()]
    return np.asarray(np.max(excesses, axis=0), np.float64)


def false_alarms(judged: Mapping[Sample, Judged], baseline: Baseline, fields: int) -> dict[str, list[float]]:
    """Shares of the orders that go beyond the alarm's and the suspension's limit, by how the orders are made."""
    samples = sorted(judged, key=lambda sample: sample.path)
    shares = {}
    for kind, make in (("any order", in_any_order), ("slide by slide", by_slide), ("one class, as filed", as_filed)):
        chance = np.random.default_rng(_SEED)
        orders = (make(samples, chance)[:fields] for _ in range(ORDERS))
        largest = np.array([largest_excess([judged[sample].figures for sample in order], baseline).max() for order in orders])
        shares[kind] = [float((largest > limit).mean()) for limit in (ALARM, SUSPENSION)]
    return shares


def in_any_order(samples: Sequence[Sample], chance: np.random.Generator) -> list[Sample]:
    """The samples in a random order."""
    return [samples[place] for place in chance.permutation(len(samples))]


def by_slide(samples: Sequence[Sample], chance: np.random.Generator) -> list[Sample]:
    """Slides in a random order, each slide's fields together."""
    slides = sorted({slide_of(sample) for sample in samples})
    ranks = dict(zip(slides, chance.permutation(len(slides)), strict=True))
    return sorted(in_any_order(samples, chance), key=lambda sample: int(ranks[slide_of(sample)]))


def as_filed(samples: Sequence[Sample], chance: np.random.Generator) -> list[Sample]:
    """The smears of one class in the data set's order, from anywhere on and round."""
    label = chance.choice(sorted({sample.label for sample in samples}))
    own = [sample for sample in samples if sample.label == label]
    start = int(chance.integers(len(own)))
    return own[start:] + own[:start]


def commissioning_sets(split: Any, groups: Mapping[str, str], count: int = DRAWS) -> list[list[Sample]]:
    """The draws of 60 unlabelled fields that profiles are fitted to."""
    return [draw(FULL, number, split, groups) for number in range(count)]
