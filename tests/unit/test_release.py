"""One version, a changelog that follows it, and a package that contains what a release promises."""

import importlib.util
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

import hemascope


@pytest.fixture(scope="module")
def release(root: Path) -> ModuleType:
    """The script of the release workflow."""
    spec = importlib.util.spec_from_file_location("release", root / ".github" / "release.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout of version 2.3.4, ready to be released."""
    package = tmp_path / "layers/hemascope/python/hemascope/__init__.py"
    package.parent.mkdir(parents=True)
    package.write_text('"""A package."""\n\n__version__ = "2.3.4"\n')
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## 2.3.4\n\n- New.\n\n## 2.3.3\n\n- Old.\n")
    return tmp_path


def test_the_changelog_begins_with_the_version_or_with_what_is_unreleased(release: ModuleType, root: Path) -> None:
    sections = release.read_sections((root / "CHANGELOG.md").read_text(encoding="utf-8"))

    assert next(iter(sections)) in {"Unreleased", hemascope.__version__}
    assert all(sections.values())


def test_the_script_reads_the_version_that_the_package_has(release: ModuleType, root: Path) -> None:
    assert release.read_version(root) == hemascope.__version__


def test_the_version_stands_in_no_other_place(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))

    assert "version" not in project["project"]
    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "hemascope.__version__"}


def test_the_notes_of_a_release_are_its_section_of_the_changelog(release: ModuleType, checkout: Path) -> None:
    assert release.release_notes("v2.3.4", checkout) == "- New."


@pytest.mark.parametrize(
    ("tag", "changelog", "expected"),
    [
        ("v2.3.5", "## 2.3.4\n\n- New.\n", "expected the tag v2.3.4, received v2.3.5"),
        ("2.3.4", "## 2.3.4\n\n- New.\n", "expected the tag v2.3.4, received 2.3.4"),
        ("v2.3.4", "## Unreleased\n\n- New.\n", "expected 2.3.4 as first heading of CHANGELOG.md, found Unreleased"),
        ("v2.3.4", "", "expected 2.3.4 as first heading of CHANGELOG.md, found none"),
        ("v2.3.4", "## 2.3.4\n\n## 2.3.3\n\n- Old.\n", "expected changes under 2.3.4 in CHANGELOG.md, found none"),
    ],
)
def test_a_tag_that_version_or_changelog_contradicts_is_no_release(
    release: ModuleType, checkout: Path, tag: str, changelog: str, expected: str
) -> None:
    (checkout / "CHANGELOG.md").write_text(changelog)

    with pytest.raises(ValueError, match="expected") as refusal:
        release.release_notes(tag, checkout)

    assert str(refusal.value) == expected


def test_the_wheel_has_both_packages_their_types_and_the_version(root: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for part in ("layers/hemascope/python/hemascope", "cli/hemascope_cli"):
        shutil.copytree(root / part, source / part, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(root / name, source / name)
    build = f"import setuptools.build_meta as backend; backend.build_wheel({str(tmp_path)!r})"

    subprocess.run([sys.executable, "-c", build], cwd=source, check=True, capture_output=True)

    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.name == f"hemascope-{hemascope.__version__}-py3-none-any.whl"
    packed = set(zipfile.ZipFile(wheel).namelist())
    modules = {
        path.relative_to(folder).as_posix()
        for folder in (source / "layers/hemascope/python", source / "cli")
        for path in folder.rglob("*.py")
    }
    assert modules <= packed
    assert {"hemascope/py.typed", "hemascope_cli/py.typed"} <= packed
