"""The search: processes share one study, the trial of a killed one is run again, trials that fall behind are pruned."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState

from tests.support.drawn_data import draw_data, eager_training
from tests.support.search_worker import ROW, SETTINGS, TRIALS, storage_url
from training.experiments import search as search_module
from training.experiments.engine import Engine
from training.experiments.heads import HeadSettings
from training.experiments.matrix import engine_for
from training.experiments.search import METHODS, Space, counted, open_storage, run_search, search


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    folder = tmp_path_factory.mktemp("search")
    return engine_for(draw_data(folder), {}, folder / "runs", 0, SETTINGS)


@pytest.fixture
def storage(tmp_path: Path) -> optuna.storages.RDBStorage:
    return open_storage(f"sqlite:///{tmp_path / 'studies.db'}", heartbeat=1)


def _process_of_trial_0(study: optuna.Study, workers: subprocess.Popen[str]) -> int:
    """Wait for the process that is in the middle of trial 0; its id."""
    while workers.poll() is None:
        for trial in study.get_trials(deepcopy=False, states=[TrialState.RUNNING]):
            if trial.number == 0 and trial.intermediate_values:
                return int(trial.user_attrs["process"])
        time.sleep(0.05)
    raise AssertionError("expected a process in the middle of trial 0, all have ended")


def test_three_processes_share_one_study_and_the_trial_of_a_killed_one_is_run_again(engine: Engine, root: Path) -> None:
    folder, data = engine.source.data.root.parent, engine.source.data
    engine.source.features(ROW, [*data.split.train, *data.split.validation])
    storage = open_storage(storage_url(folder), heartbeat=1)
    study = optuna.create_study(storage=storage, study_name=f"hand random {engine.digest(ROW, data.split)}", pruner=None)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(root), *sys.path]), "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-m", "tests.support.search_worker", str(folder), "3"]
    with subprocess.Popen(command, cwd=root, env=environment, stdout=subprocess.PIPE, text=True) as workers:
        try:
            os.kill(_process_of_trial_0(study, workers), signal.SIGKILL)
            output, _ = workers.communicate()
        finally:
            workers.kill()

    assert sorted(json.loads(output)) == [-signal.SIGKILL, 0, 0]
    trials = study.get_trials(deepcopy=False)
    assert trials[0].state == TrialState.FAIL
    assert [trial.state for trial in trials].count(TrialState.RUNNING) == 0
    done = counted(study)
    assert len(done) >= TRIALS
    assert len({tuple(sorted(trial.params.items())) for trial in done}) == len(done)  # no two drew the same
    assert len({trial.user_attrs["process"] for trial in trials}) == 3


def test_a_trial_whose_process_died_before_its_first_heartbeat_is_run_again(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_known_loss(monkeypatch, lambda settings: 1.0)
    monkeypatch.setattr(search_module, "_FIRST_EPOCH", 0)
    url = f"sqlite:///{tmp_path / 'studies.db'}"
    storage = open_storage(url, heartbeat=1)
    search(engine, ROW, "random", 1, storage)
    study = optuna.load_study(study_name=None, storage=optuna.storages.RDBStorage(url))
    study.ask()

    search(engine, ROW, "random", 2, storage)

    states = [trial.state for trial in study.get_trials(deepcopy=False)]
    assert states == [TrialState.COMPLETE, TrialState.FAIL, TrialState.COMPLETE]


def test_every_method_spends_the_same_budget_and_the_default_is_not_tuned(engine: Engine, tmp_path: Path) -> None:
    with eager_training():
        text = run_search(engine, ROW, METHODS, 1, f"sqlite:///{tmp_path / 'all.db'}", tmp_path)

    found = json.loads((tmp_path / "search-hand.json").read_text())
    assert [result["trials"] for result in found.values()] == [1, 1, 1, 1]
    assert list(found["default"]["best"]) == ["seed"]
    assert found["default"]["epochs"] == 2
    for method in ("grid", "random", "tpe"):
        assert set(found[method]["best"]) == {"learning_rate", "batch", "dropout", "epochs", "width", "depth", "seed"}
        assert method in text
    assert (tmp_path / "search-hand.png").stat().st_size > 0


def with_known_loss(monkeypatch: pytest.MonkeyPatch, loss: Callable[[HeadSettings], float], epochs: int = 1) -> None:
    """Let a training end with a loss that is known beforehand."""

    def train(training: object, settings: HeadSettings, validation: object, callbacks: list[Any]) -> None:
        for epoch in range(epochs):
            callbacks[0].on_epoch_end(epoch, {"val_loss": loss(settings), "val_accuracy": 0.5})

    monkeypatch.setattr(search_module, "train_dense", train)


def test_a_resumed_search_draws_what_it_would_have_drawn(
    engine: Engine, storage: optuna.storages.RDBStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_known_loss(monkeypatch, lambda settings: settings.dropout)
    search(engine, ROW, "random", 3, storage)

    resumed = search(engine, ROW, "random", 6, storage)

    whole = search(engine, ROW, "random", 6, open_storage(f"sqlite:///{tmp_path / 'other.db'}"))
    assert [trial.params for trial in counted(resumed)] == [trial.params for trial in counted(whole)]
    assert len({json.dumps(trial.params) for trial in counted(whole)}) == 6


def test_a_trial_that_falls_behind_is_pruned(
    engine: Engine, storage: optuna.storages.RDBStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_module, "_WARM_UP_EPOCHS", 0)
    with_known_loss(monkeypatch, lambda settings: 1.0 if settings.seed <= 5 else 2.0, epochs=3)

    trials = counted(search(engine, ROW, "random", 7, storage))

    assert [trial.state for trial in trials] == [TrialState.COMPLETE] * 5 + [TrialState.PRUNED] * 2
    assert [trial.user_attrs["epochs_spent"] for trial in trials] == [3] * 5 + [1] * 2


def test_a_search_finds_the_learning_rate_that_is_best(
    engine: Engine, storage: optuna.storages.RDBStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_known_loss(monkeypatch, lambda settings: abs(np.log10(settings.learning_rate) + 2.5))

    best = search(engine, ROW, "tpe", 20, storage).best_params["learning_rate"]

    assert best == pytest.approx(10**-2.5, rel=0.3)


def test_the_grid_is_searched_point_by_point(
    engine: Engine, storage: optuna.storages.RDBStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_known_loss(monkeypatch, lambda settings: 1.0)

    points = [tuple(trial.params.values()) for trial in counted(search(engine, ROW, "grid", 6, storage))]

    assert len(set(points)) == 6
    assert np.prod([len(values) for values in Space(50).grid.values()]) == 96


def test_a_row_without_a_dense_head_is_refused(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected a row with a dense head, received hand with svm"):
        run_search(engine, replace(ROW, head="svm"), METHODS, 1, "sqlite://", tmp_path)
