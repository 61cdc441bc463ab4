"""Plots of the experiments; none shows a picture of the data set."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import pyplot as plt

from training.evidence.figures import save_figure
from training.experiments.registry import Row

_OURS, _THEIRS = "#5e3c99", "#e66101"
_INITIALS = ("B", "E", "P", "Pro")


def draw_intervals(rows: Sequence[Row], results: Mapping[str, dict[str, Any]], path: Path) -> None:
    """Accuracy of each row with its 95 % interval, and the published accuracy where there is one."""
    shown = [row for row in rows if row.name in results]
    figure, axes = plt.subplots(figsize=(6.4, 0.9 + 0.3 * len(shown)), dpi=110, layout="constrained")
    places = np.arange(len(shown))[::-1]
    value, low, high = (100 * np.array([results[row.name]["test"]["accuracy"] for row in shown])).T
    axes.errorbar(
        value, places, xerr=[value - low, high - value], fmt="o", color=_OURS, capsize=3, label="measured here, 95 % interval"
    )
    published = [
        (row.published["accuracy"], place) for row, place in zip(shown, places, strict=True) if "accuracy" in row.published
    ]
    if published:
        axes.plot(*zip(*published, strict=True), "d", color=_THEIRS, fillstyle="none", label="published")
    axes.set(yticks=places, yticklabels=[row.name for row in shown], xlabel="accuracy, %")
    axes.grid(axis="x", alpha=0.25)
    figure.legend(frameon=False, loc="outside upper center", ncols=2, fontsize=8)
    save_figure(figure, path)


def draw_confusions(rows: Sequence[Row], results: Mapping[str, dict[str, Any]], path: Path) -> None:
    """The confusion matrices of some rows side by side, counts shaded by their share of the truth."""
    shown = [row for row in rows if row.name in results]
    columns = min(3, len(shown))
    lines = -(-len(shown) // columns)
    figure, panels = plt.subplots(
        lines, columns, figsize=(2.3 * columns, 2.4 * lines), dpi=110, layout="constrained", squeeze=False
    )
    for axes in panels.flat[len(shown) :]:
        axes.axis("off")
    for axes, row in zip(panels.flat, shown, strict=False):
        counts = np.array(results[row.name]["test"]["confusion_matrix"])
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        axes.imshow(shares, cmap="Purples", vmin=0, vmax=1)
        for (truth, answer), count in np.ndenumerate(counts):
            colour = "white" if shares[truth, answer] > 0.5 else "black"
            axes.text(answer, truth, str(count), ha="center", va="center", color=colour, fontsize=8)
        axes.set(xticks=range(4), yticks=range(4), xticklabels=_INITIALS, yticklabels=_INITIALS)
        axes.set_title(row.name, fontsize=8)
        axes.tick_params(length=0, labelsize=7)
    save_figure(figure, path)


def draw_searches(histories: Mapping[str, Sequence[float]], path: Path) -> None:
    """Lowest validation loss so far over the trials, one line for each search method."""
    figure, axes = plt.subplots(figsize=(5.6, 3.4), dpi=110, layout="constrained")
    for name, losses in histories.items():
        axes.step(range(1, len(losses) + 1), np.minimum.accumulate(losses), where="post", label=name)
    axes.set(xlabel="trials", ylabel="lowest validation loss so far", yscale="log")
    axes.grid(alpha=0.25)
    axes.legend(frameon=False)
    save_figure(figure, path)
