"""Command line of the experiments: the matrix of networks, cross-validation, hyperparameter search."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.experiments.registry import BACKBONES, Row, rows_called

if TYPE_CHECKING:
    from training.data.training_data import TrainingData
    from training.experiments.engine import Engine

_FOLDED = ("vgg16-both", "densenet121-both", "fusion-both", "handmade-svm", "squeezenet-resnet50")


def add_commands(add: Callable[[str, Any, str], argparse.ArgumentParser]) -> None:
    """Add ``matrix``, ``folds`` and ``search``."""
    matrix = add(
        "matrix", _matrix, "run every experiment of the study and its predecessors on the stored split, from cached features"
    )
    _common(matrix)
    matrix.add_argument(
        "--missing", choices=("pretrain", "skip"), default="pretrain", help="what to do about backbones without weights"
    )
    folds = add("folds", _folds, "cross-validate experiments on folds that no pretraining has seen")
    _common(folds)
    folds.set_defaults(rows=list(_FOLDED))
    folds.add_argument("--k", type=int, nargs="+", default=[5, 10])
    folds.add_argument(
        "--pretrain-per-fold", action="store_true", help="pretrain the backbones anew in every fold, on its training part"
    )
    search = add("search", _search, "search for hyperparameters of the head; any number of processes may share one storage")
    _common(search)
    search.set_defaults(rows=["fusion-both"])
    search.add_argument("--methods", nargs="+", choices=("default", "grid", "random", "tpe"), default=None)
    search.add_argument("--trials", type=int, default=40, help="number of trials of each method, over all processes")
    search.add_argument("--storage", default=None, help="URL of an Optuna storage (default: an SQLite file in --runs)")


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rows", nargs="+", default=None, help="names of experiments (default: all)")
    parser.add_argument("--epochs", type=int, default=50, help="epochs of the head")
    parser.add_argument("--copies", type=int, default=4, help="augmented copies of each smear, in addition to the smear itself")
    parser.add_argument(
        "--weights",
        nargs="+",
        type=_named,
        default=[],
        metavar="NAME=FILE",
        help="weights of a backbone: a weights file, or imagenet",
    )
    parser.add_argument("--pretrain-epochs", type=int, default=12, help="epochs of each pretraining")
    parser.add_argument(
        "--out", type=Path, default=None, help="folder for tables and figures (default: matrix or search in --runs)"
    )


def _named(text: str) -> tuple[str, str]:
    name, _, file = text.partition("=")
    if name not in BACKBONES or not file:
        raise argparse.ArgumentTypeError(f"expected NAME=FILE with one of {', '.join(BACKBONES)}, received {text}")
    return name, file


def _engine(data: "TrainingData", options: argparse.Namespace, *, pretrain: bool) -> "tuple[Engine, Sequence[Row]]":
    from training.experiments.backbone_weights import pretrained
    from training.experiments.heads import HeadSettings
    from training.experiments.matrix import engine_for, weights_for

    rows = rows_called(options.rows)
    weights, missing = weights_for(rows, dict(options.weights), options.runs)
    if pretrain:
        weights |= pretrained(data, missing, options.runs, options.pretrain_epochs)
    return engine_for(data, weights, options.runs, options.copies, HeadSettings(epochs=options.epochs)), rows


def _matrix(data: "TrainingData", options: argparse.Namespace) -> None:
    from training.experiments.matrix import run_matrix

    engine, rows = _engine(data, options, pretrain=options.missing == "pretrain")
    print(run_matrix(engine, rows, options.out or options.runs / "matrix"))


def _folds(data: "TrainingData", options: argparse.Namespace) -> None:
    from training.experiments.matrix import run_folds

    engine, rows = _engine(data, options, pretrain=False)
    epochs = options.pretrain_epochs if options.pretrain_per_fold else None
    print(run_folds(engine, rows, options.k, options.out or options.runs / "matrix", epochs))


def _search(data: "TrainingData", options: argparse.Namespace) -> None:
    from training.experiments.search import METHODS, run_search

    engine, rows = _engine(data, options, pretrain=False)
    folder = options.out or options.runs / "search"
    folder.mkdir(parents=True, exist_ok=True)
    storage = options.storage or f"sqlite:///{folder / 'studies.db'}"
    for row in rows:
        print(run_search(engine, row, options.methods or METHODS, options.trials, storage, folder))
