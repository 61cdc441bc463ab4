"""Small figures for the model card: no picture of the data set in them."""

import csv
from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("Agg")
from matplotlib import pyplot as plt

from training.dataset import CLASS_NAMES


def draw_confusion_matrix(matrix: list[list[int]], title: str, path: Path) -> None:
    """Counts in cells shaded by their share of the row."""
    counts = np.array(matrix)
    figure, axes = plt.subplots(figsize=(4.6, 4.2), dpi=110, layout="constrained")
    axes.imshow(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1), cmap="Purples", vmin=0, vmax=1)
    for row in range(len(counts)):
        for column in range(len(counts)):
            dark = counts[row, column] > 0.5 * counts[row].sum()
            axes.text(column, row, str(counts[row, column]), ha="center", va="center", color="white" if dark else "black")
    axes.set(xticks=range(4), yticks=range(4), xticklabels=CLASS_NAMES, yticklabels=CLASS_NAMES)
    axes.set(xlabel="answer", ylabel="truth", title=title)
    axes.tick_params(length=0)
    _save(figure, path)


def draw_learning_curves(logs: dict[str, Path], path: Path) -> None:
    """Training loss of each step over its epochs, from the steps' ``log.csv``."""
    figure, axes = plt.subplots(figsize=(5.6, 3.4), dpi=110, layout="constrained")
    for name, log in logs.items():
        with log.open() as lines:
            losses = [float(row["loss"]) for row in csv.DictReader(lines)]
        axes.plot(range(1, len(losses) + 1), losses, label=name, linewidth=1.6)
    axes.set(xlabel="epoch", ylabel="training loss (cross-entropy)", yscale="log", title="Learning curves")
    axes.grid(alpha=0.25)
    figure.legend(frameon=False, loc="outside right upper")  # beside the curves, which use the whole height
    _save(figure, path)


def _save(figure: "plt.Figure", path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    plt.close(figure)
