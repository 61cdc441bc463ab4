"""Fixtures with a single synthesis for all tests of templates, since it takes Node some ten seconds."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.settings import Settings
from infra.snapshot import STACKS, synthesize


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthesize(Settings(), tmp_path_factory.mktemp("assembly"))


@pytest.fixture(scope="session")
def templates(assembly: Path) -> dict[str, dict[str, Any]]:
    return {name: json.loads((assembly / f"{stack}.template.json").read_text()) for name, stack in STACKS.items()}


@pytest.fixture(scope="session")
def resources(templates: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {
        f"{name}/{key}": resource for name, template in templates.items() for key, resource in template["Resources"].items()
    }
