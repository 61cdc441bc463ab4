"""The search: three processes share one study, a killed one is made up for, trials that fall behind are pruned."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState

from tests.support.drawn_data import draw_data
from training.experiments import search as search_module
from training.experiments.engine import Engine
from training.experiments.heads import HeadSettings
from training.experiments.matrix import engine_for
from training.experiments.registry import Row
from training.experiments.search import METHODS, Space, counted, open_storage, run_search, search

ROW = Row("hand", ("handmade",), (("segmented",),))
SETTINGS = HeadSettings(epochs=2, width=16, depth=2)
WORKER = """
import sys
from pathlib import Path
from tests.support.drawn_data import SPEC
from tests.functional.test_training_search import ROW, SETTINGS
from training.experiments.matrix import engine_for
from training.experiments.search import open_storage, search
from training.data.training_data import TrainingData

folder = Path(sys.argv[1])
engine = engine_for(TrainingData.open(folder / "drawn", folder / "split.json", SPEC), {}, folder / "runs", 0, SETTINGS)
print("ready", flush=True)
search(engine, ROW, "random", 6, open_storage(f"sqlite:///{folder / 'shared.db'}", heartbeat=1))
"""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    folder = tmp_path_factory.mktemp("laboratory")
    return engine_for(draw_data(folder), {}, folder / "runs", 0, SETTINGS)


@pytest.fixture
def storage(tmp_path: Path) -> optuna.storages.RDBStorage:
    return open_storage(f"sqlite:///{tmp_path / 'studies.db'}", heartbeat=1)


def _at_work(study: optuna.Study) -> int:
    """Wait for a process that is in the middle of a trial; its id."""
    for _ in range(3000):
        for trial in study.get_trials(deepcopy=False, states=[TrialState.RUNNING]):
            if trial.intermediate_values:
                return int(trial.user_attrs["process"])
        time.sleep(0.01)
    raise TimeoutError("expected a process to begin a trial within 30 s")


def test_three_processes_share_one_study_and_the_killed_ones_trial_is_made_up_for(engine: Engine, root: Path) -> None:
    folder = engine.source.data.root.parent
    engine.source.features(ROW, [one for part in ("train", "validation") for one in engine.source.data.split.part(part)])
    storage = open_storage(f"sqlite:///{folder / 'shared.db'}", heartbeat=1)
    study = optuna.create_study(
        storage=storage, study_name=f"hand random {engine.digest(ROW, engine.source.data.split)}", pruner=None
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(root), *sys.path]), "TF_CPP_MIN_LOG_LEVEL": "3"}
    workers = [
        subprocess.Popen([sys.executable, "-c", WORKER, str(folder)], cwd=root, env=environment, stdout=subprocess.PIPE)
        for _ in range(3)
    ]
    try:
        victim = _at_work(study)
        os.kill(victim, signal.SIGKILL)
        codes = [one.wait(timeout=90) for one in workers]
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
            assert worker.stdout is not None
            worker.stdout.close()

    assert sorted(codes) == [-signal.SIGKILL, 0, 0]
    states = Counter(trial.state for trial in study.get_trials(deepcopy=False))
    assert states[TrialState.COMPLETE] + states[TrialState.PRUNED] >= 6
    assert states[TrialState.RUNNING] == 0
    numbers = [tuple(sorted(one.params.items())) for one in counted(study)]
    assert len(set(numbers)) == len(numbers)  # no two drew the same


def test_a_trial_whose_process_died_before_its_first_heartbeat_is_made_up_for(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned(monkeypatch, lambda settings: 1.0)
    monkeypatch.setattr(search_module, "_PATIENCE", 0)
    url = f"sqlite:///{tmp_path / 'studies.db'}"
    storage = open_storage(url, heartbeat=1)
    search(engine, ROW, "random", 1, storage)
    study = optuna.load_study(study_name=None, storage=optuna.storages.RDBStorage(url))
    study.ask()

    search(engine, ROW, "random", 2, storage)

    states = [trial.state for trial in study.get_trials(deepcopy=False)]
    assert states == [TrialState.COMPLETE, TrialState.FAIL, TrialState.COMPLETE]


def test_every_method_spends_the_same_budget_and_the_default_is_not_tuned(engine: Engine, tmp_path: Path) -> None:
    text = run_search(engine, ROW, METHODS, 1, f"sqlite:///{tmp_path / 'all.db'}", tmp_path)

    found = json.loads((tmp_path / "search-hand.json").read_text())
    assert [one["trials"] for one in found.values()] == [1, 1, 1, 1]
    assert list(found["default"]["best"]) == ["seed"]
    assert found["default"]["epochs"] == 2
    for method in ("grid", "random", "tpe"):
        assert set(found[method]["best"]) == {"learning_rate", "batch", "dropout", "epochs", "width", "depth", "seed"}
        assert method in text
    assert (tmp_path / "search-hand.png").stat().st_size > 0


def learned(monkeypatch: pytest.MonkeyPatch, loss: Callable[[HeadSettings], float], epochs: int = 1) -> None:
    """Let a training end with a loss that is known beforehand."""

    def train(training: object, settings: HeadSettings, validation: object, callbacks: list[Any]) -> None:
        for epoch in range(epochs):
            callbacks[0].on_epoch_end(epoch, {"val_loss": loss(settings), "val_accuracy": 0.5})

    monkeypatch.setattr(search_module, "train_dense", train)


def test_a_search_goes_on_where_it_was_and_draws_what_it_would_have_drawn(
    engine: Engine, storage: optuna.storages.RDBStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned(monkeypatch, lambda settings: settings.dropout)
    search(engine, ROW, "random", 3, storage)

    resumed = search(engine, ROW, "random", 6, storage)

    whole = search(engine, ROW, "random", 6, open_storage(f"sqlite:///{tmp_path / 'other.db'}"))
    assert [one.params for one in counted(resumed)] == [one.params for one in counted(whole)]
    assert len({json.dumps(one.params) for one in counted(whole)}) == 6


def test_a_trial_that_falls_behind_is_pruned(
    engine: Engine, storage: optuna.storages.RDBStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_module, "_WATCHED_EPOCHS", 0)
    learned(monkeypatch, lambda settings: 1.0 if settings.seed <= 5 else 2.0, epochs=3)

    trials = counted(search(engine, ROW, "random", 7, storage))

    assert [trial.state for trial in trials] == [TrialState.COMPLETE] * 5 + [TrialState.PRUNED] * 2
    assert [one.user_attrs["epochs_spent"] for one in trials] == [3] * 5 + [1] * 2


def test_a_search_finds_the_learning_rate_that_is_best(
    engine: Engine, storage: optuna.storages.RDBStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned(monkeypatch, lambda settings: abs(np.log10(settings.learning_rate) + 2.5))

    best = search(engine, ROW, "tpe", 20, storage).best_params["learning_rate"]

    assert best == pytest.approx(10**-2.5, rel=0.3)


def test_the_grid_is_searched_point_by_point(
    engine: Engine, storage: optuna.storages.RDBStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned(monkeypatch, lambda settings: 1.0)

    points = [tuple(one.params.values()) for one in counted(search(engine, ROW, "grid", 6, storage))]

    assert len(set(points)) == 6
    assert np.prod([len(values) for values in Space(50).grid.values()]) == 96


def test_a_row_without_a_dense_head_is_refused(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected a row with a dense head, received hand with svm"):
        run_search(engine, replace(ROW, head="svm"), METHODS, 1, "sqlite://", tmp_path)
