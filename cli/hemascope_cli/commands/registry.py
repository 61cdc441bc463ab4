"""``hemascope registry``: a hospital's microscopes, and which of them is a reference."""

from typing import Annotated

import typer

from hemascope_cli.commands.options import Artifact, AuditTable, Endpoint, Hospital, MicroscopesTable, Stage, deployment_of

app = typer.Typer(no_args_is_help=True)


@app.callback()
def registry() -> None:
    """List microscopes, and say which one is a reference."""


@app.command("list")
def list_microscopes(
    hospital: Hospital,
    artifact: Artifact = None,
    stage: Stage = "dev",
    endpoint: Endpoint = None,
    microscopes: MicroscopesTable = None,
) -> int:
    """List a hospital's microscopes with their states under a model."""
    from hemascope_cli.operations.registry import list_microscopes

    return list_microscopes(deployment_of(stage, endpoint, MicroscopesTable=microscopes), hospital, artifact)


@app.command()
def reference(
    hospital: Hospital,
    microscope: Annotated[str, typer.Option("--microscope", help="Its name; it is registered where it is not.")],
    undo: Annotated[bool, typer.Option("--undo", help="Make a reference microscope an ordinary one.")] = False,
    stage: Stage = "dev",
    endpoint: Endpoint = None,
    microscopes: MicroscopesTable = None,
    audit: AuditTable = None,
) -> int:
    """Say that a microscope is the one of the model's own data.

    Its pictures are answered without a proof.
    """
    from hemascope_cli.operations.registry import mark_reference

    deployment = deployment_of(stage, endpoint, MicroscopesTable=microscopes, AuditTable=audit)
    return mark_reference(deployment, hospital, microscope, is_reference=not undo)
