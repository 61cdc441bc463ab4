"""``hemascope commission``."""

from pathlib import Path
from typing import Annotated

import typer

from hemascope_cli.commands.options import Artifact


def commission(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Pictures of ordinary smears, at least 30.")],
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write the acquisition fingerprint there.")] = None,
    artifact: Artifact = None,
) -> int:
    """Decide from its pictures whether the model may be used with a microscope.

    Exit status 0 where it may, 1 where it may not or where that can't be decided.
    """
    from hemascope_cli.pictures.commissioning import commission_folder

    return commission_folder(folder, out, artifact)
