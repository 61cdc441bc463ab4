"""Weights of an experiment's backbones: ImageNet's, a given weights file, or those of a pretraining on smears."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from training.data.split import Split
from training.data.training_data import TrainingData
from training.experiments.pretrain import PretrainSettings, pretrain
from training.experiments.registry import Row
from training.experiments.run import Run
from training.networks.handmade import HANDMADE


def backbones_of(rows: Iterable[Row]) -> list[str]:
    """Backbones that the experiments need, each once."""
    return list(dict.fromkeys(name for row in rows for name in row.backbones if name != HANDMADE))


def found_weights(backbones: Iterable[str], named: Mapping[str, str], runs: Path) -> dict[str, str]:
    """Weights of each backbone: as given, else ``RUNS/NAME/NAME.npz`` if a pretraining left it; backbones without are left out.

    Raises
    ------
    FileNotFoundError
        Where a given file is missing.
    """
    found = {}
    for name in backbones:
        file = Path(named.get(name) or runs / name / f"{name}.npz")
        if named.get(name) == "imagenet":
            found[name] = "imagenet"
        elif file.exists():
            found[name] = str(file)
        elif name in named:
            raise FileNotFoundError(f"expected weights of {name} in {file}, found none")
    return found


def pretrained(data: TrainingData, backbones: Iterable[str], runs: Path, epochs: int) -> dict[str, str]:
    """Pretrain backbones with the defaults of :class:`PretrainSettings`; an interrupted run is resumed."""
    return {name: str(pretrain(data, PretrainSettings(name, epochs), Run(runs / name))) for name in backbones}


def pretrained_on_fold(data: TrainingData, fold: Split, backbones: Iterable[str], runs: Path, epochs: int) -> dict[str, str]:
    """Pretrain the backbones of one fold, on its training part only."""
    return pretrained(replace(data, split=fold), backbones, runs, epochs)


def recipe(weights: str) -> str:
    """Origin of weights in words: ``ImageNet``, or the pretraining whose settings are stored with the file.

    A run that started from the weights of another is described together with that one.
    """
    if weights == "imagenet":
        return "ImageNet"
    file = Path(weights).parent / "settings.json"
    if not file.exists():
        return "a file"
    settings = json.loads(file.read_text())["settings"]
    crops = f", {settings['cropped_epochs']} on crops" if settings["cropped_epochs"] else ""
    before = f"{recipe(settings['start'])}, then " if settings["start"] else ""
    return f"{before}smears, {settings['epochs']} epochs{crops}"
