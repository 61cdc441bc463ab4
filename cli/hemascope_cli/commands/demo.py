"""``hemascope demo``."""

from pathlib import Path
from typing import Annotated

import typer

from hemascope_cli.commands.options import Artifact


def demo(
    smear: Annotated[
        Path | None, typer.Option("--smear", metavar="FILE", help="A picture of yours.", show_default="a drawn smear")
    ] = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where to copy reports and pictures.")] = Path("out/demo"),
    artifact: Artifact = None,
) -> int:
    """Send one smear through the whole service on this machine."""
    from hemascope_cli.local import demo

    return demo.demo(smear, out, artifact)
