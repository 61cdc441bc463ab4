"""The borders that docs/architecture.md draws: what may import what."""

import ast
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from infra.layer_contents import CONTAINERS_ONLY

PACKAGE = "layers/hemascope/python/hemascope"
CLOUD = {"boto3", "botocore", "aws_lambda_powertools", "ministack", "aws_cdk"}
LABORATORY = {"tensorflow", "keras", "training", "infra", "sklearn", "matplotlib"}
# A tier knows itself and these.
TIERS = {
    "domain": set(),
    "ports.py": {"domain"},
    "imaging": {"domain"},
    "model": {"imaging", "domain"},
    "screening": {"microscopes", "model", "imaging", "ports", "domain"},
    "microscopes": {"model", "imaging", "domain"},
    "jobs": {"screening", "microscopes", "model", "imaging", "ports", "domain"},
    "slides": {"domain"},
    "notifications": {"ports", "domain"},
    "documents": {"imaging", "domain"},
    "portal": {"documents", "slides", "ports", "runtime", "domain"},
    "runtime": {"domain"},
    "aws": {"ports", "domain"},
    "bootstrap": {
        "aws",
        "portal",
        "notifications",
        "jobs",
        "microscopes",
        "screening",
        "documents",
        "model",
        "runtime",
        "ports",
        "domain",
    },
}
POWERTOOLS = {"portal", "runtime"}  # event handler, logger, batch processor and metrics


@cache
def imported(file: Path) -> set[str]:
    """Every module that a file imports anywhere, also inside of functions."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def sources(root: Path, *folders: str) -> list[Path]:
    found = [file for folder in folders for file in sorted((root / folder).rglob("*.py")) if "cdk.out" not in file.parts]
    assert found
    return found


def test_every_folder_of_the_package_is_a_tier(root: Path) -> None:
    rooms = {path.name for path in (root / PACKAGE).iterdir() if not path.name.startswith(("__", "py.typed"))}

    assert rooms == set(TIERS)


@pytest.mark.parametrize("tier", TIERS)
def test_a_tier_imports_only_those_below_it(root: Path, tier: str) -> None:
    allowed = TIERS[tier] | {tier.removesuffix(".py")}
    forbidden = LABORATORY | CLOUD - ({"aws_lambda_powertools"} if tier in POWERTOOLS else set())
    where = root / PACKAGE / tier
    for file in [where] if where.is_file() else sources(root, f"{PACKAGE}/{tier}"):
        ours = {name.split(".")[1] for name in imported(file) if name.startswith("hemascope.")}

        assert ours <= allowed, file
        if tier != "aws":
            assert not {name.split(".")[0] for name in imported(file)} & forbidden, file


def test_only_aws_and_the_command_line_know_boto3(root: Path) -> None:
    knowing = {
        file.relative_to(root).parts[:2]
        for file in sources(root, PACKAGE, "lambdas", "cli", "infra", "training")
        if {"boto3", "botocore"} & {name.split(".")[0] for name in imported(file)}
    }

    assert knowing <= {("layers", "hemascope"), ("cli", "hemascope_cli")}
    assert not {
        file
        for file in sources(root, PACKAGE)
        if {"boto3", "botocore"} & {name.split(".")[0] for name in imported(file)} and "aws" not in file.parts
    }


def test_the_package_never_imports_the_command_line(root: Path) -> None:
    for file in sources(root, PACKAGE, "lambdas"):
        assert "hemascope_cli" not in {name.split(".")[0] for name in imported(file)}, file


def test_the_domain_loads_pydantic_and_nothing_else(root: Path) -> None:
    modules = [f"hemascope.domain.{file.stem}" for file in sources(root, f"{PACKAGE}/domain") if file.stem != "__init__"]
    script = (
        "import importlib, sys; [importlib.import_module(name) for name in sys.argv[1:]]; "
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'numpy', 'cv2', 'boto3', 'aws_lambda_powertools'}))"
    )

    answer = subprocess.run([sys.executable, "-c", script, *modules], cwd=root, capture_output=True, text=True, check=True)

    assert answer.stdout.strip() == "[]"


def test_what_runs_in_the_cloud_never_imports_the_laboratory(root: Path) -> None:
    for file in sources(root, PACKAGE, "lambdas"):
        assert not {name.split(".")[0] for name in imported(file)} & LABORATORY, file


def test_importing_the_handler_loads_no_laboratory(root: Path) -> None:
    script = (
        "import sys, runpy; runpy.run_path('lambdas/screen_smear/handler.py');"
        "print(sorted({name.split('.')[0] for name in sys.modules} & set(sys.argv[1:])))"
    )

    answer = subprocess.run(
        [sys.executable, "-c", script, *LABORATORY, "ministack", "aws_cdk"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )

    assert answer.stdout.strip() == "[]"


@pytest.fixture(scope="module")
def layer(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shared package as the zip functions' layer holds it."""
    package = tmp_path_factory.mktemp("layer") / "hemascope"
    shutil.copytree(root / PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    for part in CONTAINERS_ONLY:
        path = package / part
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    return package


@pytest.mark.parametrize("function", ["send_notifications", "mail_events", "portal_api"])
def test_a_zip_function_needs_nothing_that_its_layers_do_not_hold(root: Path, layer: Path, function: str) -> None:
    script = (
        "import sys, runpy; runpy.run_path(sys.argv[1]); import hemascope; "
        "print(hemascope.__file__, {name.split('.')[0] for name in sys.modules} & {'numpy', 'cv2', 'ai_edge_litert'})"
    )
    command = [sys.executable, "-c", script, f"lambdas/{function}/handler.py"]

    answer = subprocess.run(
        command, cwd=root, env=os.environ | {"PYTHONPATH": str(layer.parent)}, capture_output=True, text=True, check=True
    )

    assert answer.stdout.strip() == f"{layer / '__init__.py'} set()"


def test_a_zip_function_carries_at_most_11000_lines_of_the_package(layer: Path) -> None:
    assert sum(len(file.read_text(encoding="utf-8").splitlines()) for file in layer.rglob("*.py")) <= 11_000


def test_what_prints_reports_brings_its_libraries_when_it_is_asked(root: Path) -> None:
    script = (
        "import sys, runpy; runpy.run_path('lambdas/report_documents/handler.py'); "
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'reportlab', 'fhir', 'PIL', 'cv2', 'ai_edge_litert'}))"
    )

    answer = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True)

    assert answer.stdout.strip() == "[]"


def test_the_laboratorys_help_does_not_wait_for_tensorflow(root: Path) -> None:
    script = (
        "import sys, runpy; sys.argv = ['training', '--help']\n"
        "try: runpy.run_module('training', run_name='__main__')\n"
        "except SystemExit: print('tensorflow' in sys.modules, 'keras' in sys.modules)"
    )

    answer = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True)

    assert answer.stdout.splitlines()[-1] == "False False"
    for step in ("pretrain", "train", "finetune", "export", "evaluate", "sheets"):
        assert step in answer.stdout


def test_what_tests_share_stands_in_no_test_module(root: Path) -> None:
    importing = {
        str(file.relative_to(root))
        for file in sources(root, "tests", "benchmarks")
        for name in imported(file)
        if name.startswith("tests.") and name.rpartition(".")[2].startswith("test_")
    }

    assert importing == set()


def test_no_module_is_longer_than_three_hundred_lines(root: Path) -> None:
    long = {
        str(file.relative_to(root)): lines
        for file in sources(root, PACKAGE, "cli", "lambdas", "infra", "training", "benchmarks", "tests")
        if (lines := len(file.read_text(encoding="utf-8").splitlines())) > 300
    }

    assert long == {}
