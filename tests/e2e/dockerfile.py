"""Builds what a Dockerfile builds, without Docker: the same lines, carried out in an empty folder.

It knows what our Dockerfile uses: several stages, ARG, ENV, COPY, RUN. Paths of the image become paths below the folder.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from infra.image import SCREENING, allowed

TASK_ROOT = "/var/task"  # of AWS's base images


@dataclass
class Image:
    """A root folder, the variables that its ENV lines set, and its command."""

    root: Path
    variables: dict[str, str] = field(default_factory=dict)
    command: list[str] = field(default_factory=list)

    @property
    def task_root(self) -> Path:
        return self.root / TASK_ROOT.lstrip("/")

    def environment(self) -> dict[str, str]:
        """What a process in the image sees: nothing of ours but an interpreter."""
        below = {name: re.sub(r"^/", f"{self.root}/", value) for name, value in self.variables.items()}
        return {"PATH": f"{self.root}/bin:/usr/bin:/bin", "LAMBDA_TASK_ROOT": str(self.task_root), **below}

    def size(self) -> int:
        """Bytes that are not the base image's."""
        return sum(path.stat().st_size for path in self.task_root.rglob("*") if path.is_file())


def copy_context(root: Path, folder: Path, model: str, function: str = SCREENING) -> Path:
    """Copy the files that the allow-list lets into a build; return the folder."""
    for pattern in (rule.removeprefix("!") for rule in allowed(model, function) if rule.startswith("!")):
        for file in root.glob(pattern if not pattern.endswith("**") else f"{pattern}/*"):
            if file.is_file() and "__pycache__" not in file.parts:
                target = folder / file.relative_to(root)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(file.read_bytes())
    return folder


def build(dockerfile: Path, context: Path, folder: Path, arguments: dict[str, str]) -> Image:
    """Carry out every line of a Dockerfile; return the last stage.

    Raises
    ------
    AssertionError
        Where a RUN line fails, with what it printed.
    """
    stages: dict[str, Image] = {}
    image = Image(folder)
    text = re.sub(r"\\\n", " ", dockerfile.read_text())
    for line in (line for line in text.splitlines() if line and not line.startswith("#")):
        word, _, rest = line.partition(" ")
        if word == "FROM":
            name = rest.split(" AS ")[-1]
            image = stages[name] = Image(folder / f"stage-{len(stages)}")
            image.task_root.mkdir(parents=True)
            _install_interpreter(image)
        elif word == "ARG":
            image.variables[rest] = arguments[rest]
        elif word == "ENV":
            name, _, value = rest.partition("=")
            image.variables[name] = _expand(value, image)
        elif word == "COPY":
            _copy(_expand(rest, image), image, stages, context)
        elif word == "RUN":
            _run(_expand(rest, image), image)
        elif word == "CMD":
            image.command = [str(word) for word in eval(rest, {"__builtins__": {}})]  # a JSON list of strings
        else:
            assert word == "USER", f"expected a word that this builder knows, received {line}"
    return image


def _expand(text: str, image: Image) -> str:
    values = {"LAMBDA_TASK_ROOT": TASK_ROOT, **image.variables}
    return re.sub(r"\$\{(\w+)\}", lambda found: values[found[1]], text)


def _copy(rest: str, image: Image, stages: dict[str, Image], context: Path) -> None:
    words = shlex.split(rest)
    root = stages[words.pop(0).removeprefix("--from=")].root if words[0].startswith("--from=") else context
    source, target = root / words[0].lstrip("/"), image.root / words[1].lstrip("/")
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def _run(command: str, image: Image) -> None:
    inside = re.sub(r"(?<=\s)/", f"{image.root}/", command)
    done = subprocess.run(
        ["/bin/sh", "-c", inside], cwd=image.task_root, env=image.environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"RUN {command}\n{done.stdout}{done.stderr}"


def _install_interpreter(image: Image) -> None:
    """A python without any site-packages, but with the task root, as in the image; and a pip."""
    (image.root / "bin").mkdir()
    base = os.path.realpath(sys.executable)
    scripts = {
        "python": f'PYTHONPATH="{image.task_root}" exec {base} -s -S "$@"',
        "pip": f'exec {sys.executable} -m pip --disable-pip-version-check --quiet "$@"',
    }
    for name, line in scripts.items():
        path = image.root / "bin" / name
        path.write_text(f"#!/bin/sh\n{line}\n")
        path.chmod(0o755)
