"""Runs experiments of the registry on the stored split, and their cross-validation; prints and stores tables and figures."""

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from training.data.duplicates import stored_groups
from training.data.split import PARTS, Split
from training.data.training_data import TrainingData
from training.experiments.backbone_weights import backbones_of, found_weights, pretrained_on_fold, recipe
from training.experiments.engine import Engine, machine
from training.experiments.examples import FeatureSource
from training.experiments.figures import draw_confusions, draw_intervals
from training.experiments.folds import Scheme, cross_validate, fold_scheme, make_folds
from training.experiments.heads import HeadSettings
from training.experiments.registry import STUDY, Row
from training.experiments.tables import class_table, cost_table, folds_table, matrix_table
from training.networks.handmade import HANDMADE


def engine_for(data: TrainingData, weights: Mapping[str, str], runs: Path, copies: int, settings: HeadSettings) -> Engine:
    """An engine that keeps features, duplicate groups and results in ``runs``."""
    samples = [sample for name in PARTS for sample in data.split.part(name)]
    groups = stored_groups(data.root, samples, runs / "splits" / "groups.json")
    return Engine(FeatureSource(data, weights, runs / "features", copies), groups, runs / "matrix" / "results", settings)


def runnable(rows: Sequence[Row], weights: Mapping[str, str]) -> list[Row]:
    """The experiments whose backbones all have weights."""
    return [row for row in rows if all(name == HANDMADE or name in weights for name in row.backbones)]


def run_matrix(engine: Engine, rows: Sequence[Row], folder: Path) -> str:
    """Run the experiments whose backbones have weights; write JSON, Markdown and two figures; return the Markdown."""
    began = time.perf_counter()
    weights = engine.source.weights
    results: dict[str, dict[str, Any]] = {}
    for row in runnable(rows, weights):
        results[row.name] = engine.run(row, engine.source.data.split)
        accuracy = results[row.name]["test"]["accuracy"][0]
        print(f"{row.name}: {100 * accuracy:.2f} %", flush=True)
    recipes = {name: recipe(weights[name]) for name in backbones_of(rows) if name in weights}
    text = "\n\n".join(
        [
            _heading(engine),
            matrix_table(rows, results),
            _about_related_smears(engine),
            "By class:",
            class_table(rows, results),
            "Origin of the weights, and computing time (cached features took none):",
            cost_table(rows, results, recipes),
        ]
    )
    folder.mkdir(parents=True, exist_ok=True)
    stored = {
        "machine": machine(),
        "seconds": round(time.perf_counter() - began, 1),
        "recipes": recipes,
        "rows": {
            row.name: results[row.name] | {"published": row.published, "source": row.source}
            for row in rows
            if row.name in results
        },
        "not_run": [row.name for row in rows if row.name not in results],
    }
    (folder / "matrix.json").write_text(json.dumps(stored, indent=1) + "\n")
    (folder / "matrix.md").write_text(text + "\n")
    if results:
        draw_intervals(rows, results, folder / "matrix_accuracy.png")
        study = [row for row in rows if row.source == STUDY and not row.twins_leaked and row.name in results]
        draw_confusions(study or rows, results, folder / "matrix_confusion.png")
    return text


def run_folds(
    engine: Engine, rows: Sequence[Row], counts: Sequence[int], folder: Path, pretrain_epochs: int | None = None
) -> str:
    """Cross-validate experiments; write ``folds.json`` and ``folds.md``; return the Markdown.

    ``pretrain_epochs`` pretrains the backbones anew in every fold.
    """
    data, weights = engine.source.data, engine.source.weights
    summaries = []
    for row in rows if pretrain_epochs else runnable(rows, weights):
        scheme: Scheme = "pretrain" if pretrain_epochs else fold_scheme(row, weights)
        for count in counts:
            folds = make_folds(data.split, engine.groups, count, scheme)

            def own_weights(number: int, fold: Split, row: Row = row, count: int = count) -> Mapping[str, str]:
                assert pretrain_epochs
                return pretrained_on_fold(
                    data, fold, backbones_of([row]), folder / f"fold-{number}-of-{count}", pretrain_epochs
                )

            summaries.append(cross_validate(engine, row, folds, own_weights if pretrain_epochs else None) | {"scheme": scheme})
            print(f"{row.name}, {count} folds: {100 * summaries[-1]['accuracy']['mean']:.2f} %", flush=True)
    text = f"{_heading(engine)}\n\n{folds_table(summaries)}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "folds.json").write_text(json.dumps({"machine": machine(), "summaries": summaries}, indent=1) + "\n")
    (folder / "folds.md").write_text(text + "\n")
    return text


def weights_for(rows: Sequence[Row], named: Mapping[str, str], runs: Path) -> tuple[dict[str, str], list[str]]:
    """Weights of the experiments' backbones, and the names of the backbones that have none."""
    needed = backbones_of(rows)
    weights = found_weights(needed, named, runs)
    return weights, [name for name in needed if name not in weights]


def _heading(engine: Engine) -> str:
    split, settings, on = engine.source.data.split, engine.settings, machine()
    return (
        f"Data set `{split.dataset[:16]}`, split `{split.digest[:16]}`, head: {settings.epochs} epochs, "
        f"batch {settings.batch}, Adam {settings.learning_rate}, dropout {settings.dropout}, seed {settings.seed}; "
        f"{engine.source.copies} augmented copies. "
        f"{on['cores']} cores of {on['processor']}, Keras on {on['backend']}."
    )


def _about_related_smears(engine: Engine) -> str:
    split = engine.source.data.split
    known = {engine.groups[sample.path] for sample in split.train}
    related = sum(engine.groups[sample.path] in known for sample in split.test)
    return (
        "Per cent, with 95 % intervals by bootstrap over groups of overlapping fields; copies in the test part count once. "
        f"{related} of {len(split.test)} test smears show a field that a training smear shows too; `unrelated` is the accuracy "
        "without them. Both pictures of a smear are always in one part; in rows called `-twins` they are not, on purpose."
    )
