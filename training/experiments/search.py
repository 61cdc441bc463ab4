"""Searches for hyperparameters of a dense head on cached features: by grid, at random and Bayesian (TPE), with one budget.

The methods are compared with the untuned default, trained equally often with other seeds, since the best of forty trainings is
above their mean. Trials are compared by validation loss; the test part is used once, for each method's best trial. Any number
of processes, on any number of machines, may share one storage at the same time; the trial of a process that dies is run again.
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
from training.experiments.examples import example_labels
from training.experiments.figures import draw_searches
from training.experiments.heads import HeadSettings, train_dense
from training.experiments.registry import Row
from training.experiments.tables import search_table

METHODS = ("default", "grid", "random", "tpe")
SEED = 4420
HEARTBEAT = 30  # seconds
_COUNTED = (TrialState.COMPLETE, TrialState.PRUNED)
_FIRST_EPOCH = 20  # heartbeats within which a trial must have finished its first epoch
_WARM_UP_EPOCHS = 10  # before which no trial is pruned


@dataclass(frozen=True)
class Space:
    """Search space; numbers of epochs are relative to the default's."""

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
        """Hyperparameters of a trial; none for the default."""
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


class SamplerPerTrial(optuna.samplers.BaseSampler):
    """A sampler seeded by the number of the trial, so that its draw doesn't depend on which process draws, and when."""

    def __init__(self, make: Callable[[int], optuna.samplers.BaseSampler]) -> None:
        self.make = make

    def infer_relative_search_space(self, study: optuna.Study, trial: Any) -> dict[str, Any]:
        """Delegate to the sampler of this trial."""
        return self.make(SEED + trial.number).infer_relative_search_space(study, trial)

    def sample_relative(self, study: optuna.Study, trial: Any, search_space: dict[str, Any]) -> dict[str, Any]:
        """Delegate to the sampler of this trial."""
        return self.make(SEED + trial.number).sample_relative(study, trial, search_space)

    def sample_independent(self, study: optuna.Study, trial: Any, param_name: str, param_distribution: Any) -> Any:
        """Delegate to a sampler seeded by trial and parameter."""
        seed = zlib.crc32(f"{SEED} {trial.number} {param_name}".encode())
        return self.make(seed).sample_independent(study, trial, param_name, param_distribution)


class _Report(keras.callbacks.Callback):
    """Reports the validation loss to the study after each epoch, and prunes a trial that falls behind."""

    def __init__(self, trial: optuna.Trial) -> None:
        super().__init__()
        self.trial, self.epochs = trial, 0
        self.last: dict[str, float] = {}

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        self.epochs, self.last = epoch + 1, dict(logs or {})
        self.trial.set_user_attr("epochs_spent", self.epochs)
        self.trial.report(self.last["val_loss"], epoch)
        if self.trial.should_prune():
            raise optuna.TrialPruned


def open_storage(url: str, heartbeat: int = HEARTBEAT) -> optuna.storages.RDBStorage:
    """A shared storage that notices trials whose process has died.

    Parameters
    ----------
    heartbeat
        Seconds between two heartbeats of a running trial.
    """
    waiting = {"connect_args": {"timeout": 60}} if url.startswith("sqlite") else {}
    with _without_experimental_warnings():
        return optuna.storages.RDBStorage(url, engine_kwargs=waiting, heartbeat_interval=heartbeat)


