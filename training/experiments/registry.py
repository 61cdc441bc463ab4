"""Registry of the experiments: backbones, their input pictures, head, and the published results.

A *view* says which picture each branch gets. An experiment with one view has one example of each smear; one that pools both
kinds of picture has two, which are always in the same part of a split.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

STUDY = "Islam et al. 2024"
BACKBONES = ("vgg16", "densenet121", "resnet50", "mobilenet", "densenet201", "resnet34", "squeezenet")
METRICS = ("accuracy", "precision", "recall", "f1", "specificity", "auc")

ORIGINAL, SEGMENTED = "original", "segmented"


@dataclass(frozen=True)
class Row:
    """One experiment.

    Parameters
    ----------
    backbones
        Names of :data:`BACKBONES`, or ``handmade``; their features are concatenated.
    views
        Each a picture (``original`` or ``segmented``) for every backbone.
    head
        A name of :data:`training.experiments.heads.HEADS`.
    folds
        Number of folds of the source's own cross-validation; None where it has a single split.
    published
        The source's results in per cent, by the names of :data:`METRICS`.
    twins_leaked
        Reproduces the leak of a split by picture: training also gets the test smears in all views but the first, and the
        first is scored.
    """

    name: str
    backbones: tuple[str, ...]
    views: tuple[tuple[str, ...], ...]
    source: str = STUDY
    head: str = "dense"
    folds: int | None = None
    published: dict[str, float] = field(default_factory=dict)
    note: str = ""
    twins_leaked: bool = False

    @property
    def pictures(self) -> str:
        """Input pictures in words."""
        if len(self.views) > 1:
            return "both, pooled"
        return {1: f"{self.views[0][0]}", 2: "original + segmented"}[len(set(self.views[0]))]


def _on(kind: str, backbones: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    return ((kind,) * len(backbones),)


def _pooled(backbones: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    return _on(ORIGINAL, backbones) + _on(SEGMENTED, backbones)


_VGG, _DENSE, _FUSION = ("vgg16",), ("densenet121",), ("vgg16", "densenet121")
_DUAL = ((ORIGINAL, SEGMENTED),)
_TWINS = "a leak, made on purpose: the segmented twins of the test originals are in training"

ROWS = (
    Row("vgg16-original", _VGG, _on(ORIGINAL, _VGG), published={"accuracy": 96.62}),
    Row("vgg16-segmented", _VGG, _on(SEGMENTED, _VGG), published={"accuracy": 95.38}),
    Row("vgg16-both", _VGG, _pooled(_VGG), published={"accuracy": 98.95}),
    Row("densenet121-original", _DENSE, _on(ORIGINAL, _DENSE), published={"precision": 97.54, "recall": 97.53}),
    Row("densenet121-segmented", _DENSE, _on(SEGMENTED, _DENSE), published={"precision": 96.62}),
    Row("densenet121-both", _DENSE, _pooled(_DENSE), published={"accuracy": 99.08, "precision": 99.10, "recall": 99.09}),
    Row("fusion-original", _FUSION, _on(ORIGINAL, _FUSION), published={"accuracy": 98.46}),
    Row("fusion-segmented", _FUSION, _on(SEGMENTED, _FUSION), published={"accuracy": 97.85}),
    Row("fusion-both", _FUSION, _DUAL, published={"accuracy": 99.89, "precision": 99.80, "recall": 99.72, "f1": 99.76}),
    Row(
        "resnet50-densenet121",
        ("resnet50", "densenet121"),
        _DUAL,
        published={"accuracy": 98.9, "recall": 99.2, "precision": 97.8, "specificity": 94.7},
    ),
    Row(
        "mobilenet-densenet121",
        ("mobilenet", "densenet121"),
        _DUAL,
        published={"accuracy": 99.2, "recall": 98.8, "precision": 98.6, "specificity": 97.4},
    ),
    Row("vgg16-both-twins", _VGG, _pooled(_VGG), twins_leaked=True, note=_TWINS),
    Row("densenet121-both-twins", _DENSE, _pooled(_DENSE), twins_leaked=True, note=_TWINS),
    Row(
        "handmade-svm",
        ("handmade",),
        _on(SEGMENTED, ("handmade",)),
        source="Dese et al. 2021",
        head="svm",
        published={"accuracy": 97.69},
        note="other pictures; colour, shape and texture of the segmented cells",
    ),
    Row(
        "densenet121-alone",
        _DENSE,
        _on(ORIGINAL, _DENSE),
        source="Bibi et al. 2020",
        published={"accuracy": 99.91},
        note="other pictures; cut where the study cuts it",
    ),
    Row(
        "resnet34-alone",
        ("resnet34",),
        _on(ORIGINAL, ("resnet34",)),
        source="Bibi et al. 2020",
        published={"accuracy": 99.56},
        note="other pictures",
    ),
    Row(
        "squeezenet-resnet50",
        ("squeezenet", "resnet50"),
        _on(ORIGINAL, ("squeezenet", "resnet50")),
        source="Yadav et al.",
        folds=5,
        published={"accuracy": 99.3},
        note="other pictures; published: a 5-fold cross-validation",
    ),
    Row(
        "three-networks-forest",
        ("densenet121", "resnet50", "mobilenet"),
        _on(ORIGINAL, ("densenet121", "resnet50", "mobilenet")),
        source="Ahmed et al.",
        head="pca-forest",
        published={"accuracy": 98.8, "auc": 99.1},
        note="other pictures (C-NMC 2019, ALL-IDB2)",
    ),
    Row(
        "densenet201-two-channels",
        ("densenet201", "densenet201"),
        _DUAL,
        source="Ghaderzadeh et al. 2022",
        published={"accuracy": 99.85, "precision": 99.74, "recall": 99.52, "f1": 99.63},
        note="the same archive, their own split",
    ),
)


def rows_called(names: Sequence[str] | None = None) -> tuple[Row, ...]:
    """Experiments with these names, or all of them.

    Raises
    ------
    ValueError
        Where no experiment has such a name.
    """
    by_name = {row.name: row for row in ROWS}
    if unknown := sorted(set(names or ()) - set(by_name)):
        raise ValueError(f"expected names out of {', '.join(by_name)}; received {', '.join(unknown)}")
    return tuple(by_name[name] for name in names) if names else ROWS
