"""Searches hyperparameters of a dense head on cached features: by grid, at random, Bayesian (TPE), with the same budget.

The comparison is with the untuned default, trained as often with other seeds: whoever trains forty times may keep the luckiest.
Trials are judged by the validation loss; the test part is opened once for each method's best. Any number of processes, on any
number of machines, may work on one storage at the same time; one that dies is noticed, and its trial made up for.
"""

import json
import os
import time
import warnings
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import keras
import numpy as np
import optuna
from optuna.trial import TrialState

from training.experiments.engine import Engine
from training.experiments.examples import labels
from training.experiments.heads import HeadSettings, train_dense
from training.experiments.plots import draw_searches
from training.experiments.registry import Row
from training.experiments.report import search_table

METHODS = ("default", "grid", "random", "tpe")
SEED = 4420
HEARTBEAT = 30  # seconds
_COUNTED = (TrialState.COMPLETE, TrialState.PRUNED)
_PATIENCE = 20  # heartbeats within which a trial has ended its first epoch
_WATCHED_EPOCHS = 10  # before these no trial is pruned


@dataclass(frozen=True)
class Space:
    """What may be chosen, around the default's number of epochs."""

    epochs: int

    @property
    def grid(self) -> dict[str, list[Any]]:
        """96 points."""
        return {
            "learning_rate": [3e-4, 1e-3, 3e-3],
            "batch": [32, 128],
            "dropout": [0.2, 0.4],
            "epochs": [max(self.epochs // 2, 1), self.epochs],
            "width": [256, 1024],
            "depth": [3, 7],
        }

    def suggest(self, trial: optuna.Trial, method: str) -> dict[str, Any]:
        """Hyperparameters of one trial; none for the default."""
        if method == "default":
            return {}
        if method == "grid":
            return {name: trial.suggest_categorical(name, values) for name, values in self.grid.items()}
        return {
            "learning_rate": trial.suggest_float("learning_rate", 1e-4, 1e-2, log=True),
            "batch": trial.suggest_categorical("batch", [16, 32, 64, 128]),
            "dropout": trial.suggest_float("dropout", 0.0, 0.5),
            "epochs": trial.suggest_int("epochs", max(self.epochs // 5, 1), 2 * self.epochs),
            "width": trial.suggest_categorical("width", [128, 256, 512, 1024]),
            "depth": trial.suggest_int("depth", 1, 7),
        }


class Numbered(optuna.samplers.BaseSampler):
    """A sampler that is made anew for every trial, seeded by its number: the same whatever process draws it, and when."""

    def __init__(self, make: Callable[[int], optuna.samplers.BaseSampler]) -> None:
        self.make = make

    def infer_relative_search_space(self, study: optuna.Study, trial: Any) -> dict[str, Any]:
        """As the sampler does."""
        return self.make(SEED + trial.number).infer_relative_search_space(study, trial)

    def sample_relative(self, study: optuna.Study, trial: Any, search_space: dict[str, Any]) -> dict[str, Any]:
        """As the sampler does."""
        return self.make(SEED + trial.number).sample_relative(study, trial, search_space)

    def sample_independent(self, study: optuna.Study, trial: Any, param_name: str, param_distribution: Any) -> Any:
        """As the sampler does, each parameter with random numbers of its own."""
        seed = zlib.crc32(f"{SEED} {trial.number} {param_name}".encode())
        return self.make(seed).sample_independent(study, trial, param_name, param_distribution)


class _Report(keras.callbacks.Callback):
    """Tells the study the validation loss after each epoch, and stops a trial that falls behind."""

    def __init__(self, trial: optuna.Trial) -> None:
        super().__init__()
        self.trial, self.epochs, self.last = trial, 0, {}

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        self.epochs, self.last = epoch + 1, dict(logs or {})
        self.trial.set_user_attr("epochs_spent", self.epochs)
        self.trial.report(self.last["val_loss"], epoch)
        if self.trial.should_prune():
            raise optuna.TrialPruned


def open_storage(url: str, heartbeat: int = HEARTBEAT) -> optuna.storages.RDBStorage:
    """A shared storage that notifications trials whose process is gone."""
    waiting = {"connect_args": {"timeout": 60}} if url.startswith("sqlite") else {}
    with _known_experiments():
        return optuna.storages.RDBStorage(url, engine_kwargs=waiting, heartbeat_interval=heartbeat)


def search(engine: Engine, row: Row, method: str, trials: int, storage: optuna.storages.RDBStorage) -> optuna.Study:
    """Work on one method's study until its budget is spent, by whomever; return the study."""
    space = Space(engine.settings.epochs)
    study = optuna.create_study(
        study_name=f"{row.name} {method} {engine.digest(row, engine.sources.data.split)}",
        storage=storage,
        sampler=_sampler(method, space),
        pruner=optuna.pruners.NopPruner()
        if method == "default"
        else optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=_WATCHED_EPOCHS),
        load_if_exists=True,
    )
    objective = _objective(engine, row, method, space)
    while (left := _left(study, trials, storage.heartbeat_interval)) != 0:
        if left > 0:
            study.optimize(objective, n_trials=1)
        else:
            time.sleep(1)  # another process is at the last of them
    return study


def run_search(
    engine: Engine, row: Row, methods: Sequence[str], trials: int, storage: str, folder: Path, heartbeat: int = HEARTBEAT
) -> str:
    """Search by each method; write ``search-ROW.json``, ``.md`` and a figure; return the Markdown.

    Raises
    ------
    ValueError
        For a row without a dense head.
    """
    if row.head != "dense":
        raise ValueError(f"expected a row with a dense head, received {row.name} with {row.head}")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    opened = open_storage(storage, heartbeat)
    found, histories = {}, {}
    for method in methods:
        budget = min(trials, int(np.prod([len(one) for one in Space(1).grid.values()]))) if method == "grid" else trials
        study = search(engine, row, method, budget, opened)
        finished = counted(study)[:budget]
        best = min((one for one in finished if one.state == TrialState.COMPLETE), key=lambda one: one.value)
        tuned = replace(engine, settings=replace(engine.settings, **best.params, seed=_seed(best)))
        found[method] = {
            "trials": len(finished),
            "pruned": sum(one.state == TrialState.PRUNED for one in finished),
            "epochs": sum(one.user_attrs["epochs_spent"] for one in finished),
            "seconds": round(sum(one.duration.total_seconds() for one in finished), 1),
            "best": best.params | {"seed": _seed(best)},
            "validation_loss": best.value,
            "validation_accuracy": best.user_attrs["accuracy"],
            "test": tuned.run(row, engine.sources.data.split)["test"],
        }
        histories[method] = [one.value if one.state == TrialState.COMPLETE else np.inf for one in finished]
    text = search_table(row, found)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"search-{row.name}.json").write_text(json.dumps(found, indent=1) + "\n")
    (folder / f"search-{row.name}.md").write_text(text + "\n")
    draw_searches(histories, folder / f"search-{row.name}.png")
    return text


def counted(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    """Finished and pruned trials in the order of their numbers: what the budget counts."""
    return study.get_trials(deepcopy=False, states=_COUNTED)


def _left(study: optuna.Study, trials: int, heartbeat: int) -> int:
    """Trials to start; 0 when all are done, -1 when the last are being worked on elsewhere."""
    with _known_experiments():
        optuna.storages.fail_stale_trials(study)
    _fail_unborn(study, heartbeat)
    done, running = len(counted(study)), len(study.get_trials(deepcopy=False, states=[TrialState.RUNNING]))
    if done >= trials:
        return 0
    return trials - done - running if trials > done + running else -1


def _fail_unborn(study: optuna.Study, heartbeat: int) -> None:
    """Give up trials whose process died before its first heartbeat, which Optuna would wait for for ever."""
    patience = timedelta(seconds=_PATIENCE * heartbeat)
    for trial in study.get_trials(deepcopy=False, states=[TrialState.RUNNING]):
        if not trial.intermediate_values and trial.datetime_start and datetime.now() - trial.datetime_start > patience:  # noqa: DTZ005, as Optuna's own
            study.tell(trial.number, state=TrialState.FAIL)


@contextmanager
def _known_experiments() -> Iterator[None]:
    """Optuna calls its heartbeat experimental, since version 2.8."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        yield


def _seed(trial: Any) -> int:
    return 1 + int(trial.number)


def _sampler(method: str, space: Space) -> optuna.samplers.BaseSampler:
    if method == "grid":
        return optuna.samplers.GridSampler(space.grid, seed=SEED)
    if method == "tpe":
        return Numbered(lambda seed: optuna.samplers.TPESampler(seed=seed, constant_liar=True))
    return Numbered(lambda seed: optuna.samplers.RandomSampler(seed=seed))


def _objective(engine: Engine, row: Row, method: str, space: Space) -> Callable[[optuna.Trial], float]:
    split = engine.sources.data.split
    training = engine.sources.training(row, split.train)
    validation = (engine.sources.features(row, split.validation), labels(row, split.validation))

    def objective(trial: optuna.Trial) -> float:
        trial.set_user_attr("process", os.getpid())
        settings: HeadSettings = replace(engine.settings, **space.suggest(trial, method), seed=_seed(trial))
        report = _Report(trial)
        train_dense(training, settings, validation, [report])
        trial.set_user_attr("accuracy", report.last["val_accuracy"])
        return float(report.last["val_loss"])

    return objective
