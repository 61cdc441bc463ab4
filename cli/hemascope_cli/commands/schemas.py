"""``hemascope schemas``."""

from pathlib import Path
from typing import Annotated

import typer


def schemas(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write them.")] = Path("docs/contracts"),
) -> int:
    """Write the JSON Schemas of everything that Hemascope publishes."""
    from hemascope_cli.published_schemas import write_schemas

    print(*write_schemas(folder), sep="\n")
    return 0
