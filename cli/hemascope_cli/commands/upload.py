"""``hemascope upload``."""

from pathlib import Path
from typing import Annotated

import typer

from hemascope_cli.commands.options import AllowNames, Endpoint, Hospital, Microscope, Patient, Slide


def upload(
    paths: Annotated[list[Path], typer.Argument(metavar="FILE", help="Pictures.")],
    bucket: Annotated[str, typer.Option("--bucket", help="Uploads bucket of the service.")],
    hospital: Hospital,
    patient: Patient,
    slide: Slide,
    microscope: Microscope = None,
    allow_names: AllowNames = False,
    endpoint: Endpoint = None,
) -> int:
    """Upload pictures to a running service, and print the id of each."""
    from hemascope_cli.pictures.uploading import upload_files

    return upload_files(paths, bucket, hospital, patient, slide, endpoint, allow_names=allow_names, microscope=microscope)
