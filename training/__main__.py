"""Train, evaluate and export models: ``python -m training STEP --dataset DIR``.

Every training step may be interrupted: the same command resumes it from its last checkpoint.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.evidence.commands import add_steps
from training.experiments.commands import add_commands
from training.experiments.registry import BACKBONES

if TYPE_CHECKING:
    from training.data.training_data import TrainingData

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one step."""
    options = _parser().parse_args(arguments)
    return int(options.step(options.open(options), options) or 0)


def _open(options: argparse.Namespace) -> "TrainingData":
    # Imported here so that --help doesn't wait for TensorFlow.
    from hemascope.domain.preprocessing import PreprocessingSpec, StainSpec
    from training.data.training_data import TrainingData

    stain = StainSpec(network_sees=options.stain) if options.stain else None
    return TrainingData.open(options.dataset, options.split or options.runs / "split.json", PreprocessingSpec(stain=stain))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    steps = parser.add_subparsers(required=True, metavar="STEP")

    def add(name: str, step: Any, text: str) -> argparse.ArgumentParser:
        step_parser = steps.add_parser(name, help=text, description=text)
        step_parser.set_defaults(step=step, open=_open)
        dataset = os.environ.get("HEMASCOPE_DATASET")
        step_parser.add_argument(
            "--dataset", type=Path, default=dataset, required=dataset is None, help="folder with Original/"
        )
        step_parser.add_argument(
            "--split", type=Path, default=None, help="file of the split (default: split.json in --runs, made if it is missing)"
        )
        step_parser.add_argument(
            "--stain",
            choices=("photographed", "balanced", "normalized"),
            default=None,
            help="segment by the picture's own stain, and give the network these colours (default: fixed thresholds)",
        )
        step_parser.add_argument(
            "--runs", type=Path, default=Path("runs"), help="folder for checkpoints, logs and cached features"
        )
        return step_parser

    pretrain = add("pretrain", _pretrain, "pretrain a backbone as a classifier of smears")
    pretrain.add_argument("backbone", choices=BACKBONES)
    pretrain.add_argument("--epochs", type=int, default=12)
    pretrain.add_argument(
        "--cropped-epochs", type=int, default=0, help="number of first epochs on 64-pixel crops, at a quarter of the cost"
    )
    pretrain.add_argument(
        "--segmented-share", type=float, default=0.5, help="share of segmented pictures among the training pictures"
    )
    pretrain.add_argument("--learning-rate", type=float, default=1e-3)
    pretrain.add_argument("--start", default=None, help="weights file to start from")
    pretrain.add_argument(
        "--unfold", action="store_true", help="with --start: add batch normalization during training to a network that has none"
    )
    pretrain.add_argument(
        "--precision",
        default="float32",
        help="Keras dtype policy; mixed_bfloat16 halves the time of VGG16 on processors with bfloat16 arithmetic",
    )
    pretrain.add_argument("--name", default=None, help="name of this run's folder (default: the backbone's)")
    train = add("train", _train, "train the head on cached features of frozen backbones")
    train.add_argument("--vgg16", default=None, help="imagenet, or a weights file (default: that of the pretraining)")
    train.add_argument("--densenet121", default=None, help="imagenet, or a weights file (default: that of the pretraining)")
    train.add_argument("--epochs", type=int, default=50)
    train.add_argument("--copies", type=int, default=4, help="augmented copies of each smear, in addition to the smear itself")
    train.add_argument("--seed", type=int, default=1, help="seed of the head's initial weights and of the order of smears")
    train.add_argument("--name", default="head", help="name of this run's folder")
    linear = add("linear", _linear, "score two backbones under every shift by a logistic regression on their frozen features")
    linear.add_argument("--vgg16", required=True, help="imagenet, or a weights file")
    linear.add_argument("--densenet121", required=True, help="imagenet, or a weights file")
    tune = add("finetune", _finetune, "fine-tune DenseNet-121 together with the head; VGG16 stays frozen")
    tune.add_argument("--epochs", type=int, default=4)
    tune.add_argument("--copies", type=int, default=4)
    tune.add_argument("--learning-rate", type=float, default=1e-4)
    export = add("export", _export, "write a model artifact: LiteRT int8, manifest, golden predictions, card, figures")
    export.add_argument("--fusion", type=Path, default=None, help="weights of the network (default: those of the fine-tuning)")
    export.add_argument("--version", default="1.0.0")
    export.add_argument("--artifacts", type=Path, default=Path("model_artifacts"))
    reference = add("microscope-reference", _microscope_reference, "add the reference microscope to an artifact that has none")
    reference.add_argument("--artifact", type=Path, required=True, help="folder of the artifact")
    reference.set_defaults(open=_open_artifact)
    baseline = add("microscope-baseline", _microscope_baseline, "measure how the reference microscope photographs")
    baseline.add_argument("--artifact", type=Path, required=True, help="folder of the artifact")
    baseline.set_defaults(open=_open_artifact)
    sheets = add("sheets", _sheets, "draw contact sheets: original, mask and overlay of 12 smears of each class")
    sheets.add_argument("--out", type=Path, default=Path("out/sheets"))
    for step_parser in (pretrain, train, linear, tune):
        step_parser.add_argument("--jitter", type=float, default=0.0, help="strength of the stain jitter: 0 none, 1 strong")
    add_commands(add)
    add_steps(steps)
    return parser


