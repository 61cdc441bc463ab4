"""Where a row's backbones come from: ImageNet, a weights file that is named, or a pretraining on smears by the one recipe."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from training.data.split import Split
from training.experiments.pretrain import PretrainSettings, pretrain
from training.experiments.registry import Row
from training.experiments.run import Data, Run
from training.networks.handmade import HANDMADE


def backbones_of(rows: Iterable[Row]) -> list[str]:
    """Backbones that the rows need, each once."""
    return list(dict.fromkeys(name for row in rows for name in row.backbones if name != HANDMADE))


def found_weights(backbones: Iterable[str], named: Mapping[str, str], runs: Path) -> dict[str, str]:
    """Weights of each backbone that has some: as named, else ``RUNS/NAME/NAME.npz`` where a pretraining left it.

    Raises
    ------
    FileNotFoundError
        Where a named file is missing.
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


def pretrained(data: Data, backbones: Iterable[str], runs: Path, epochs: int) -> dict[str, str]:
    """Pretrain backbones by the one recipe, the defaults of :class:`PretrainSettings`; a killed run goes on where it was."""
    return {name: str(pretrain(data, PretrainSettings(name, epochs), Run(runs / name))) for name in backbones}


def pretrained_on_fold(data: Data, fold: Split, backbones: Iterable[str], runs: Path, epochs: int) -> dict[str, str]:
    """Backbones of one fold, which see nothing but its training part."""
    return pretrained(replace(data, split=fold), backbones, runs, epochs)


def recipe(weights: str) -> str:
    """In words, where weights come from: ``ImageNet``, or the pretraining that stands beside the file.

    A run that started from another's weights is told with it.
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
