"""``hemascope commission``."""

from pathlib import Path
from typing import Annotated

import typer

from hemascope_cli.commands.options import Artifact


def commission(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="Pictures of ordinary smears, at least 30. For a profile its sub-folders are slides."
        ),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Fit a profile to the microscope and write it there.")
    ] = None,
    acquisition: Annotated[
        Path | None, typer.Option("--acquisition", metavar="FILE", help="Write the acquisition fingerprint there.")
    ] = None,
    squeezed: Annotated[
        bool, typer.Option("--squeezed", help="The pictures' pixels are not square, so red cells are no ruler.")
    ] = False,
    artifact: Artifact = None,
) -> int:
    """Decide from its pictures whether the model may be used with a microscope.

    With --out: whether it may be used with a profile, which corrects the microscope's colours and light; the profile is written
    if so. Without: whether it may be used as it is.

    Exit status 0 where it may, 1 where it may not or where that can't be decided; what to change at the microscope is printed.
    """
    if out is not None:
        from hemascope_cli.pictures.profiles import fit_folder

        return fit_folder(folder, out, acquisition, artifact, square_pixels=not squeezed)
    from hemascope_cli.pictures.commissioning import commission_folder

    return commission_folder(folder, acquisition, artifact)
