"""Synthesis: offline, without an installed Node, and equal to the committed snapshots."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra.image import allowed
from infra.settings import Settings
from infra.snapshot import FOLDER, read_snapshots
from tests.infra.reading import read_settings


@pytest.mark.synth
def test_the_committed_snapshots_equal_a_fresh_synthesis(assembly: Path) -> None:
    fresh = read_snapshots(assembly)

    committed = {name: (FOLDER / f"{name}.template.json").read_text(encoding="utf-8") for name in fresh}

    assert committed == fresh, "run `make templates` and look at the difference"


# Both the Python and the Node process of CDK fail on a name lookup or a connection.
PYTHON_OFFLINE = """
import sys
def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo"):
        raise OSError("no network here")
sys.addaudithook(refuse)
"""
NODE_OFFLINE = """
const refuse = () => { throw new Error("no network here"); };
require("net").Socket.prototype.connect = refuse;
require("dns").lookup = refuse;
"""


@pytest.mark.synth
def test_app_py_synthesizes_without_node_docker_account_or_network(root: Path, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(PYTHON_OFFLINE)
    (tmp_path / "offline.cjs").write_text(NODE_OFFLINE)
    environment = {"PATH": "/nowhere", "HOME": str(tmp_path), "CDK_OUTDIR": str(tmp_path / "out"), "HEMASCOPE_STAGE": "test"}
    environment |= {"PYTHONPATH": str(tmp_path), "NODE_OPTIONS": f"--require={tmp_path / 'offline.cjs'}"}

    done = subprocess.run([sys.executable, "app.py"], cwd=root, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "Hemascope-test-Ingest.template.json").exists()
    assert (tmp_path / "out" / "Hemascope-test-Screening.template.json").exists()


def test_the_cdk_command_line_takes_the_python_that_make_setup_made(root: Path, tmp_path: Path) -> None:
    interpreter = tmp_path / ".venv" / "bin" / "python"
    interpreter.parent.mkdir(parents=True)
    interpreter.write_text('#!/bin/sh\necho "the project runs $1"\n')
    interpreter.chmod(0o755)
    command = json.loads((root / "cdk.json").read_text())["app"]

    done = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.stdout == "the project runs app.py\n"


def test_app_py_names_the_setting_that_is_wrong(root: Path) -> None:
    environment = {**os.environ, "HEMASCOPE_PORTAL_URL": "ftp://nowhere"}

    done = subprocess.run([sys.executable, "app.py"], cwd=root, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "HEMASCOPE_PORTAL_URL" in done.stderr
    assert "Traceback" not in done.stderr


def test_app_py_and_handlers_stay_thin(root: Path) -> None:
    lengths = {path.name: len(path.read_text().splitlines()) for path in (root / "app.py", *root.glob("lambdas/*/handler.py"))}

    assert max(lengths.values()) <= 60, lengths


@pytest.mark.synth
def test_the_build_context_of_the_image_contains_the_allowed_files_only(assembly: Path, root: Path) -> None:
    assets = json.loads((assembly / "Hemascope-dev-Screening.assets.json").read_text())
    (image,) = assets["dockerImages"].values()
    context = assembly / image["source"]["directory"]

    held = sorted(path.relative_to(context).as_posix() for path in context.rglob("*") if path.is_file())

    package = root / "layers" / "hemascope" / "python" / "hemascope"
    modules = [
        path.relative_to(root).as_posix() for path in package.rglob("*") if path.suffix == ".py" or path.name == "py.typed"
    ]
    artifact = "model_artifacts/all-subtypes/1.0.1"
    files = (
        "colour_reference.json",
        "feature_reference.npz",
        "golden.json",
        "manifest.json",
        "microscope_baseline.json",
        "microscope_reference.json",
        "model.tflite",
        "texts.en.json",
    )
    assert held == sorted(
        [
            *modules,
            *(f"{artifact}/{name}" for name in files),
            "lambdas/microscope_jobs/handler.py",
            "lambdas/screen_smear/Dockerfile",
            "lambdas/screen_smear/handler.py",
            "requirements/build.txt",
            "requirements/image.txt",
        ]
    )


@pytest.mark.synth
def test_the_build_context_of_the_documents_image_contains_no_network(assembly: Path) -> None:
    assets = json.loads((assembly / "Hemascope-dev-Portal.assets.json").read_text())
    (image,) = assets["dockerImages"].values()
    context = assembly / image["source"]["directory"]

    held = {path.relative_to(context).as_posix() for path in context.rglob("*") if path.is_file()}

    artifact = f"model_artifacts/{Settings().model}"
    assert {path for path in held if not path.startswith("layers/hemascope/python/hemascope/")} == {
        f"{artifact}/manifest.json",
        f"{artifact}/texts.en.json",
        "lambdas/report_documents/Dockerfile",
        "lambdas/report_documents/handler.py",
        "requirements/build.txt",
        "requirements/documents.txt",
    }


def test_the_context_is_an_allow_list() -> None:
    patterns = allowed("all-subtypes/1.0.1")

    assert patterns[0] == "*"
    assert [pattern for pattern in patterns if ".npz" in pattern] == [
        "!model_artifacts/all-subtypes/1.0.1/feature_reference.npz"
    ]
    assert "!**" not in patterns


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HEMASCOPE_STAGE", "Prod!"),
        ("HEMASCOPE_ACCOUNT", "12"),
        ("HEMASCOPE_MEMORY_MB", "64"),
        ("HEMASCOPE_MAIL_SENDER", "nobody"),
        ("HEMASCOPE_MODEL", "../secret"),
        ("HEMASCOPE_LOG_RETENTION_DAYS", "3"),
    ],
)
def test_a_wrong_setting_is_named(variable: str, value: str) -> None:
    with pytest.raises(ValueError, match=variable):
        read_settings({variable: value})


def test_every_setting_is_in_the_example_with_its_default(root: Path) -> None:
    lines = (root / ".env.example").read_text().splitlines()
    shown = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))

    assert set(shown) == {f"HEMASCOPE_{name.upper()}" for name in Settings.model_fields}
    assert read_settings(shown) == Settings()
