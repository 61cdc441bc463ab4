"""The local cloud replaces private functions of MiniStack: the version that has them is pinned, and has them."""

import ast
import importlib
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

PATCHING = ["deliveries.py", "emulator.py", "mails.py", "tokens.py"]


def used_attributes(source: str) -> set[tuple[str, str]]:
    """Module and attribute of every attribute that a source takes of a module of MiniStack."""
    tree = ast.parse(source)
    modules = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "ministack"
        for alias in node.names
    }
    return {
        (modules[node.value.id], node.attr)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules
    }


def test_ministack_is_pinned_to_the_installed_version(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))

    assert f"ministack=={version('ministack')}" in project["project"]["optional-dependencies"]["local"]


@pytest.mark.parametrize("file", PATCHING)
def test_what_is_patched_exists_in_that_version(root: Path, file: str) -> None:
    used = used_attributes((root / "cli" / "hemascope_cli" / "local" / file).read_text(encoding="utf-8"))

    assert any(name.startswith("_") for _, name in used)
    for module, name in used:
        assert hasattr(importlib.import_module(module), name), f"{module}.{name}"


def test_no_other_module_touches_ministack(root: Path) -> None:
    naming = {file.name for file in (root / "cli").rglob("*.py") if "from ministack" in file.read_text(encoding="utf-8")}

    assert naming == set(PATCHING)
