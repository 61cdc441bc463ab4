"""``hemascope microscope``."""

from pathlib import Path
from typing import Annotated

import typer

from hemascope_cli.commands.options import AllowNames, Endpoint, Hospital, Slide, seconds, whole

_SIGN_IN, _TIMING = "Sign in, one of", "Timing"


def microscope(
    watch: Annotated[Path, typer.Option("--watch", metavar="DIR", help="Folder where the microscope puts its pictures.")],
    hospital: Hospital,
    slide: Slide,
    patient: Annotated[
        str | None, typer.Option("--patient", help="Pseudonymous id of the patient.", show_default="the slide's id")
    ] = None,
    identity: Annotated[
        Path | None,
        typer.Option("--identity", metavar="DIR", help="Folder with the microscope's certificate.", rich_help_panel=_SIGN_IN),
    ] = None,
    portal: Annotated[
        str | None,
        typer.Option(
            "--portal",
            metavar="URL",
            help="API of the portal, with --token-file. Beside --identity or --bucket it only shows results.",
            rich_help_panel=_SIGN_IN,
        ),
    ] = None,
    token_file: Annotated[
        Path | None,
        typer.Option(
            "--token-file", metavar="FILE", help="File with an identity token that you renew.", rich_help_panel=_SIGN_IN
        ),
    ] = None,
    bucket: Annotated[
        str | None,
        typer.Option("--bucket", help="Uploads bucket, with the AWS settings of this machine.", rich_help_panel=_SIGN_IN),
    ] = None,
    endpoint: Endpoint = None,
    once: Annotated[
        bool, typer.Option("--once", help="Stop when every picture was sent and, with --portal, has its result.")
    ] = False,
    show_names: Annotated[
        bool, typer.Option("--show-names", help="Print file names in a log too; they may identify a person.")
    ] = False,
    allow_names: AllowNames = False,
    outbox: Annotated[
        Path | None,
        typer.Option("--outbox", metavar="FILE", help="State of the agent.", show_default="one a folder, in ~/.hemascope"),
    ] = None,
    simulate: Annotated[
        int, typer.Option("--simulate", metavar="N", parser=whole, help="Draw N smears into the folder, as a microscope would.")
    ] = 0,
    every: Annotated[
        float,
        typer.Option("--every", metavar="SECONDS", parser=seconds, help="Between two drawn smears.", rich_help_panel=_TIMING),
    ] = 2.0,
    settle: Annotated[
        float,
        typer.Option(
            "--settle",
            metavar="SECONDS",
            parser=seconds,
            help="A file is complete this long after its last change.",
            rich_help_panel=_TIMING,
        ),
    ] = 2.0,
    poll: Annotated[
        float,
        typer.Option(
            "--poll", metavar="SECONDS", parser=seconds, help="Between two looks into the folder.", rich_help_panel=_TIMING
        ),
    ] = 1.0,
    longest_pause: Annotated[
        float,
        typer.Option(
            "--longest-pause", metavar="SECONDS", parser=seconds, help="Between two attempts.", rich_help_panel=_TIMING
        ),
    ] = 30.0,
) -> int:
    """Watch a folder and send each new picture once, whatever fails.

    Exit status 0; with --once 3 where a picture will have no report.
    """
    from hemascope_cli.microscope.run import AgentOptions, run_agent

    options = AgentOptions(
        watch=watch,
        hospital=hospital,
        patient=slide if patient is None else patient,
        slide=slide,
        identity=identity,
        portal=portal,
        token_file=token_file,
        bucket=bucket,
        endpoint=endpoint,
        once=once,
        show_names=show_names,
        outbox=outbox,
        allow_names=allow_names,
        simulate=simulate,
        every=every,
        settle=settle,
        poll=poll,
        longest_pause=longest_pause,
    )
    return run_agent(options)
