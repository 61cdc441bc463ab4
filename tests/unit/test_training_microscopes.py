import argparse
from pathlib import Path

import numpy as np
import pytest

from hemascope.imaging.overlay import encode_png
from hemascope.imaging.synthetic import draw_synthetic_smear
from training.data.dataset import Sample
from training.data.device_shifts import COMBINATIONS, INDEPENDENT
from training.data.shifts import Shift
from training.data.split import Split
from training.evidence import microscope_report, microscopes
from training.evidence.commissioning_draws import FULL, KINDS, UNCOUNTED, Kind, draw, of_other_slides, slide_of
from training.evidence.microscopes import Laboratory, Trial, equal_reports, run_trial, run_trials


def sample(label: int, number: int) -> Sample:
    return Sample(f"Original/class-{label}/smear-{number:03}.jpg", label, f"{label}-{number}")


@pytest.fixture(scope="module")
def split() -> Split:
    whole = [sample(label, number) for label in range(4) for number in range(300)]
    parts: dict[str, list[Sample]] = {"train": [], "test": [], "validation": []}
    for place, one in enumerate(whole):
        parts[("test", "validation", "train", "train")[place % 4]].append(one)
    return Split(tuple(parts["train"]), tuple(parts["test"]), tuple(parts["validation"]), 1, "0" * 64)


@pytest.fixture(scope="module")
def groups(split: Split) -> dict[str, str]:
    """Every field alone, but that the first validation smear shows the field of a tested one."""
    alone = {one.path: one.path for part in ("train", "test", "validation") for one in split.part(part)}
    return alone | {split.validation[0].path: split.test[0].path}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("number", range(5))
def test_no_drawn_field_is_judged_or_shows_a_field_that_is(
    kind: Kind, number: int, split: Split, groups: dict[str, str]
) -> None:
    drawn = draw(kind, number, split, groups)

    assert len(drawn) == len(set(drawn)) == kind.fields
    assert not set(drawn) & set(split.test)
    assert split.validation[0] not in drawn
    assert drawn == draw(kind, number, split, groups)
    assert drawn == sorted(drawn, key=lambda one: one.path)


def test_draws_differ_and_are_of_what_they_say(split: Split, groups: dict[str, str]) -> None:
    by_name = {kind.name: kind for kind in KINDS}

    assert draw(FULL, 0, split, groups) != draw(FULL, 1, split, groups)
    assert [{one.label for one in draw(by_name["one class"], number, split, groups)} for number in range(5)] == [
        {0},
        {1},
        {2},
        {3},
        {0},
    ]
    assert len({slide_of(one) for one in draw(by_name["10 neighbours"], 2, split, groups)}) <= 2
    assert len({slide_of(one) for one in draw(FULL, 0, split, groups)}) >= 20


def test_only_draws_that_commissioning_would_count_have_its_limits() -> None:
    assert [kind.limits == UNCOUNTED for kind in KINDS] == [False, False, True, True, True]


def test_smears_of_the_slides_that_were_drawn_are_told_apart() -> None:
    assert of_other_slides([sample(0, 3), sample(0, 25), sample(1, 3)], [sample(0, 19)]).tolist() == [False, True, True]


@pytest.mark.parametrize("shift", [*COMBINATIONS, *INDEPENDENT], ids=lambda shift: shift.name)
def test_a_simulated_device_changes_a_smear_and_keeps_its_shape(shift: Shift) -> None:
    smear = draw_synthetic_smear(7, side=224)

    seen = shift.apply(smear)

    assert (seen.shape, seen.dtype) == (smear.shape, np.uint8)
    assert 1.0 < np.abs(seen.astype(int) - smear).mean() < 60.0


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Laboratory:
    folder = tmp_path_factory.mktemp("laboratory")
    for number in range(12):
        (folder / f"smear-{number}.png").write_bytes(encode_png(draw_synthetic_smear(number, side=224, cells=4 + number % 8)))
    artifact = max((root / "model_artifacts" / "all-subtypes").iterdir())
    return Laboratory(folder, artifact, folder / "results")


