"""The step ``python -m training microscopes``: the evidence for any microscope."""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from training.data.dataset import Sample
    from training.evidence.commands import Evaluation
    from training.evidence.evaluated_artifact import EvaluatedArtifact
    from training.evidence.microscopes import Laboratory, Trial

PARTS = ("colours", "fewer", "ruler", "tiles", "light", "foreign", "drift")
_FEWER_SMEARS = 3  # every third smear is judged where fields are fewer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the step, beside those of every evaluation."""
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="parts of the evidence (default: all)")
    parser.add_argument("--white-cells", type=Path, help="folder with chula/: fields of a strange microscope")
    parser.add_argument("--workers", type=int, default=1, help="processes for simulated microscopes")
    parser.add_argument("--draws", type=int, default=5, help="commissioning draws of each kind")
    parser.add_argument("--smears", type=int, help="judge at most so many smears, for a quick look (default: all unseen ones)")
    parser.add_argument("--foreign", type=int, help="judge at most so many pictures of each source (default: all)")
    parser.add_argument("--shifts", nargs="+", help="names of shifts (default: all)")
    parser.add_argument("--out", type=Path, help="also write the report as JSON and Markdown into this folder")


def run_microscopes(data: "Evaluation", options: argparse.Namespace) -> None:
    """Measure, print and store the parts that were asked for."""
    from training.evidence import microscope_report

    (artifact,) = data.artifacts(options)
    report = measure(data, artifact, options)
    shown = microscope_report.microscopes(report, markdown=options.markdown)
    if options.card:
        from training.export.card import add_evidence

        text = microscope_report.microscopes(report, markdown=True)
        add_evidence(artifact.classifier.artifact.folder, "other microscopes", text)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "microscopes.json").write_text(json.dumps(report, indent=1) + "\n")
        (options.out / "microscopes.md").write_text(microscope_report.microscopes(report, markdown=True) + "\n")
    print(json.dumps(report, indent=1) if options.json else shown)


def measure(data: "Evaluation", artifact: "EvaluatedArtifact", options: argparse.Namespace) -> dict[str, Any]:
    """The report: a dict that JSON can hold."""
    from training.data.dataset import fingerprint
    from training.evidence import microscope_drift, microscope_foreign, microscope_light, microscope_scale, microscopes

    samples, about = artifact.part(data.samples, "test")
    tested = _spread(samples, options.smears)
    folder = artifact.classifier.artifact.folder
    laboratory = microscopes.Laboratory(data.root, folder, options.runs / "microscopes")
    reference = artifact.classifier.artifact.reference
    report: dict[str, Any] = {
        "command": "python -m training microscopes --dataset DIR --white-cells DIR",
        "dataset": fingerprint(data.samples),
        "artifact": reference.model_dump(),
        "smears": about,
        "judged": len(tested),
    }
    if "colours" in options.parts:
        trials = _trials(data, artifact, options, tested)
        report["colours"] = _by_shift(laboratory, trials, options.workers)
        report["equal_reports"] = microscopes.equal_reports(laboratory, tested)
    if "fewer" in options.parts:
        few = _spread(tested, max(1, len(tested) // _FEWER_SMEARS))
        report["fewer"] = _by_shift(laboratory, _fewer_trials(data, artifact, options, few), options.workers)
        report["fewer_judged"] = len(few)
    if "ruler" in options.parts:
        report["ruler"] = microscope_scale.measure_ruler(data.root, tested, options.white_cells)
    if "tiles" in options.parts:
        report["tiles"] = microscope_scale.measure_tiles(artifact, data.root, tested)
    if "drift" in options.parts:
        drawn = microscope_drift.commissioning_sets(_split(artifact), data.groups, options.draws)
        report["drift"] = microscope_drift.measure_drift(data.root, artifact.classifier, tested, drawn)
    if "light" in options.parts and options.white_cells:
        report["light"] = microscope_light.measure_light(artifact.classifier, options.white_cells)
    if "foreign" in options.parts:
        sources = microscope_foreign.find_foreign_sources(data.root / "OtherLab", options.white_cells, options.foreign)
        report["foreign"] = [microscope_foreign.measure_foreign_source(found, artifact.classifier) for found in sources]
    return report


def _trials(
    data: "Evaluation", artifact: "EvaluatedArtifact", options: argparse.Namespace, tested: "Sequence[Sample]"
) -> "list[Trial]":
    from training.evidence.commissioning_draws import FULL, draw
    from training.evidence.microscopes import CONDITIONS, Trial

    names = options.shifts or [shift.name for shift in CONDITIONS]
    drawn = [tuple(draw(FULL, number, _split(artifact), data.groups)) for number in range(options.draws)]
    judged = tuple(tested)
    uncorrected = [Trial(name, judged) for name in names]
    return uncorrected + [Trial(name, judged, FULL, number, fields) for number, fields in enumerate(drawn) for name in names]


def _fewer_trials(
    data: "Evaluation", artifact: "EvaluatedArtifact", options: argparse.Namespace, tested: "Sequence[Sample]"
) -> "list[Trial]":
    from training.evidence.commissioning_draws import KINDS, draw
    from training.evidence.microscopes import FEWER, Trial

    names = options.shifts or FEWER
    split = _split(artifact)
    return [
        Trial(name, tuple(tested), kind, number, tuple(draw(kind, number, split, data.groups)))
        for kind in KINDS
        for number in range(options.draws)
        for name in names
    ]


def _split(artifact: "EvaluatedArtifact") -> Any:
    if artifact.split is None:
        raise ValueError("expected an artifact that was trained on this data set, received one of another")
    return artifact.split


def _by_shift(laboratory: "Laboratory", trials: "Sequence[Trial]", workers: int) -> list[Mapping[str, Any]]:
    from training.evidence.microscopes import run_trials

    return list(run_trials(laboratory, trials, workers))


def _spread(samples: "Sequence[Sample]", count: int | None) -> "list[Sample]":
    """At most so many samples, from all over the list."""
    if count is None or count >= len(samples):
        return list(samples)
    return [samples[place * len(samples) // count] for place in range(count)]
