"""``hemascope``: the pipeline of the cloud, the service on one machine, and the operators' tools, from a terminal."""

import errno
import os
import sys
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from hemascope.domain.errors import HemascopeError
from hemascope_cli.commands import (
    audit,
    commission,
    demo,
    export_reviews,
    forget,
    microscope,
    reconcile,
    registry,
    replay,
    schemas,
    screen,
    selfcheck,
    serve,
    slide,
    upload,
    verify,
)
from hemascope_cli.errors import NothingToScreen

PICTURES, SERVICE, OPERATIONS = "Pictures", "Service on this machine", "Operations"
DEVELOPMENT = "Development"


_NO_OUTPUT = "The output can't be written"
_FULL = {errno.ENOSPC, errno.EDQUOT}


class Commands(TyperGroup):
    """The commands. A reader that stops early (``hemascope screen ... | head``) ends one without an error."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command and write out what it printed."""
        try:
            status = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            _close_output()
            return 0
        return status


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"hemascope {version('hemascope')}")
        raise typer.Exit


@app.callback()
def hemascope(
    show_version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Screen peripheral blood smears for acute lymphoblastic leukemia. Decision support, not a diagnosis."""


app.command("screen", rich_help_panel=PICTURES)(screen.screen)
app.command("slide", rich_help_panel=PICTURES)(slide.slide)
app.command("commission", rich_help_panel=PICTURES)(commission.commission)
app.command("verify", rich_help_panel=PICTURES)(verify.verify)
app.command("upload", rich_help_panel=PICTURES)(upload.upload)
app.add_typer(microscope.app, name="microscope", rich_help_panel=PICTURES)
app.command("demo", rich_help_panel=SERVICE)(demo.demo)
app.command("serve", rich_help_panel=SERVICE)(serve.serve)
app.command("local", hidden=True)(serve.serve)
app.command("replay", rich_help_panel=OPERATIONS)(replay.replay)
app.command("reconcile", rich_help_panel=OPERATIONS)(reconcile.reconcile)
app.command("forget", rich_help_panel=OPERATIONS)(forget.forget)
app.add_typer(audit.app, name="audit", rich_help_panel=OPERATIONS)
app.add_typer(registry.app, name="registry", rich_help_panel=OPERATIONS)
app.command("export-reviews", rich_help_panel=OPERATIONS)(export_reviews.export_reviews)
app.command("selfcheck", rich_help_panel=DEVELOPMENT)(selfcheck.selfcheck)
app.command("schemas", rich_help_panel=DEVELOPMENT)(schemas.schemas)


@lru_cache(maxsize=1)
def _command() -> Callable[..., Any]:
    main: Callable[..., Any] = typer.main.get_command(app).main
    return main


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments
        Words behind ``hemascope``; those of this process where None.

    Returns
    -------
    int
        The exit status: 0; 1 for an error that Hemascope raises on purpose, with one line on standard error; 2 where there was
        nothing to screen; what else a command documents.

    Raises
    ------
    SystemExit
        With status 2, where the arguments don't fit the command.
    """
    _keep_file_names()
    try:
        status = _command()(args=arguments, prog_name="hemascope", standalone_mode=False)
        sys.stdout.flush()  # a full disk is told here, and not in the words of the interpreter when the process ends
    except typer.TyperException as error:
        _explain(error)
        raise SystemExit(error.exit_code) from None
    except HemascopeError as error:
        _print_error(_in_words(error))
        return 2 if isinstance(error, NothingToScreen) else 1
    except OSError as error:
        if error.filename is None and error.errno not in _FULL:
            raise
        if error.filename is None:  # of standard output, which would fail again when the process ends
            _close_output()
        _print_error(f"{error.filename or _NO_OUTPUT}: {error.strerror}")
        return 1
    return int(status or 0)


def _close_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _in_words(error: HemascopeError) -> str:
    """The message; where AWS's client failed before there was an answer, what to do instead of the name of its exception."""
    cause = error.__cause__
    if cause is None or type(cause).__module__ != "botocore.exceptions" or hasattr(cause, "response"):
        return str(error)
    tried = str(error).partition(", received ")[0]
    if "Credentials" in type(cause).__name__:
        return f"{tried}, and there are no AWS keys: sign in to AWS, or give --endpoint for a local cloud"
    if "Region" in type(cause).__name__:
        return f"{tried}, and no region is set: set AWS_DEFAULT_REGION, or give --endpoint for a local cloud"
    return f"{tried}, and there was no answer: check this computer's network and --endpoint"


def _explain(error: typer.TyperException) -> None:
    """One line on what is wrong with the arguments; nothing where the help was printed instead."""
    context: typer.Context | None = getattr(error, "ctx", None)
    command = context.command_path if context else "hemascope"
    if message := error.format_message().strip():
        print(f"{command}: {_one_line(message).rstrip('.')}. See '{command} --help'.", file=sys.stderr)


def _print_error(message: str) -> None:
    print(f"hemascope: {_one_line(message)}", file=sys.stderr)


def _one_line(text: str) -> str:
    return "; ".join(line.strip() for line in text.splitlines() if line.strip())


def _keep_file_names() -> None:
    """Let standard output show a file's name that is no valid UTF-8; the escapes are those of JSON."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure:
        reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    sys.exit(main())
