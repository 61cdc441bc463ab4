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

from training.experiments.commands import add_commands
from training.experiments.registry import BACKBONES

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one step."""
    options = _parser().parse_args(arguments)
    # Behind the parser, so that --help doesn't wait for TensorFlow.
    from training.run import Data

    split = options.split
    if split is None:
        split = options.artifact / "split.json" if "artifact" in options else options.runs / "split.json"
    data = Data.open(options.dataset, split)
    return int(options.step(data, options) or 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    steps = parser.add_subparsers(required=True, metavar="STEP")

    def add(name: str, step: Any, text: str) -> argparse.ArgumentParser:
        one = steps.add_parser(name, help=text, description=text)
        one.set_defaults(step=step)
        dataset = os.environ.get("HEMASCOPE_DATASET")
        one.add_argument("--dataset", type=Path, default=dataset, required=dataset is None, help="folder with Original/")
        one.add_argument("--split", type=Path, default=None, help="stored split (default: the run's, made where missing)")
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
    pretrain.add_argument("--name", default=None, help="folder of this run (default: the backbone's name)")
    train = add("train", _train, "train the head on frozen backbones' cached features")
    train.add_argument("--vgg16", default=None, help="imagenet, or a weights file (default: the pretraining's)")
    train.add_argument("--densenet121", default=None, help="imagenet, or a weights file (default: the pretraining's)")
    train.add_argument("--epochs", type=int, default=50)
    train.add_argument("--copies", type=int, default=4, help="augmented copies of each smear, beside the smear itself")
    train.add_argument("--seed", type=int, default=1, help="of the head's first weights and of the order of smears")
    train.add_argument("--name", default="head", help="folder of this run")
    tune = add("finetune", _finetune, "tune DenseNet-121 and the head together, VGG16 standing still")
    tune.add_argument("--epochs", type=int, default=4)
    tune.add_argument("--copies", type=int, default=4)
    tune.add_argument("--learning-rate", type=float, default=1e-4)
    export = add("export", _export, "write a model artifact: LiteRT int8, manifest, golden predictions, card, figures")
    export.add_argument("--fusion", type=Path, default=None, help="weights of the network (default: the fine-tuning's)")
    export.add_argument("--version", default="1.0.0")
    export.add_argument("--artifacts", type=Path, default=Path("model_artifacts"))
    evaluate = add("evaluate", _evaluate, "score an artifact, as served, on a part of the split")
    evaluate.add_argument("--artifact", type=Path, default=Path("model_artifacts/all-subtypes/1.0.0"))
    evaluate.add_argument("--part", choices=("test", "validation", "train", "all"), default="test")
    sheets = add("sheets", _sheets, "draw contact sheets: original, mask, overlay, 12 smears a class")
    sheets.add_argument("--out", type=Path, default=Path("out/sheets"))
    add_commands(add)
    return parser


def _pretrain(data: Any, options: argparse.Namespace) -> None:
    from training.pretrain import PretrainSettings, pretrain
    from training.run import Run

    settings = PretrainSettings(
        options.backbone,
        options.epochs,
        options.cropped_epochs,
        segmented_share=options.segmented_share,
        learning_rate=options.learning_rate,
        start=options.start,
    )
    print(pretrain(data, settings, Run(options.runs / (options.name or options.backbone))))


def _train(data: Any, options: argparse.Namespace) -> None:
    from training.run import Run
    from training.train import TrainSettings, train

    origins = {name: getattr(options, name) or str(options.runs / name / f"{name}.npz") for name in ("vgg16", "densenet121")}
    settings = TrainSettings(**origins, epochs=options.epochs, copies=options.copies, seed=options.seed)
    print(train(data, settings, Run(options.runs / options.name), options.runs / "features"))


def _finetune(data: Any, options: argparse.Namespace) -> None:
    from training.finetune import FinetuneSettings, finetune
    from training.run import Run

    head = options.runs / "head"
    settings = FinetuneSettings(
        fusion=str(head / "fusion.npz"),
        vgg16=json.loads((head / "settings.json").read_text())["settings"]["vgg16"],
        epochs=options.epochs,
        learning_rate=options.learning_rate,
        copies=options.copies,
    )
    print(finetune(data, settings, Run(options.runs / "finetune"), options.runs / "features"))


def _export(data: Any, options: argparse.Namespace) -> None:
    from training.export import ExportSettings, export

    fusion = options.fusion or options.runs / "finetune" / "fusion.npz"
    print(export(data, ExportSettings(fusion, version=options.version), options.artifacts))


def _evaluate(data: Any, options: argparse.Namespace) -> None:
    from hemascope.model.artifact import load_artifact
    from hemascope.model.classifier import Classifier
    from training.evaluate import evaluate
    from training.split import PARTS, without_copies

    names = PARTS if options.part == "all" else (options.part,)
    samples = without_copies([one for name in names for one in data.split.part(name)])
    print(json.dumps(evaluate(Classifier(load_artifact(options.artifact)), data.root, samples), indent=1))


def _sheets(data: Any, options: argparse.Namespace) -> None:
    from training.sheets import draw_sheets

    print(*draw_sheets(data, options.out), sep="\n")


if __name__ == "__main__":
    sys.exit(main())
