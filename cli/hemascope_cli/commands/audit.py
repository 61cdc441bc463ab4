"""``hemascope audit``: the trail of who did what."""

import re
from typing import TYPE_CHECKING, Annotated

import typer

from hemascope_cli.commands.options import AuditTable, Endpoint, OneHospital, Stage, deployment_of

if TYPE_CHECKING:
    from hemascope.domain.audit_chain import ChainHead

_HEAD = re.compile(r"(?P<number>[1-9]\d{0,11}):(?P<digest>[0-9a-f]{64})")

app = typer.Typer(no_args_is_help=True)


@app.callback()
def audit() -> None:
    """Check the audit trail."""


@app.command()
def verify(
    hospital: OneHospital = None,
    head: Annotated[
        str | None,
        typer.Option(
            "--head",
            metavar="NUMBER:DIGEST",
            help="What an earlier call printed for --hospital; detects that the end of the trail was cut off.",
        ),
    ] = None,
    stage: Stage = "dev",
    endpoint: Endpoint = None,
    audit: AuditTable = None,
) -> int:
    """Walk the chain of entries and report where it breaks.

    Exit status 1 where a chain is broken.
    """
    from hemascope_cli.operations.verify_audit import verify

    if head and not hospital:
        raise typer.BadParameter("expected --hospital beside it, since a head belongs to one hospital", param_hint="--head")
    expected = _head(head) if head else None
    return verify(deployment_of(stage, endpoint, AuditTable=audit).audit(), hospital, expected)


def _head(text: str) -> "ChainHead":
    from hemascope.domain.audit_chain import ChainHead

    found = _HEAD.fullmatch(text)
    if found is None:
        raise typer.BadParameter("expected a number, a colon and 64 hex digits", param_hint="--head")
    return ChainHead(int(found["number"]), found["digest"])
