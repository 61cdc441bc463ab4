"""The Makefile's help, and the shell that it opens."""

import os
import re
import subprocess
from pathlib import Path

INSTALLED = ("-o", ".venv/local.stamp", "-o", ".venv/python.stamp")


def make(root: Path, *words: str, typed: str = "", **environment: str) -> str:
    """What make prints, also where make itself runs the tests: what it then tells of folders is left out."""
    kept = {name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}}
    done = subprocess.run(
        ["make", "--no-print-directory", *words],
        cwd=root,
        input=typed,
        capture_output=True,
        text=True,
        check=True,
        env=kept | environment,
    )
    return done.stdout


def test_help_names_every_target(root: Path) -> None:
    targets = re.search(r"^\.PHONY: (.*)$", (root / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert targets

    shown = make(root, *INSTALLED, "help")

    assert {name for name in targets[1].split() if f"  make {name} " not in shown} == {"help"}


def test_the_command_works_in_the_shell_as_the_readme_prints_it(root: Path) -> None:
    shown = make(root, *INSTALLED, "shell", typed="command -v hemascope", SHELL="/bin/sh")

    assert shown.splitlines()[-1] == str(root / ".venv" / "bin" / "hemascope")


def test_an_installation_says_what_it_does(root: Path) -> None:
    shown = make(root, "-n", "-W", "requirements/local.txt", "demo")

    lines = shown.splitlines()
    assert lines.index('echo "Installing the Python packages of the command line, about a minute ..."') < len(lines) - 1
    assert lines[-1].strip() == ".venv/bin/hemascope demo"