SMEARS = tuple(Sample(f"smear-{number}.png", 2, str(number)) for number in range(12))


def test_a_trial_is_measured_once(laboratory: Laboratory, monkeypatch: pytest.MonkeyPatch) -> None:
    trial = Trial("hue +15 degrees", SMEARS[:2])

    (first,) = run_trials(laboratory, [trial])
    monkeypatch.setattr(microscopes, "_measure", None)

    assert run_trial(laboratory, trial) == first
    assert first["kind"] == "uncorrected"
    assert 0.0 <= first["right"] <= 1.0


def test_a_trial_that_commissioning_refuses_has_its_reasons_and_no_shares(laboratory: Laboratory) -> None:
    refused = run_trial(laboratory, Trial("brightness +15 %", SMEARS[:2], Kind("ten", 10, "class"), 0, SMEARS[2:]))

    assert "clipped" in refused["refused"]
    assert "Lower the exposure" in refused["message"]
    assert refused["right"] is refused["confident_wrong"] is None


def test_reports_without_a_profile_equal_those_with_the_identity(laboratory: Laboratory) -> None:
    assert equal_reports(laboratory, SMEARS[:3]) == 3


def row(shift: str, kind: str, right: float, refused: tuple[str, ...] = (), **more: object) -> dict:
    shares = {"right": right, "confident_wrong": 0.01, "confident": 0.9, "right_other_slides": right}
    nothing = dict.fromkeys(shares) | {"message": "Lower the exposure."}
    return {"shift": shift, "kind": kind, "refused": list(refused), "map": "mk"} | (nothing if refused else shares) | more


@pytest.mark.parametrize("markdown", [True, False])
def test_the_report_shows_medians_and_why_commissioning_refused(markdown: bool) -> None:
    colours = [row("warm", "uncorrected", 0.3), *(row("warm", "60 fields", right) for right in (0.99, 0.97, 1.0))]
    colours += [row("cold", "uncorrected", 0.4), row("cold", "60 fields", 0.0, ("clipped",))]
    report = {
        "command": "python -m training microscopes",
        "dataset": "0" * 64,
        "artifact": {"id": "all-subtypes", "version": "1.0.1", "sha256": "1" * 64},
        "smears": "The test part.",
        "judged": 517,
        "colours": colours,
        "equal_reports": 517,
        "fewer": [row("warm", "10 fields", 0.5), row("warm", "10 fields", 0.8), row("warm", "10 fields", 0.0, ("unlike",))],
        "fewer_judged": 172,
    }

    text = microscope_report.microscopes(report, markdown=markdown)

    assert "99.0 / 1.0" in text
    assert "1 of 1" in text
    assert "Refused, cold: Lower the exposure." in text
    assert "50.0 / 1.0 (1 of 3)" in text
    assert ("| --- " in text or "| ---" in text) is markdown


@pytest.mark.dataset
def test_the_whole_step_in_its_small_mode(dataset: Path, tmp_path: Path, root: Path) -> None:
    from training.evidence.commands import Evaluation
    from training.evidence.microscope_command import measure

    options = argparse.Namespace(
        dataset=dataset, runs=tmp_path, artifact=None, shifts=["hue +15 degrees"], draws=1, smears=24,
        parts=["colours", "ruler", "tiles"], white_cells=None, workers=1,
    )  # fmt: skip
    data = Evaluation.open(options)

    report = measure(data, data.artifacts(options)[0], options)

    uncorrected, profiled = report["colours"]
    assert uncorrected["right"] < 0.85
    assert profiled["right"] >= 0.95
    assert profiled["map"].startswith("mix")
    assert report["equal_reports"] == 24
    assert report["ruler"]["sources"][0]["microscope_error"] < 0.1
    assert report["ruler"]["silent"]["read"] <= 2
    assert report["tiles"]["mosaics"][0]["right"] >= 0.8
    assert "hue +15 degrees" in microscope_report.microscopes(report, markdown=True)
