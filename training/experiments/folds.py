"""k-fold cross-validation, stratified by class, smears that show the same field are always in one fold.

A backbone that was pretrained on labelled smears has seen the training part of the stored split, so no fold may be tested
there. Three schemes, in the order of their cost:

``unseen``
    Folds over the smears that no pretraining saw (test and validation part of the stored split), without those that show a
    field of a training smear. Each fold's head learns from the training part and the other folds.
``all``
    Folds over the whole data set. Only for features that don't depend on its labels: hand-made ones, and ImageNet's.
``pretrain``
    Folds over the whole data set; the backbones are pretrained anew in every fold.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from training.data.dataset import Sample, labels_of
from training.data.split import PARTS, Split
from training.evidence.metrics import MACRO
from training.experiments.engine import Engine
from training.experiments.registry import Row
from training.networks.handmade import HANDMADE

SEED = 4420

Scheme = Literal["unseen", "all", "pretrain"]


def fold_scheme(row: Row, weights: Mapping[str, str]) -> Scheme:
    """``all`` where the features don't depend on the data set's labels, else ``unseen``."""
    free = all(backbone == HANDMADE or weights.get(backbone) == "imagenet" for backbone in row.backbones)
    return "all" if free else "unseen"


def make_folds(split: Split, groups: Mapping[str, str], count: int, scheme: Scheme) -> list[Split]:
    """Folds as splits without a validation part.

    Raises
    ------
    ValueError
        Where a class has fewer groups than there are folds.
    """
    always: tuple[Sample, ...] = ()
    pool = [sample for name in PARTS for sample in split.part(name)]
    if scheme == "unseen":
        always = split.train
        seen = {groups[sample.path] for sample in always}
        pool = [sample for sample in (*split.test, *split.validation) if groups[sample.path] not in seen]
    names = [groups[sample.path] for sample in pool]
    for label in sorted({sample.label for sample in pool}):
        own = {name for name, sample in zip(names, pool, strict=True) if sample.label == label}
        if len(own) < count:
            raise ValueError(f"expected at least {count} groups of class {label} for {count} folds, found {len(own)}")
    folder = StratifiedGroupKFold(count, shuffle=True, random_state=SEED)
    parts = folder.split(np.zeros(len(pool)), labels_of(pool), names)
    return [
        Split(
            train=(*always, *(pool[number] for number in train)),
            test=tuple(pool[number] for number in test),
            validation=(),
            seed=SEED,
            dataset=split.dataset,
            rule=f"fold {fold} of {count}, {scheme}",
        )
        for fold, (train, test) in enumerate(parts, start=1)
    ]


def summarize(results: list[dict[str, Any]]) -> dict[str, Any]:
    """Mean, sample standard deviation (``spread``), least and greatest value of each metric over the folds."""
    metrics = {name: np.array([result["test"][name][0] for result in results]) for name in MACRO}
    return {
        "folds": len(results),
        "smears": int(sum(result["smears"]["test"] for result in results)),
        "mistakes": int(sum(len(result["mistakes"]) for result in results)),
        **{
            name: {
                "mean": float(values.mean()),
                "spread": float(values.std(ddof=1)),
                "least": float(values.min()),
                "greatest": float(values.max()),
            }
            for name, values in metrics.items()
        },
    }


WeightsOf = Callable[[int, Split], Mapping[str, str]]


def cross_validate(engine: Engine, row: Row, folds: list[Split], weights_of: WeightsOf | None = None) -> dict[str, Any]:
    """Run an experiment on every fold; ``weights_of`` (fold number, split) gives the fold's own weights of the backbones."""
    results = []
    for number, fold in enumerate(folds, start=1):
        own = engine if weights_of is None else engine.with_weights(weights_of(number, fold))
        results.append(own.run(row, fold))
    return summarize(results) | {"row": row.name, "results": results}
