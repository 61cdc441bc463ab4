"""Plots for the model card and the docs; none shows a picture of the data set."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from scipy.stats import binomtest

from training.data.dataset import CLASS_NAMES

_PURPLE, _ORANGE, _GREY = "#6a51a3", "#e6850e", "#8a8a8a"
_BELOW: dict[str, Any] = {"textcoords": "offset points", "ha": "center", "fontsize": "x-small"}


def draw_confusion_matrix(matrix: list[list[int]], title: str, path: Path) -> None:
    """Confusion matrix: counts, shaded by their share of the row."""
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
    save_figure(figure, path)


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
    save_figure(figure, path)


def draw_shifts(rows: Sequence[Mapping[str, Any]], title: str, path: Path) -> None:
    """Accuracy as served under each shift with its interval, and with the mask of the unshifted picture."""
    figure, axes = plt.subplots(figsize=(7.2, 0.32 * len(rows) + 1.3), dpi=110, layout="constrained")
    places = np.arange(len(rows))[::-1]
    whole = 100 * np.array([[row["accuracy"].low, row["accuracy"].value, row["accuracy"].high] for row in rows])
    axes.barh(
        places, whole[:, 1], color=[_PURPLE if row["shift"] != "none" else _GREY for row in rows], height=0.62, alpha=0.85
    )
    spread = np.abs(whole[:, [0, 2]].T - whole[:, 1])
    axes.errorbar(whole[:, 1], places, xerr=spread, fmt="none", ecolor="black", elinewidth=1, capsize=2)
    axes.plot(
        [100 * row["same_mask"] for row in rows],
        places,
        "D",
        color=_ORANGE,
        markersize=4.5,
        label="mask of the unshifted picture",
    )
    axes.axvline(25, color="black", linewidth=0.8, linestyle=":", label="chance")
    axes.set(yticks=places, yticklabels=[row["shift"] for row in rows], xlim=(0, 101), xlabel="accuracy in %", title=title)
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="upper center", bbox_to_anchor=(0.4, -0.1), ncols=2, frameon=False, fontsize="small")
    save_figure(figure, path)


def draw_reliability(report: Mapping[str, Any], title: str, path: Path) -> None:
    """Accuracy over confidence in bins, before and after the temperature: number of smears and 95 % interval (binomial)."""
    figure, panels = plt.subplots(1, 2, figsize=(7.4, 3.9), dpi=110, layout="constrained", sharey=True)
    for axes, name in zip(panels, ("before", "after"), strict=True):
        axes.plot([0, 1], [0, 1], color="black", linewidth=0.8, linestyle=":")
        for bin_ in report[name]["bins"]:
            interval = binomtest(round(bin_["accuracy"] * bin_["smears"]), bin_["smears"]).proportion_ci(method="exact")
            axes.plot([bin_["confidence"]] * 2, [interval.low, interval.high], color=_GREY, linewidth=1)
            axes.plot(
                bin_["confidence"], bin_["accuracy"], "o", color=_PURPLE, markersize=4 + 8 * bin_["smears"] / report["smears"]
            )
            axes.annotate(str(bin_["smears"]), (bin_["confidence"], interval.low), (0, -14), **_BELOW)
        error = report[name]["expected_calibration_error"].value
        axes.set(xlim=(0, 1.05), ylim=(-0.1, 1.05), xlabel="confidence")
        axes.set_title(f"{name} the temperature: error {100 * error:.2f} %", fontsize="medium")
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("accuracy")
    figure.suptitle(title)
    save_figure(figure, path)


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure, as the format of the file's name, and close it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    plt.close(figure)
