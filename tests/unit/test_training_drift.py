"""The evidence on drift: orders, simulated changes, delays and their tables."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from hemascope.domain.drift import DriftFigure
from hemascope.imaging.overlay import encode_png
from hemascope.imaging.photographed import photographed_figures
from hemascope.imaging.synthetic import draw_synthetic_smear
from hemascope.model.artifact import load_artifact
from hemascope.model.classifier import Classifier
from tests.support.drifting import BASELINE
from training.data.dataset import Sample
from training.evidence.commissioning_draws import slide_of
from training.evidence.drift_report import drift_parts
from training.evidence.microscope_drift import (
    AGEINGS_OF,
    Ageing,
    Judged,
    as_filed,
    by_slide,
    false_alarms,
    in_any_order,
    judge,
    measure_drift,
    told,
)

SAMPLES = [
    Sample(f"smear-{label}-{number:03}.png", label, f"{label}-{number}") for label in range(4) for number in range(0, 60, 5)
]


@pytest.mark.parametrize("make", [in_any_order, by_slide])
def test_an_order_holds_every_smear_once(make: Callable[..., list[Sample]]) -> None:
    order = make(SAMPLES, np.random.default_rng(1))

    assert order != SAMPLES
    assert sorted(order, key=lambda sample: sample.path) == SAMPLES


def test_slide_by_slide_keeps_a_slides_fields_together() -> None:
    slides = [slide_of(sample) for sample in by_slide(SAMPLES, np.random.default_rng(1))]

    assert sum(one != other for one, other in pairwise(slides)) == len(set(slides)) - 1


def test_as_filed_is_one_class_in_its_order_round() -> None:
    order = as_filed(SAMPLES, np.random.default_rng(3))

    places = [SAMPLES.index(sample) for sample in order]
    assert len({sample.label for sample in order}) == 1
    assert sum(later < earlier for earlier, later in pairwise(places)) <= 1


@pytest.mark.parametrize("ageing", AGEINGS_OF, ids=lambda ageing: ageing.name)
def test_a_change_begins_at_nothing_and_grows(ageing: Ageing) -> None:
    smear = draw_synthetic_smear(7, side=224)

    away = [np.abs(ageing.apply(smear, share).astype(int) - smear).mean() for share in (0.0, 0.3, 1.0)]

    assert away[0] == 0.0
    assert 0.0 < away[1] < away[2]


def test_an_ageing_lamp_is_darker_and_redder() -> None:
    smear = draw_synthetic_smear(7, side=224)

    before, after = (photographed_figures(AGEINGS_OF[0].apply(smear, share)) for share in (0.0, 1.0))

    assert after.light < before.light - 10
    assert after.warmth > before.warmth + 20


def run_of(lights: list[float], wrong: set[int]) -> list[Judged]:
    return [Judged({DriftFigure.LIGHT: light}, place in wrong) for place, light in enumerate(lights, start=1)]


def test_delays_are_counted_from_the_first_field() -> None:
    found = told(run_of([-3.0] * 40, {5, 12, 30}), BASELINE)

    assert found == {
        "alarm": 10,
        "suspension": 14,
        "first_wrong": 5,
        "wrong": 3,
        "wrong_before_alarm": 1,
        "wrong_before_suspension": 2,
    }


def test_what_is_never_told_has_every_wrong_answer_before_it() -> None:
    found = told(run_of([-1.0] * 20, {7}), BASELINE)

    assert (found["alarm"], found["suspension"], found["wrong_before_alarm"], found["wrong_before_suspension"]) == (
        None,
        None,
        1,
        1,
    )


@pytest.mark.parametrize(("light", "share"), [(-1.0, 0.0), (-9.0, 1.0)])
def test_false_alarms_are_shares_of_the_orders(light: float, share: float) -> None:
    judged = {sample: Judged({DriftFigure.LIGHT: light}, False) for sample in SAMPLES}

    found = false_alarms(judged, BASELINE, 300)

    assert found == {kind: [share, share] for kind in ("any order", "slide by slide", "one class, as filed")}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, root: Path) -> tuple[Path, Classifier]:
    folder = tmp_path_factory.mktemp("smears")
    for number, sample in enumerate(SAMPLES):
        (folder / sample.path).write_bytes(encode_png(draw_synthetic_smear(number, side=224)))
    return folder, Classifier(load_artifact(max((root / "model_artifacts" / "all-subtypes").iterdir())))


def test_a_share_of_nothing_judges_the_file_as_it_is(small: tuple[Path, Classifier]) -> None:
    folder, classifier = small

    assert judge(folder, SAMPLES[0], classifier, AGEINGS_OF[0], 0.0) == judge(folder, SAMPLES[0], classifier)
    assert judge(folder, SAMPLES[0], classifier, AGEINGS_OF[0], 1.0).figures != judge(folder, SAMPLES[0], classifier).figures


@pytest.mark.parametrize("markdown", [True, False])
def test_the_whole_part_in_small(small: tuple[Path, Classifier], markdown: bool) -> None:
    folder, classifier = small

    report = measure_drift(folder, classifier, SAMPLES[:6], [SAMPLES[6:12], SAMPLES[12:18]], ageings=1, fields=6)
    text = "\n".join(drift_parts(report, markdown=markdown))

    assert [row["baseline"] for row in report["false"]] == ["reference", "6 fields, draw 1", "6 fields, draw 2"]
    assert len(report["ageing"]) == len(AGEINGS_OF) * 3
    assert "lamp dims and reddens" in text
    assert "in 2" in text
