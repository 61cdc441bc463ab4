"""``hemascope microscope`` and its commands ``start``, ``stop`` and ``status``."""

from pathlib import Path
from typing import Annotated

import typer

from hemascope_cli.commands.options import AllowNames, Endpoint, Hospital, Microscope, Patient, Slide, seconds, whole

_SIGN_IN, _TIMING, _SLIDE = "Sign in, one of", "Timing", "Slide"

Watch = Annotated[Path, typer.Option("--watch", metavar="DIR", help="Folder where the microscope puts its pictures.")]
OutboxFile = Annotated[
    Path | None,
    typer.Option("--outbox", metavar="FILE", help="State of the agent.", show_default="one a folder, in ~/.hemascope"),
]
Wait = Annotated[
    float,
    typer.Option(
        "--wait", metavar="SECONDS", parser=seconds, help="How long to wait for pictures that are being written or sent."
    ),
]

app = typer.Typer(invoke_without_command=True)


@app.callback()
def watch_folder(
    context: typer.Context,
    watch: Annotated[
        Path | None, typer.Option("--watch", metavar="DIR", help="Folder where the microscope puts its pictures.")
    ] = None,
    hospital: Annotated[str | None, typer.Option("--hospital", help="Pseudonymous id of the hospital.")] = None,
    slide: Annotated[
        str | None,
        typer.Option(
            "--slide",
            help="Pseudonymous id of the slide: started with the agent and stopped with it.",
            show_default="the slide of `start`, a barcode or a folder PATIENT/SLIDE",
            rich_help_panel=_SLIDE,
        ),
    ] = None,
    patient: Annotated[
        str | None,
        typer.Option(
            "--patient", help="Pseudonymous id of the patient.", show_default="the slide's id", rich_help_panel=_SLIDE
        ),
    ] = None,
    barcode: Annotated[
        str | None,
        typer.Option(
            "--barcode",
            metavar="FILE",
            help="Where a scanner types lines PATIENT/SLIDE or `stop`: a device or pipe; - is standard input.",
            rich_help_panel=_SLIDE,
        ),
    ] = None,
    confirm_existing: Annotated[
        bool,
        typer.Option(
            "--confirm-existing",
            help="Send what a new outbox finds in slides' folders.",
            rich_help_panel=_SLIDE,
        ),
    ] = False,
    microscope: Microscope = None,
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
    outbox: OutboxFile = None,
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
    """Watch a folder and send each new picture once and for its own slide, whatever fails.

    A picture's slide is that of its folder, PATIENT/SLIDE, or the one that is started when the picture is first seen.
    Exit status 0; with --once 3 where a picture will have no report.
    """
    if command := context.invoked_subcommand:
        if watch or hospital or slide or patient or outbox:
            raise typer.BadParameter(f"options stand behind '{command}'")
        return 0
    if watch is None or hospital is None:
        raise typer.BadParameter(f"Missing option '{'--watch' if watch is None else '--hospital'}'")
    from hemascope_cli.microscope.run import AgentOptions, run_agent

    options = AgentOptions(
        watch=watch,
        hospital=hospital,
        patient=patient,
        slide=slide,
        microscope=microscope,
        barcode=barcode,
        confirm_existing=confirm_existing,
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


@app.command("start")
def start(
    watch: Watch,
    hospital: Hospital,
    patient: Patient,
    slide: Slide,
    outbox: OutboxFile = None,
    allow_names: AllowNames = False,
    wait: Wait = 60.0,
) -> int:
    """Start a slide: pictures that appear directly in the folder from now on are its own.

    The slide before is stopped. Put the new one on the stage when this command has ended with status 0.
    """
    from hemascope_cli.microscope.orders import Order
    from hemascope_cli.microscope.run import SlideOrder, give_order
    from hemascope_cli.microscope.slide_id import slide_id

    whose = slide_id(patient, slide, allow_names=allow_names)
    order = Order(verb="start", hospital=hospital, patient=whose.patient, slide=whose.slide)
    return give_order(SlideOrder(watch, order, outbox, allow_names, wait))


@app.command("stop")
def stop(
    watch: Watch,
    quarantine: Annotated[
        bool, typer.Option("--quarantine", help="Send nothing more of it, until it is started again.")
    ] = False,
    outbox: OutboxFile = None,
    wait: Wait = 60.0,
) -> int:
    """Stop the slide: its pictures are complete and will be sent; what appears later is not its own."""
    from hemascope_cli.microscope.orders import Order
    from hemascope_cli.microscope.run import SlideOrder, give_order

    return give_order(SlideOrder(watch, Order(verb="stop", quarantine=quarantine), outbox, False, wait))


@app.command("status")
def status(watch: Watch, outbox: OutboxFile = None) -> int:
    """Print which slide is started, what is not sent yet, and what is held back, whose it is and what to do."""
    from hemascope_cli.microscope.orders import Order
    from hemascope_cli.microscope.run import SlideOrder, give_order

    return give_order(SlideOrder(watch, Order(verb="status"), outbox, False, 0.0))
