"""Results of the experiments as Markdown tables: measured metrics with intervals beside the published ones."""

from collections.abc import Mapping, Sequence
from typing import Any

from training.data.dataset import CLASS_NAMES
from training.evidence.metrics import MACRO, Estimate
from training.evidence.tables import percent, table, with_interval
from training.experiments.registry import Row

_SHORT = {"f1": "F1", "auc": "AUC"}


def matrix_table(rows: Sequence[Row], results: Mapping[str, dict[str, Any]]) -> str:
    """One line an experiment: what it is, measured and published metrics; experiments without a result say so."""
    header = ("row", "source", "pictures", *(_SHORT.get(name, name) for name in MACRO), "unrelated", "published")
    return table(header, [_line(row, results.get(row.name)) for row in rows], markdown=True)


def class_table(rows: Sequence[Row], results: Mapping[str, dict[str, Any]]) -> str:
    """One line an experiment and class."""
    header = ("row", "class", *(_SHORT.get(name, name) for name in MACRO))
    lines = [
        (row.name, name, *(_estimate(results[row.name]["test"]["per_class"][name][metric]) for metric in MACRO))
        for row in rows
        if row.name in results
        for name in CLASS_NAMES
    ]
    return table(header, lines, markdown=True)


def cost_table(rows: Sequence[Row], results: Mapping[str, dict[str, Any]], recipes: Mapping[str, str]) -> str:
    """Origin of each experiment's backbones, seconds for its features and its head, and the number of misclassified smears."""
    lines = []
    for row in rows:
        if result := results.get(row.name):
            origins = "; ".join(f"{name}: {recipes.get(name, 'no weights')}" for name in dict.fromkeys(row.backbones))
            seconds = result["seconds"]
            lines.append(
                (row.name, origins, f"{seconds['features']:.0f}", f"{seconds['head']:.0f}", str(len(result["mistakes"])))
            )
    return table(("row", "weights", "features s", "head s", "smears missed"), lines, markdown=True)


def folds_table(summaries: Sequence[Mapping[str, Any]]) -> str:
    """One line an experiment and number of folds: mean ± standard deviation, lowest accuracy."""
    header = ("row", "folds", "of", "smears", *(_SHORT.get(name, name) for name in MACRO), "worst fold")
    lines = [
        (
            summary["row"],
            str(summary["folds"]),
            summary["scheme"],
            str(summary["smears"]),
            *(f"{100 * summary[name]['mean']:.2f} ± {100 * summary[name]['spread']:.2f}" for name in MACRO),
            f"{100 * summary['accuracy']['least']:.2f}",
        )
        for summary in summaries
    ]
    return table(header, lines, markdown=True)


def search_table(row: Row, found: Mapping[str, Mapping[str, Any]]) -> str:
    """One line a method: its budget, and the result of the best of its trials."""
    header = (
        "method",
        "trials",
        "pruned",
        "epochs",
        "seconds",
        "validation loss",
        "validation accuracy",
        "test accuracy",
        "best hyperparameters",
    )
    lines = [
        (
            method,
            str(result["trials"]),
            str(result["pruned"]),
            str(result["epochs"]),
            f"{result['seconds']:.0f}",
            f"{result['validation_loss']:.4f}",
            percent(result["validation_accuracy"]),
            _estimate(result["test"]["accuracy"]),
            ", ".join(f"{name} {value:.4g}" for name, value in result["best"].items()),
        )
        for method, result in found.items()
    ]
    return f"{row.name}\n\n{table(header, lines, markdown=True)}"


def _line(row: Row, result: Mapping[str, Any] | None) -> tuple[str, ...]:
    published = ", ".join(f"{_SHORT.get(name, name)} {value:.2f}" for name, value in row.published.items()) or "-"
    if result is None:
        return (row.name, row.source, row.pictures, *("not run" for _ in MACRO), "-", published)
    unrelated = result["unrelated"]
    without_training_fields = f"{100 * unrelated['accuracy'][0]:.2f} of {unrelated['examples']}" if unrelated else "-"
    return (
        row.name,
        row.source,
        row.pictures,
        *(_estimate(result["test"][name]) for name in MACRO),
        without_training_fields,
        published,
    )


def _estimate(values: Sequence[float]) -> str:
    return with_interval(Estimate(*values))
