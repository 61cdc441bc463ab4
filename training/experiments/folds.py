"""k-fold cross-validation, stratified by class, smears that show the same field always in one fold.

A backbone that was pretrained on smears with their labels has seen the training part of the stored split, so no fold may be
tested there. Three ways, from cheap to dear:

``unseen``
    The folds part the smears that no pretraining saw (test and validation part of the stored split); those that show a field
    of a training smear are left out. Each fold's head learns from the training part and the other folds.
``all``
    The folds part the whole data set. Only for rows whose features owe nothing to our labels: hand-made ones, ImageNet's.
``pretrain``
    The folds part the whole data set and every fold pretrains backbones of its own.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from training.data.dataset import Sample, labels_of
from training.data.split import PARTS, Split
from training.evidence.scores import MACRO
from training.experiments.engine import Engine
from training.experiments.registry import Row
from training.networks.handmade import HANDMADE

SEED = 4420


def way_for(row: Row, weights: Mapping[str, str]) -> str:
    """``all`` where no label of ours is in the features, else ``unseen``."""
    free = all(backbone == HANDMADE or weights.get(backbone) == "imagenet" for backbone in row.backbones)
    return "all" if free else "unseen"


def make_folds(split: Split, groups: Mapping[str, str], count: int, way: str) -> list[Split]:
    """The folds as splits without a validation part.

    Raises
    ------
    ValueError
        Where a class has fewer groups than there are folds.
    """
    always: tuple[Sample, ...] = ()
    pool = [one for name in PARTS for one in split.part(name)]
    if way == "unseen":
        always = split.train
        seen = {groups[text.path] for text in always}
        pool = [one for one in (*split.test, *split.validation) if groups[one.path] not in seen]
    names = [groups[one.path] for one in pool]
    for label in sorted({one.label for one in pool}):
        own = {name for name, one in zip(names, pool, strict=True) if one.label == label}
        if len(own) < count:
            raise ValueError(f"expected at least {count} groups of class {label} for {count} folds, found {len(own)}")
    folder = StratifiedGroupKFold(count, shuffle=True, random_state=SEED)
    parts = folder.split(np.zeros(len(pool)), labels_of(pool), names)
    return [
        Split(
            train=(*always, *(pool[one] for one in train)),
            test=tuple(pool[one] for one in test),
            validation=(),
            seed=SEED,
            dataset=split.dataset,
            rule=f"fold {number} of {count}, {way}",
        )
        for number, (train, test) in enumerate(parts, start=1)
    ]


def summarize(results: list[dict[str, Any]]) -> dict[str, Any]:
    """Mean, spread (sample standard deviation), least and greatest of each figure over the folds."""
    figures = {name: np.array([result["test"][name][0] for result in results]) for name in MACRO}
    return {
        "folds": len(results),
        "smears": int(sum(one["smears"]["test"] for one in results)),
        "mistakes": int(sum(len(one["mistakes"]) for one in results)),
        **{
            name: {
                "mean": float(values.mean()),
                "spread": float(values.std(ddof=1)),
                "least": float(values.min()),
                "greatest": float(values.max()),
            }
            for name, values in figures.items()
        },
    }


def cross_validate(engine: Engine, row: Row, folds: list[Split], weights_of: Any = None) -> dict[str, Any]:
    """Run a row on every fold; ``weights_of`` (fold number, split) gives a fold backbones of its own."""
    results = []
    for number, fold in enumerate(folds, start=1):
        own = engine if weights_of is None else engine.with_weights(weights_of(number, fold))
        results.append(own.run(row, fold))
    return summarize(results) | {"row": row.name, "results": results}
