"""Fixtures that several functional tests share: a deployment on moto, and the portal on fakes."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hemascope.model.artifact import Artifact
from tests.support.fakes import FixedClassifier
from tests.support.moto_cloud import MotoCloud, moto_cloud
from tests.support.portal_world import PortalWorld, opened


@pytest.fixture
def cloud() -> Iterator[MotoCloud]:
    with moto_cloud() as cloud:
        yield cloud


@pytest.fixture
def portal() -> PortalWorld:
    return PortalWorld()


@pytest.fixture
def screened(artifact: Artifact, smear: bytes) -> PortalWorld:
    """A portal with a report on one smear, of which the network says Pre-B."""
    portal = PortalWorld()
    portal.screen(smear, FixedClassifier(artifact, 0.01, 0.02, 0.96, 0.01))
    return portal


@pytest.fixture
def ask(root: Path, portal: PortalWorld, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """The functions' own entries in front of the portal."""
    return opened(root, portal, monkeypatch)
