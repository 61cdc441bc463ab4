"""Options that several commands share, and the deployment that they name."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:  # boto3 is loaded when a command runs
    from hemascope_cli.operations.deployment import Deployment

_FROM_STACK = "from the stack"

Artifact = Annotated[
    Path | None,
    typer.Option("--artifact", metavar="DIR", help="Folder of a model artifact.", show_default="the project's newest"),
]
_PROFILE_HELP = "Profile of the microscope, as hemascope commission writes it."
Profile = Annotated[Path, typer.Option("--profile", metavar="FILE", help=_PROFILE_HELP)]
UsedProfile = Annotated[
    Path | None,
    typer.Option("--profile", metavar="FILE", help=_PROFILE_HELP, show_default="the model's reference microscope"),
]
Proof = Annotated[
    Path | None,
    typer.Option("--verification", metavar="FILE", help="Proof of the microscope's answers, as hemascope verify writes it."),
]
Endpoint = Annotated[
    str | None, typer.Option("--endpoint", metavar="URL", help="A local cloud, such as http://127.0.0.1:4566.")
]
Stage = Annotated[str, typer.Option("--stage", help="Stage of the deployment.")]
Hospital = Annotated[str, typer.Option("--hospital", help="Pseudonymous id of the hospital.")]
Patient = Annotated[str, typer.Option("--patient", help="Pseudonymous id of the patient.")]
Slide = Annotated[str, typer.Option("--slide", help="Pseudonymous id of the slide.")]
Microscope = Annotated[
    str | None, typer.Option("--microscope", help="Name of the microscope, as registered.", show_default="unknown")
]
AllowNames = Annotated[
    bool, typer.Option("--allow-names", help="Send ids and file names that look like a person's; they identify nobody.")
]
OneHospital = Annotated[
    str | None, typer.Option("--hospital", help="Pseudonymous id of one hospital.", show_default="every hospital")
]
UploadsBucket = Annotated[str | None, typer.Option("--uploads", help="Uploads bucket.", show_default=_FROM_STACK)]
ReportsBucket = Annotated[str | None, typer.Option("--reports", help="Reports bucket.", show_default=_FROM_STACK)]
LedgerTable = Annotated[str | None, typer.Option("--ledger", help="Ledger table.", show_default=_FROM_STACK)]
AuditTable = Annotated[str | None, typer.Option("--audit", help="Audit table.", show_default=_FROM_STACK)]

MicroscopesTable = Annotated[
    str | None, typer.Option("--microscopes", help="Registry of microscopes.", show_default=_FROM_STACK)
]


def positive(text: str | int) -> int:
    """A whole number from 1.

    Raises
    ------
    BadParameter
    """
    number = str(text)
    if not number.isdecimal() or int(number) < 1:
        raise typer.BadParameter(f"expected a number above 0, received {text}")
    return int(number)


def whole(text: str | int) -> int:
    """A whole number from 0.

    Raises
    ------
    BadParameter
    """
    if not str(text).isdecimal():
        raise typer.BadParameter(f"expected a whole number, received {text}")
    return int(text)


def seconds(text: str | float) -> float:
    """A finite time in seconds, not negative.

    Raises
    ------
    BadParameter
    """
    return _number(text, 0.0, sys.float_info.max, "seconds")


def share(text: str | float) -> float:
    """A share that a hospital may sign: 0.5 to 0.999.

    Raises
    ------
    BadParameter
    """
    return _number(text, 0.5, 0.999, "a share from 0.5 to 0.999")


def _number(text: str | float, least: float, most: float, what: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not least <= value <= most:
        raise typer.BadParameter(f"expected {what}, received {text}")
    return value


def deployment_of(stage: str, endpoint: str | None, **names: str | None) -> "Deployment":
    """The deployment of a stage; ``names`` are outputs of its stacks that need no look-up, where given."""
    from hemascope_cli.operations.deployment import Deployment

    return Deployment(stage, endpoint, {output: name for output, name in names.items() if name})
