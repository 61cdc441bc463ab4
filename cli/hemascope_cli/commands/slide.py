"""``hemascope slide``."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from hemascope_cli.commands.options import Artifact, Proof, UsedProfile

SlideStyle = Literal["text", "json"]


def slide(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH", help="Pictures, folders with pictures, or reports (.json, .jsonl).")
    ],
    style: Annotated[SlideStyle, typer.Option("--format", help="How to print the statement.")] = "text",
    language: Annotated[str, typer.Option("--language", help="Language of the texts.")] = "en",
    profile: UsedProfile = None,
    verification: Proof = None,
    artifact: Artifact = None,
) -> int:
    """Summarize all fields of one slide in one statement."""
    from hemascope_cli.pictures.slide import report_paths

    return report_paths(paths, style, artifact, language, profile, verification)
