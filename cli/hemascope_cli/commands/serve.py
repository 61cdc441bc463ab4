"""``hemascope serve``."""

from pathlib import Path
from typing import Annotated

import typer

from hemascope_cli.commands.options import Artifact


def serve(
    port: Annotated[int, typer.Option("--port", help="Port of the local cloud; 0 takes a free one.")] = 4566,
    pages: Annotated[int, typer.Option("--pages", metavar="PORT", help="Port of the portal; 0 takes a free one.")] = 8080,
    mails: Annotated[Path, typer.Option("--mails", metavar="DIR", help="Where to write the mails that are sent.")] = Path(
        "out/mails"
    ),
    artifact: Artifact = None,
) -> int:
    """Run the service and its portal on this machine until Ctrl-C."""
    from hemascope_cli.local import serve

    return serve.serve(port, pages, mails, artifact)
