"""``hemascope screen``."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from hemascope_cli.commands.options import Artifact, Proof, UsedProfile

Style = Literal["text", "json", "jsonl", "csv"]


def screen(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH", help="Pictures, folders with pictures, or - for one picture on standard input."),
    ],
    style: Annotated[Style, typer.Option("--format", help="How to print the reports.")] = "text",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write segmented pictures, overlays and heat maps there.")
    ] = None,
    profile: UsedProfile = None,
    verification: Proof = None,
    artifact: Artifact = None,
) -> int:
    """Screen pictures, and print a report for each.

    With --profile every decision is unverified, and no class is stated, until --verification names a proof that passed with it
    and with this model.

    Folders are searched with everything below them; what is no picture there is listed on standard error. Exit status 0, also
    where pictures were rejected; 2 where there was no picture.
    """
    from hemascope_cli.pictures.screening import screen_paths

    return screen_paths(paths, style, out, artifact, profile, verification)