def search(engine: Engine, row: Row, method: str, trials: int, storage: optuna.storages.RDBStorage) -> optuna.Study:
    """Run trials of one method until its budget is spent, by this or other processes; return the study."""
    space = Space(engine.settings.epochs)
    study = optuna.create_study(
        study_name=f"{row.name} {method} {engine.digest(row, engine.source.data.split)}",
        storage=storage,
        sampler=_sampler(method, space),
        pruner=optuna.pruners.NopPruner()
        if method == "default"
        else optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=_WARM_UP_EPOCHS),
        load_if_exists=True,
    )
    objective = _objective(engine, row, method, space)
    while (left := _left(study, trials, storage.heartbeat_interval or HEARTBEAT)) != 0:
        if left > 0:
            study.optimize(objective, n_trials=1)
        else:
            time.sleep(1)  # other processes run the last trials
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
    found: dict[str, dict[str, Any]] = {}
    histories: dict[str, list[float]] = {}
    for method in methods:
        budget = min(trials, int(np.prod([len(values) for values in Space(1).grid.values()]))) if method == "grid" else trials
        study = search(engine, row, method, budget, opened)
        finished = counted(study)[:budget]
        losses = [_loss(trial) for trial in finished]
        best = finished[int(np.argmin(losses))]
        tuned = replace(engine, settings=replace(engine.settings, **best.params, seed=_seed(best)))
        found[method] = {
            "trials": len(finished),
            "pruned": sum(trial.state == TrialState.PRUNED for trial in finished),
            "epochs": sum(trial.user_attrs["epochs_spent"] for trial in finished),
            "seconds": round(sum(_seconds(trial) for trial in finished), 1),
            "best": best.params | {"seed": _seed(best)},
            "validation_loss": best.value,
            "validation_accuracy": best.user_attrs["accuracy"],
            "test": tuned.run(row, engine.source.data.split)["test"],
        }
        histories[method] = losses
    text = search_table(row, found)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"search-{row.name}.json").write_text(json.dumps(found, indent=1) + "\n")
    (folder / f"search-{row.name}.md").write_text(text + "\n")
    draw_searches(histories, folder / f"search-{row.name}.png")
    return text


def _loss(trial: optuna.trial.FrozenTrial) -> float:
    """Validation loss; infinity for a pruned trial."""
    return trial.value if trial.state == TrialState.COMPLETE and trial.value is not None else float("inf")


def _seconds(trial: optuna.trial.FrozenTrial) -> float:
    return trial.duration.total_seconds() if trial.duration else 0.0


def counted(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    """Completed and pruned trials in the order of their numbers: those that count towards the budget."""
    return study.get_trials(deepcopy=False, states=_COUNTED)


def _left(study: optuna.Study, trials: int, heartbeat: int) -> int:
    """Number of trials to start; 0 when all are done, -1 while other processes run the last ones."""
    with _without_experimental_warnings():
        optuna.storages.fail_stale_trials(study)
    _fail_trials_without_epoch(study, heartbeat)
    done, running = len(counted(study)), len(study.get_trials(deepcopy=False, states=[TrialState.RUNNING]))
    if done >= trials:
        return 0
    return trials - done - running if trials > done + running else -1


def _fail_trials_without_epoch(study: optuna.Study, heartbeat: int) -> None:
    """Fail trials whose process died before its first heartbeat; Optuna would wait for them forever."""
    limit = timedelta(seconds=_FIRST_EPOCH * heartbeat)
    for trial in study.get_trials(deepcopy=False, states=[TrialState.RUNNING]):
        if not trial.intermediate_values and trial.datetime_start and datetime.now() - trial.datetime_start > limit:  # noqa: DTZ005, as Optuna's own
            study.tell(trial.number, state=TrialState.FAIL)


@contextmanager
def _without_experimental_warnings() -> Iterator[None]:
    """Optuna has marked its heartbeat as experimental since version 2.8."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        yield


def _seed(trial: Any) -> int:
    return 1 + int(trial.number)


def _sampler(method: str, space: Space) -> optuna.samplers.BaseSampler:
    if method == "grid":
        return optuna.samplers.GridSampler(space.grid, seed=SEED)
    if method == "tpe":
        return SamplerPerTrial(lambda seed: optuna.samplers.TPESampler(seed=seed, constant_liar=True))
    return SamplerPerTrial(lambda seed: optuna.samplers.RandomSampler(seed=seed))


def _objective(engine: Engine, row: Row, method: str, space: Space) -> Callable[[optuna.Trial], float]:
    split = engine.source.data.split
    training = engine.source.training(row, split.train)
    validation = (engine.source.features(row, split.validation), example_labels(row, split.validation))

    def objective(trial: optuna.Trial) -> float:
        trial.set_user_attr("process", os.getpid())
        settings: HeadSettings = replace(engine.settings, **space.suggest(trial, method), seed=_seed(trial))
        report = _Report(trial)
        train_dense(training, settings, validation, [report])
        trial.set_user_attr("accuracy", report.last["val_accuracy"])
        return float(report.last["val_loss"])

    return objective
