"""The Makefile's help, and the shell that it opens."""

import os
import re
import subprocess
from pathlib import Path


def make(root: Path, *words: str, **environment: str) -> str:
    command = ["make", "-o", ".venv/local.stamp", "-o", ".venv/python.stamp", *words]
    done = subprocess.run(
        command,
        cwd=root,
        input=environment.pop("typed", ""),
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | environment,
    )
    return done.stdout


def test_help_names_every_target(root: Path) -> None:
    targets = re.search(r"^\.PHONY: (.*)$", (root / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert targets

    shown = make(root, "help")

    assert {name for name in targets[1].split() if f"  make {name} " not in shown} == {"help"}


def test_the_command_works_in_the_shell_as_the_readme_prints_it(root: Path) -> None:
    shown = make(root, "shell", typed="command -v hemascope", SHELL="/bin/sh")

    assert shown.splitlines()[-1] == str(root / ".venv" / "bin" / "hemascope")


def test_an_installation_says_what_it_does(root: Path) -> None:
    shown = subprocess.run(
        ["make", "-n", "-W", "requirements/local.txt", "demo"], cwd=root, capture_output=True, text=True, check=True
    ).stdout

    lines = shown.splitlines()
    assert lines.index('echo "Installing the Python packages of the command line, about a minute ..."') < len(lines) - 1
    assert lines[-1].strip() == ".venv/bin/hemascope demo"
