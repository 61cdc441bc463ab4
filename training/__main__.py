"""The laboratory's command line: ``python -m training STEP --dataset DIR``.

Every step may be killed and started again with the same words: it goes on where it was.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training.evidence import steps as evidence
from training.experiments.commands import add_commands
from training.experiments.registry import BACKBONES

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one step."""
    options = _parser().parse_args(arguments)
    return int(options.step(options.open(options), options) or 0)


def _open(options: argparse.Namespace) -> Any:
    # Behind the parser, so that --help doesn't wait for TensorFlow.
    from hemascope.domain.preprocessing import PreprocessingSpec, StainSpec
    from training.experiments.run import Data

    stain = StainSpec(network_sees=options.stain) if options.stain else None
    return Data.open(options.dataset, options.split or options.runs / "split.json", PreprocessingSpec(stain=stain))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    steps = parser.add_subparsers(required=True, metavar="STEP")

    def add(name: str, step: Any, text: str) -> argparse.ArgumentParser:
        one = steps.add_parser(name, help=text, description=text)
        one.set_defaults(step=step, open=_open)
        dataset = os.environ.get("HEMASCOPE_DATASET")
        one.add_argument("--dataset", type=Path, default=dataset, required=dataset is None, help="folder with Original/")
        one.add_argument("--split", type=Path, default=None, help="stored split (default: the run's, made where missing)")
        one.add_argument(
            "--stain",
            choices=("photographed", "balanced", "normalized"),
            default=None,
            help="let the mask follow the picture's own stain, and show the network this (default: fixed thresholds)",
        )
        one.add_argument("--runs", type=Path, default=Path("runs"), help="where checkpoints, logs and features go")
        return one

    pretrain = add("pretrain", _pretrain, "pretrain one backbone as a smear classifier")
    pretrain.add_argument("backbone", choices=BACKBONES)
    pretrain.add_argument("--epochs", type=int, default=12)
    pretrain.add_argument(
        "--cropped-epochs", type=int, default=0, help="first epochs on 64-pixel crops, at a quarter of the cost"
    )
    pretrain.add_argument("--segmented-share", type=float, default=0.5, help="share of segmented pictures in the pool")
    pretrain.add_argument("--learning-rate", type=float, default=1e-3)
    pretrain.add_argument("--start", default=None, help="weights file to go on from")
    pretrain.add_argument(
        "--unfold", action="store_true", help="with --start: train with batch normalization where the network has none"
    )
    pretrain.add_argument(
        "--precision", default="float32", help="mixed_bfloat16 halves VGG16's time on processors that multiply in it"
    )
    pretrain.add_argument("--name", default=None, help="folder of this run (default: the backbone's name)")
    train = add("train", _train, "train the head on frozen backbones' cached features")
    train.add_argument("--vgg16", default=None, help="imagenet, or a weights file (default: the pretraining's)")
    train.add_argument("--densenet121", default=None, help="imagenet, or a weights file (default: the pretraining's)")
    train.add_argument("--epochs", type=int, default=50)
    train.add_argument("--copies", type=int, default=4, help="augmented copies of each smear, beside the smear itself")
    train.add_argument("--seed", type=int, default=1, help="of the head's first weights and of the order of smears")
    train.add_argument("--name", default="head", help="folder of this run")
    linear = add("linear", _linear, "judge two backbones under every shift by a logistic regression on their frozen features")
    linear.add_argument("--vgg16", required=True, help="imagenet, or a weights file")
    linear.add_argument("--densenet121", required=True, help="imagenet, or a weights file")
    tune = add("finetune", _finetune, "tune DenseNet-121 and the head together, VGG16 standing still")
    tune.add_argument("--epochs", type=int, default=4)
    tune.add_argument("--copies", type=int, default=4)
    tune.add_argument("--learning-rate", type=float, default=1e-4)
    export = add("export", _export, "write a model artifact: LiteRT int8, manifest, golden predictions, card, figures")
    export.add_argument("--fusion", type=Path, default=None, help="weights of the network (default: the fine-tuning's)")
    export.add_argument("--version", default="1.0.0")
    export.add_argument("--artifacts", type=Path, default=Path("model_artifacts"))
    sheets = add("sheets", _sheets, "draw contact sheets: original, mask, overlay, 12 smears a class")
    sheets.add_argument("--out", type=Path, default=Path("out/sheets"))
    for one in (pretrain, train, linear, tune):
        one.add_argument("--jitter", type=float, default=0.0, help="strength of the stain jitter: 0 none, 1 strong")
    add_commands(add)
    evidence.add_steps(steps)
    return parser


def _pretrain(data: Any, options: argparse.Namespace) -> None:
    from training.experiments.pretrain import PretrainSettings, pretrain
    from training.experiments.run import Run

    settings = PretrainSettings(
        options.backbone,
        options.epochs,
        options.cropped_epochs,
        segmented_share=options.segmented_share,
        learning_rate=options.learning_rate,
        jitter=options.jitter,
        precision=options.precision,
        start=options.start,
        unfold=options.unfold,
    )
    print(pretrain(data, settings, Run(options.runs / (options.name or options.backbone))))


def _train(data: Any, options: argparse.Namespace) -> None:
    from training.experiments.run import Run
    from training.experiments.train import TrainSettings, train

    origins = {name: getattr(options, name) or str(options.runs / name / f"{name}.npz") for name in ("vgg16", "densenet121")}
    settings = TrainSettings(**origins, epochs=options.epochs, copies=options.copies, jitter=options.jitter, seed=options.seed)
    print(train(data, settings, Run(options.runs / options.name), options.runs / "features"))


def _linear(data: Any, options: argparse.Namespace) -> None:
    from training.experiments.linear import as_table, evaluate_linearly

    weights = {"vgg16": options.vgg16, "densenet121": options.densenet121}
    rows = evaluate_linearly(data, weights, options.jitter, options.runs / "features")
    stain = options.stain or "fixed thresholds"
    print(f"data {data.split.dataset[:16]}, split {data.split.digest[:16]}, stain {stain}, jitter {options.jitter:g}")
    print(*(f"{name} {origin}" for name, origin in weights.items()), sep="\n", end="\n\n")
    print(as_table(rows))


def _finetune(data: Any, options: argparse.Namespace) -> None:
    from training.experiments.finetune import FinetuneSettings, finetune
    from training.experiments.run import Run

    head = options.runs / "head"
    settings = FinetuneSettings(
        fusion=str(head / "fusion.npz"),
        vgg16=json.loads((head / "settings.json").read_text())["settings"]["vgg16"],
        epochs=options.epochs,
        learning_rate=options.learning_rate,
        copies=options.copies,
        jitter=options.jitter,
    )
    print(finetune(data, settings, Run(options.runs / "finetune"), options.runs / "features"))


def _export(data: Any, options: argparse.Namespace) -> None:
    from training.export.artifact import ExportSettings, export

    fusion = options.fusion or options.runs / "finetune" / "fusion.npz"
    print(export(data, ExportSettings(fusion, version=options.version), options.artifacts))


def _sheets(data: Any, options: argparse.Namespace) -> None:
    from training.data.sheets import draw_sheets

    print(*draw_sheets(data, options.out), sep="\n")


if __name__ == "__main__":
    sys.exit(main())