def _pretrain(data: "TrainingData", options: argparse.Namespace) -> None:
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


def _train(data: "TrainingData", options: argparse.Namespace) -> None:
    from training.experiments.run import Run
    from training.experiments.train import TrainSettings, train

    origins = {name: getattr(options, name) or str(options.runs / name / f"{name}.npz") for name in ("vgg16", "densenet121")}
    settings = TrainSettings(
        origins["vgg16"],
        origins["densenet121"],
        epochs=options.epochs,
        copies=options.copies,
        jitter=options.jitter,
        seed=options.seed,
    )
    print(train(data, settings, Run(options.runs / options.name), options.runs / "features"))


def _linear(data: "TrainingData", options: argparse.Namespace) -> None:
    from training.experiments.linear import as_table, evaluate_linearly

    weights = {"vgg16": options.vgg16, "densenet121": options.densenet121}
    rows = evaluate_linearly(data, weights, options.jitter, options.runs / "features")
    stain = options.stain or "fixed thresholds"
    print(f"data {data.split.dataset[:16]}, split {data.split.digest[:16]}, stain {stain}, jitter {options.jitter:g}")
    print(*(f"{name} {origin}" for name, origin in weights.items()), sep="\n", end="\n\n")
    print(as_table(rows))


def _finetune(data: "TrainingData", options: argparse.Namespace) -> None:
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


def _export(data: "TrainingData", options: argparse.Namespace) -> None:
    from training.export.artifact import ExportSettings, export

    fusion = options.fusion or options.runs / "finetune" / "fusion.npz"
    print(export(data, ExportSettings(fusion, version=options.version), options.artifacts))


def _open_artifact(options: argparse.Namespace) -> "TrainingData":
    """The data that an artifact was trained on."""
    from hemascope.model.folder import ArtifactFolder
    from training.data.training_data import TrainingData

    spec = ArtifactFolder.open(options.artifact).manifest.preprocessing
    return TrainingData.open(options.dataset, options.artifact / "split.json", spec)


def _microscope_reference(data: "TrainingData", options: argparse.Namespace) -> None:
    from training.export.microscope_reference import add_reference, fit_reference

    print(add_reference(options.artifact, fit_reference(*data.part("train"), data.spec, data.split.digest)))


def _microscope_baseline(data: "TrainingData", options: argparse.Namespace) -> None:
    from hemascope.model.artifact import load_artifact
    from hemascope.model.classifier import Classifier
    from training.export.microscope_baseline import add_baseline, reference_baseline

    classifier = Classifier(load_artifact(options.artifact))
    print(add_baseline(options.artifact, reference_baseline(data.root, data.split.train, classifier)))


def _sheets(data: "TrainingData", options: argparse.Namespace) -> None:
    from training.data.contact_sheets import draw_contact_sheets

    print(*draw_contact_sheets(data, options.out), sep="\n")


if __name__ == "__main__":
    sys.exit(main())
