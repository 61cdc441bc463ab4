"""``hemascope verify``."""

import getpass
from pathlib import Path
from typing import Annotated

import typer

from hemascope_cli.commands.options import Artifact, Profile, share


def verify(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Pictures of slides whose answer is known; sub-folders are slides.")
    ],
    profile: Profile,
    answers: Annotated[
        Path,
        typer.Option(
            "--answers", metavar="FILE", help="CSV with the columns slide and answer: benign, leukemia or a class of the model."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Write the proof there.")],
    pdf: Annotated[Path | None, typer.Option("--pdf", metavar="FILE", help="Print the proof on one page there.")] = None,
    microscope: Annotated[
        str | None, typer.Option("--microscope", help="Name of the microscope, as registered; it stands in the proof.")
    ] = None,
    by: Annotated[str | None, typer.Option("--by", help="Who verifies.", show_default="your account")] = None,
    sensitivity: Annotated[
        float | None,
        typer.Option("--sensitivity", parser=share, help="Sensitivity that must be certain, by slide.", show_default="0.9"),
    ] = None,
    specificity: Annotated[
        float | None,
        typer.Option("--specificity", parser=share, help="Specificity that must be certain, by slide.", show_default="0.7"),
    ] = None,
    artifact: Artifact = None,
) -> int:
    """Prove a microscope's answers on slides whose answer is known.

    Only a confident answer is right. Exit status 0 where the proof passes, 1 where it does not; it is written in both cases.
    """
    from hemascope.domain.verification import VerificationLimits
    from hemascope_cli.pictures.verification import verify_folder

    signed = {"sensitivity": sensitivity, "specificity": specificity}
    limits = VerificationLimits(**{name: value for name, value in signed.items() if value is not None})
    return verify_folder(folder, profile, answers, out, pdf, artifact, (by or getpass.getuser(), microscope), limits)
