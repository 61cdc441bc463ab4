"""Command line of the evaluation steps. They train nothing that is shipped, and need no earlier step."""

import argparse
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from training.data.dataset import Sample
    from training.data.split import Split
    from training.evidence.evaluated_artifact import EvaluatedArtifact

_SEED = 4420
_TITLES = {
    "evaluate": "the table of a part of its split",
    "probes": "splits, and probes beside it",
    "shifts": "shifts of stain, light and camera",
    "calibration": "calibration",
    "trust": "maps, refusals, decisions",
}

Step = Callable[["Evaluation", argparse.Namespace], None]


def add_steps(steps: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the steps to the command line; TensorFlow is imported only when one of them runs."""

    def add(name: str, step: Step, text: str, artifacts: str) -> argparse.ArgumentParser:
        parser = steps.add_parser(name, help=text, description=text)
        dataset = os.environ.get("HEMASCOPE_DATASET")
        parser.set_defaults(step=step, open=Evaluation.open)
        parser.add_argument("--dataset", type=Path, default=dataset, required=dataset is None, help="folder with Original/")
        parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder in which the splits are stored")
        output = parser.add_mutually_exclusive_group()
        output.add_argument("--json", action="store_true", help="print JSON")
        output.add_argument("--markdown", action="store_true", help="print Markdown, for the docs")
        if artifacts == "several":
            parser.add_argument(
                "--artifact",
                type=Path,
                action="append",
                help="folder of an artifact; repeat it to score one for each split (default: the newest artifact)",
            )
        elif artifacts == "one":
            parser.add_argument("--artifact", type=Path, action="append", help="folder of the artifact (default: the newest)")
            parser.add_argument("--figures", type=Path, help="write a figure into this folder")
        if artifacts != "none":
            parser.add_argument(
                "--card", action="store_true", help="also add the report to the (first) artifact's MODEL_CARD.md"
            )
        return parser

    add("splits", _splits, "make and store every split: random, duplicates, sessions, colours", "none")
    probes = add("probes", _probes, "score simple probes on every split, and compare an artifact with them", "several")
    probes.add_argument("--no-artifact", action="store_true", help="score the probes only")
    add("shifts", _shifts, "score an artifact under shifts of stain, light and camera", "one")
    add("calibration", _calibration, "measure the calibration of an artifact on held-out smears", "one")
    add(
        "trust",
        _trust,
        "validate an artifact's heat maps, its refusal of out-of-distribution pictures, its decisions and its prediction sets",
        "one",
    )
    from training.evidence.microscope_command import add_arguments, run_microscopes

    others = "simulate other microscopes, commission them from unlabelled fields, and judge them as served; resumable"
    add_arguments(add("microscopes", run_microscopes, others, "one"))
    evaluate = add("evaluate", _evaluate, "score an artifact, as served, on a data set of the same layout", "one")
    evaluate.add_argument("--views", type=int, choices=(1, 8), default=1, help="average over eight orientations; not served")
    smears = evaluate.add_mutually_exclusive_group()
    smears.add_argument(
        "--part", choices=("test", "validation", "train", "all"), default="test", help="part of the artifact's own split"
    )
    smears.add_argument(
        "--folder-only", action="store_true", help="score all smears of the folder; ignore the artifact's split"
    )


@dataclass(frozen=True)
class Evaluation:
    """A data set with what is stored about it: groups of overlapping fields, and the splits."""

    root: Path
    samples: "list[Sample]"
    folder: Path

    @classmethod
    def open(cls, options: argparse.Namespace) -> "Evaluation":
        """Read a data set; groups and splits are stored in a folder named by its fingerprint."""
        from training.data.dataset import fingerprint, read_dataset

        samples = read_dataset(options.dataset)
        return cls(options.dataset, samples, options.runs / "splits" / fingerprint(samples)[:12])

    @cached_property
    def groups(self) -> dict[str, str]:
        """Group of each smear, by path."""
        from training.data.duplicates import stored_groups

        return stored_groups(self.root, self.samples, self.folder / "groups.json")

    @cached_property
    def splits(self) -> "dict[str, Split]":
        """Every split by name."""
        from training.data.splits import stored_splits

        return stored_splits(self.root, self.samples, self.folder)

    def artifacts(self, options: argparse.Namespace) -> "list[EvaluatedArtifact]":
        """The artifacts that the command names, or the newest."""
        from hemascope_cli.project import artifact_folder
        from training.evidence.evaluated_artifact import EvaluatedArtifact

        return [EvaluatedArtifact.open(folder, self.samples) for folder in options.artifact or [artifact_folder(None)]]


def _splits(data: Evaluation, options: argparse.Namespace) -> None:
    from training.data.split import PARTS

    report = {}
    for name, split in data.splits.items():
        sizes = {part: len(split.part(part)) for part in PARTS}
        rest = {"excluded": len(data.samples) - sum(sizes.values()), "rule": split.rule, "digest": split.digest}
        report[name] = sizes | rest
    _show("splits", data, options, [], {"splits": report})


def _probes(data: Evaluation, options: argparse.Namespace) -> None:
    from training.data.split import without_copies
    from training.evidence.cell_background_ablation import measure_cell_background_ablation
    from training.evidence.probe_comparison import compare_with_probes

    artifacts = [] if options.no_artifact else data.artifacts(options)
    ablation = None
    if artifacts and artifacts[0].split:
        unseen = without_copies(artifacts[0].split.test)
        ablation = measure_cell_background_ablation(artifacts[0].classifier, data.root, unseen)
    report = {
        "kinds": compare_with_probes(data.root, data.samples, data.splits, data.groups, artifacts),
        "cell_background_ablation": ablation,
        "splits": {name: split.digest for name, split in data.splits.items()},
    }
    _show("probes", data, options, artifacts, report)


def _shifts(data: Evaluation, options: argparse.Namespace) -> None:
    from training.evidence.figures import draw_shifts
    from training.evidence.shift_robustness import measure_shifts

    (artifact,) = data.artifacts(options)
    samples, about = artifact.part(data.samples, "test")
    rows = measure_shifts(artifact.classifier, data.root, samples, data.groups)
    if options.figures:
        draw_shifts(rows, f"Shifts of stain, light and camera, {len(samples)} smears", options.figures / "shifts.png")
    _show("shifts", data, options, [artifact], {"smears": about, "shifts": rows})


def _calibration(data: Evaluation, options: argparse.Namespace) -> None:
    from training.evidence.figures import draw_reliability
    from training.evidence.reliability import measure_calibration

    (artifact,) = data.artifacts(options)
    samples, about = artifact.part(data.samples, "test")
    result = measure_calibration(artifact.classifier, data.root, samples, data.groups)
    if options.figures:
        draw_reliability(result, f"Reliability, {len(samples)} smears", options.figures / "reliability.png")
    _show("calibration", data, options, [artifact], {"smears": about, "result": result})


def _trust(data: Evaluation, options: argparse.Namespace) -> None:
    import numpy as np

    from training.data.split import without_copies
    from training.evidence.decisions import measure_coverage, measure_decisions, measure_refusals
    from training.evidence.map_check import measure_maps_of

    (artifact,) = data.artifacts(options)
    classifier = artifact.classifier
    samples, about = artifact.part(data.samples, "test")
    order = np.random.default_rng(_SEED).permutation(len(samples))
    unseen = without_copies([*samples, *(artifact.split.validation if artifact.split else ())])
    report = {
        "smears": about,
        **measure_maps_of(classifier, data.root, [samples[number] for number in order]),
        "refusals": measure_refusals(classifier, data.root / "OtherLab"),
        "decisions": measure_decisions(classifier, data.root, samples),
        "coverage": measure_coverage(classifier, data.root, unseen),
    }
    _show("trust", data, options, [artifact], report)


def _evaluate(data: Evaluation, options: argparse.Namespace) -> None:
    from training.evidence.evaluate import evaluate
    from training.evidence.figures import draw_confusion_matrix

    (artifact,) = data.artifacts(options)
    samples, about = artifact.part(data.samples, None if options.folder_only else options.part)
    result = evaluate(artifact.classifier, data.root, samples, data.groups, options.views)
    if options.figures:
        draw_confusion_matrix(result["confusion_matrix"], f"{len(samples)} smears", options.figures / "confusion_matrix.png")
    flags = " --folder-only" if options.folder_only else "" if options.part == "test" else f" --part {options.part}"
    flags += f" --views {options.views}" if options.views > 1 else ""
    _show(f"evaluate{flags}", data, options, [artifact], {"smears": about, "result": result})


def _show(
    step: str,
    data: Evaluation,
    options: argparse.Namespace,
    artifacts: "Sequence[EvaluatedArtifact]",
    result: Mapping[str, Any],
) -> None:
    """Print a result with the command, data set and artifacts that reproduce it; add it to the model card if asked to."""
    from training.data.dataset import fingerprint
    from training.evidence import reports
    from training.export.card import add_evidence

    report = {
        "command": f"python -m training {step} --dataset DIR" + " --artifact DIR" * len(artifacts),
        "dataset": fingerprint(data.samples),
        "artifacts": [_reference(artifact) for artifact in artifacts],
        **result,
    }
    name = step.partition(" ")[0]
    write = getattr(reports, name)
    if artifacts and options.card:
        add_evidence(artifacts[0].classifier.artifact.folder, _TITLES[name], write(report, markdown=True))
    print(json.dumps(report, indent=1, default=asdict) if options.json else write(report, markdown=options.markdown))


def _reference(artifact: "EvaluatedArtifact") -> dict[str, Any]:
    manifest = artifact.classifier.artifact.manifest
    reference = artifact.classifier.artifact.reference
    return {
        "id": reference.id,
        "version": reference.version,
        "sha256": reference.sha256,
        "split": manifest.data.get("split_sha256"),
    }
