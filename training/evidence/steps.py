"""The steps that say what an accuracy is worth. They train nothing that is shipped and need no run to go on from."""

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

_SEED = 4420
_TITLES = {
    "evaluate": "the table of a part of its split",
    "probes": "splits, and probes beside it",
    "shifts": "shifts of stain, light and camera",
    "calibration": "calibration",
    "trust": "maps, refusals, decisions",
}


def add_steps(steps: Any) -> None:
    """Add the steps to the command line; nothing heavy is imported before one of them runs."""

    def add(name: str, step: Any, text: str, artifacts: str) -> argparse.ArgumentParser:
        one: argparse.ArgumentParser = steps.add_parser(name, help=text, description=text)
        dataset = os.environ.get("HEMASCOPE_DATASET")
        one.set_defaults(step=step, open=Evidence.open)
        one.add_argument("--dataset", type=Path, default=dataset, required=dataset is None, help="folder with Original/")
        one.add_argument("--runs", type=Path, default=Path("runs"), help="where the splits are stored")
        how = one.add_mutually_exclusive_group()
        how.add_argument("--json", action="store_true", help="print JSON")
        how.add_argument("--markdown", action="store_true", help="print Markdown, for the docs")
        if artifacts == "several":
            one.add_argument(
                "--artifact", type=Path, action="append", help="may be given once for each split that a model was trained on"
            )
        elif artifacts == "one":
            one.add_argument("--artifact", type=Path, action="append", help="folder of the artifact (default: the newest)")
            one.add_argument("--figures", type=Path, help="folder for a figure")
        if artifacts != "none":
            one.add_argument("--card", action="store_true", help="write it into the (first) artifact's MODEL_CARD.md too")
        return one

    add("splits", _splits, "make and store every split: random, duplicates, sessions, colours", "none")
    probes = add("probes", _probes, "what simple probes reach on every split, beside an artifact", "several")
    probes.add_argument("--no-artifact", action="store_true", help="the probes alone")
    add("shifts", _shifts, "score an artifact under shifts of stain, light and camera", "one")
    add("calibration", _calibration, "judge an artifact's confidence on held-out smears", "one")
    add(
        "trust",
        _trust,
        "maps beside gradients and under occlusion, out-of-distribution pictures refused, decisions and sets on unseen smears",
        "one",
    )
    evaluate = add("evaluate", _evaluate, "score an artifact, as served, on any folder of that layout", "one")
    evaluate.add_argument("--views", type=int, choices=(1, 8), default=1, help="average over eight ways to lie; not served")
    what = evaluate.add_mutually_exclusive_group()
    what.add_argument("--part", choices=("test", "validation", "train", "all"), default="test", help="of the artifact's split")
    what.add_argument("--folder-only", action="store_true", help="all smears of the folder, whatever the artifact's split says")


@dataclass(frozen=True)
class Evidence:
    """A data set with everything that is stored about it: which smears belong together, and the splits."""

    root: Path
    samples: list[Any]
    folder: Path

    @classmethod
    def open(cls, options: argparse.Namespace) -> "Evidence":
        """Read a data set; what is stored about it lies in a folder of its own."""
        from training.data.dataset import fingerprint, read_dataset

        samples = read_dataset(options.dataset)
        return cls(options.dataset, samples, options.runs / "splits" / fingerprint(samples)[:12])

    @cached_property
    def groups(self) -> dict[str, str]:
        """Group of each smear."""
        from training.data.duplicates import stored_groups

        return stored_groups(self.root, self.samples, self.folder / "groups.json")

    @cached_property
    def splits(self) -> dict[str, Any]:
        """Every split by name."""
        from training.data.splits import stored_splits

        return stored_splits(self.root, self.samples, self.folder)

    def candidates(self, options: argparse.Namespace) -> list[Any]:
        """The artifacts that the command names, or the newest."""
        from hemascope_cli.project import artifact_folder
        from training.evidence.candidate import Candidate

        return [Candidate.open(folder, self.samples) for folder in options.artifact or [artifact_folder(None)]]


def _splits(data: Evidence, options: argparse.Namespace) -> None:
    from training.data.split import PARTS

    report = {}
    for name, split in data.splits.items():
        sizes = {part: len(split.part(part)) for part in PARTS}
        rest = {"excluded": len(data.samples) - sum(sizes.values()), "rule": split.rule, "digest": split.digest}
        report[name] = sizes | rest
    _show("splits", data, options, [], {"splits": report})


