"""Processes that share one hyperparameter search: ``python -m tests.support.search_worker FOLDER PROCESSES``.

One process imports everything and forks the others. Trainings have a known loss; the one of trial 0 never ends, so that whoever
draws it can be killed in the middle of a trial. Prints the wait statuses of the processes as JSON.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from optuna.trial import TrialState

from tests.support.drawn_data import SPEC
from training.data.training_data import TrainingData
from training.experiments import search as search_module
from training.experiments.engine import Engine
from training.experiments.heads import HeadSettings
from training.experiments.matrix import engine_for
from training.experiments.registry import Row
from training.experiments.search import open_storage, search

ROW = Row("hand", ("handmade",), (("segmented",),))
SETTINGS = HeadSettings(epochs=2, width=16, depth=2)
TRIALS = 6


def storage_url(folder: Path) -> str:
    """URL of the storage that the processes share."""
    return f"sqlite:///{folder / 'shared.db'}"


def _train(_training: Any, settings: HeadSettings, _validation: Any, callbacks: list[Any]) -> None:
    trial = callbacks[0].trial
    # Optuna's own thread may be late with the first: a process that is killed before it is never missed.
    trial.study._storage.record_heartbeat(trial._trial_id)
    callbacks[0].on_epoch_end(0, {"val_loss": settings.dropout, "val_accuracy": 0.5})
    if trial.number == 0:
        signal.pause()
    # The others go on once the killed one's heartbeat is missed, so that trials are left to notice it.
    storage, study = trial.study._storage, trial.study._study_id
    while trial.study.get_trials(deepcopy=False)[0].state == TrialState.RUNNING and not storage._get_stale_trial_ids(study):
        time.sleep(0.05)


def _work(engine: Engine, folder: Path) -> None:
    search(engine, ROW, "random", TRIALS, open_storage(storage_url(folder), heartbeat=1))


def main(folder: Path, processes: int) -> None:
    """Fork the processes and wait for all."""
    search_module.train_dense = _train  # type: ignore[assignment, attr-defined]
    data = TrainingData.open(folder / "drawn", folder / "split.json", SPEC)
    engine = engine_for(data, {}, folder / "runs", 0, SETTINGS)
    children = []
    for _ in range(processes):
        child = os.fork()
        if child == 0:
            _work(engine, folder)
            os._exit(0)
        children.append(child)
    json.dump([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children], sys.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
