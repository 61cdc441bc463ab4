"""What several tests share. Whatever is slow to make is made once a session."""

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from hemascope.imaging.synthetic import draw_synthetic_smear, encode_jpeg
from hemascope.model.artifact import Artifact, load_artifact
from hemascope.model.classifier import Classifier
from hemascope_cli.local import cloud
from hemascope_cli.project import artifact_folder
from tests.support.patience import patience

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).parent.parent
NO_DATASET = "HEMASCOPE_DATASET names no folder with the real smears"

# No example has a deadline, and drawing none may be too slow: on a busy machine neither is a fault of the code.
_TIMED = [HealthCheck.too_slow]
settings.register_profile("full", max_examples=2000, deadline=None, suppress_health_check=_TIMED)  # `make fuzz`
settings.register_profile("any machine", deadline=None, suppress_health_check=_TIMED)
settings.load_profile("any machine")


def pytest_configure(config: pytest.Config) -> None:
    """One variable sets how long anything may hang: a wait, the start of the local cloud, a whole test with its fixtures."""
    os.environ.setdefault(cloud.PATIENCE, str(patience()))
    if config.getoption("timeout", None) is None:
        config.option.timeout = 3 * patience()


def _dataset() -> Path | None:
    folder = os.environ.get("HEMASCOPE_DATASET")
    return Path(folder) if folder and (Path(folder) / "Original").is_dir() else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if _dataset() is None:
        for item in items:
            if item.get_closest_marker("dataset"):
                item.add_marker(pytest.mark.skip(reason=NO_DATASET))


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def dataset() -> Path:
    """The real smears, where there are any on this machine."""
    folder = _dataset()
    if folder is None:
        pytest.skip(NO_DATASET)
    return folder


@pytest.fixture(scope="session")
def artifact() -> Artifact:
    """The shipped model."""
    return load_artifact(artifact_folder(None))


@pytest.fixture(scope="session")
def classifier(artifact: Artifact) -> Classifier:
    """The shipped model, loaded."""
    return Classifier(artifact)


@pytest.fixture(scope="session")
def other_disease(artifact: Artifact, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an artifact of two classes that have nothing to do with the shipped model's."""
    from tests.support.other_disease import make_artifact

    return make_artifact(artifact, tmp_path_factory.mktemp("other disease"))


@pytest.fixture(scope="session")
def smear() -> bytes:
    """A drawn smear as a JPEG file."""
    return encode_jpeg(draw_synthetic_smear(1))


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """Chromium, one of all tests: Playwright starts once in a process."""
    from tests.web.chromium import started

    yield from started()


def lambda_module(folder: str) -> ModuleType:
    """A Lambda's own file, imported as Lambda does: by its path."""
    spec = importlib.util.spec_from_file_location(f"{folder}_handler", ROOT / "lambdas" / folder / "handler.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def handler_module() -> ModuleType:
    """The screening function's own file."""
    return lambda_module("screen_smear")