def _probes(data: Evidence, options: argparse.Namespace) -> None:
    from training.data.split import without_copies
    from training.evidence.cell_background_ablation import measure_cell_background_ablation
    from training.evidence.probe_report import probe

    candidates = [] if options.no_artifact else data.candidates(options)
    report = {
        "kinds": probe(data.root, data.samples, data.splits, data.groups, candidates),
        "cell_background_ablation": measure_cell_background_ablation(
            candidates[0].classifier, data.root, without_copies(candidates[0].split.test)
        )
        if candidates
        else None,
        "splits": {name: split.digest for name, split in data.splits.items()},
    }
    _show("probes", data, options, candidates, report)


def _shifts(data: Evidence, options: argparse.Namespace) -> None:
    from training.evidence.figures import draw_shifts
    from training.evidence.shift_report import measure_shifts

    (candidate,) = data.candidates(options)
    samples, about = candidate.part(data.samples, "test")
    rows = measure_shifts(candidate.classifier, data.root, samples, data.groups)
    if options.figures:
        draw_shifts(rows, f"Shifts of stain, light and camera, {len(samples)} smears", options.figures / "shifts.png")
    _show("shifts", data, options, [candidate], {"smears": about, "shifts": rows})


def _calibration(data: Evidence, options: argparse.Namespace) -> None:
    from training.evidence.figures import draw_reliability
    from training.evidence.reliability import measure_calibration

    (candidate,) = data.candidates(options)
    samples, about = candidate.part(data.samples, "test")
    found = measure_calibration(candidate.classifier, data.root, samples, data.groups)
    if options.figures:
        draw_reliability(found, f"Reliability, {len(samples)} smears", options.figures / "reliability.png")
    _show("calibration", data, options, [candidate], {"smears": about, "result": found})


def _trust(data: Evidence, options: argparse.Namespace) -> None:
    import numpy as np

    from training.data.split import without_copies
    from training.evidence.map_check import measure_maps_of
    from training.evidence.trust_report import measure_coverage, measure_decisions, measure_refusals

    (candidate,) = data.candidates(options)
    classifier = candidate.classifier
    samples, about = candidate.part(data.samples, "test")
    order = np.random.default_rng(_SEED).permutation(len(samples))
    unseen = without_copies([*samples, *(candidate.split.validation if candidate.split else ())])
    report = {
        "smears": about,
        **measure_maps_of(classifier, data.root, [samples[one] for one in order]),
        "refusals": measure_refusals(classifier, data.root / "OtherLab"),
        "decisions": measure_decisions(classifier, data.root, samples),
        "coverage": measure_coverage(classifier, data.root, unseen),
    }
    _show("trust", data, options, [candidate], report)


def _evaluate(data: Evidence, options: argparse.Namespace) -> None:
    from training.evidence.evaluate import evaluate
    from training.evidence.figures import draw_confusion_matrix

    (candidate,) = data.candidates(options)
    samples, about = candidate.part(data.samples, None if options.folder_only else options.part)
    found = evaluate(candidate.classifier, data.root, samples, data.groups, options.views)
    if options.figures:
        draw_confusion_matrix(found["confusion_matrix"], f"{len(samples)} smears", options.figures / "confusion_matrix.png")
    how = " --folder-only" if options.folder_only else "" if options.part == "test" else f" --part {options.part}"
    how += f" --views {options.views}" if options.views > 1 else ""
    _show(f"evaluate{how}", data, options, [candidate], {"smears": about, "result": found})


def _show(step: str, data: Evidence, options: argparse.Namespace, candidates: Sequence[Any], found: Mapping[str, Any]) -> None:
    """Print what was found, beside what it takes to find it again."""
    from training.data.dataset import fingerprint
    from training.evidence import tables_of_evidence as evidence_text
    from training.export.card import add_evidence

    report = {
        "command": f"python -m training {step} --dataset DIR" + " --artifact DIR" * len(candidates),
        "dataset": fingerprint(data.samples),
        "artifacts": [_reference(candidate) for candidate in candidates],
        **found,
    }
    if candidates and options.card:
        write = getattr(evidence_text, step.split()[0])
        add_evidence(candidates[0].classifier.artifact.folder, _TITLES[step.split()[0]], write(report, markdown=True))
    if options.json:
        print(json.dumps(report, indent=1, default=asdict))
    else:
        print(getattr(evidence_text, step.split()[0])(report, markdown=options.markdown))


def _reference(candidate: Any) -> dict[str, Any]:
    manifest = candidate.classifier.artifact.manifest
    reference = candidate.classifier.artifact.reference
    return {
        "id": reference.id,
        "version": reference.version,
        "sha256": reference.sha256,
        "split": manifest.data.get("split_sha256"),
    }
