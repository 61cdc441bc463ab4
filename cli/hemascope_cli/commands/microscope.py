"""``hemascope microscope``: watches a folder and sends each new picture once."""

import argparse
import hashlib
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING

from hemascope.domain.errors import HemascopeError

if TYPE_CHECKING:  # boto3 is loaded when the command runs, not when the grammar is built
    from hemascope_cli.microscope.agent import Agent, Sender
    from hemascope_cli.microscope.outbox import Outbox
    from hemascope_cli.microscope.portal_client import PortalClient

NOT_ALL = 3  # exit status: some picture will not be judged


def add_microscope(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``microscope``."""
    parser = commands.add_parser("microscope", help="watch a folder and send each new picture once, whatever fails")
    parser.add_argument("--watch", type=Path, required=True, metavar="DIR", help="where the microscope puts its pictures")
    for name in ("hospital", "slide"):
        parser.add_argument(f"--{name}", required=True, help="pseudonymous id")
    parser.add_argument("--patient", help="pseudonymous id (default: the slide's)")
    parser.add_argument("--identity", type=Path, metavar="DIR", help="sign in with the certificate there")
    parser.add_argument(
        "--portal", metavar="URL", help="sign in at the portal's API: to send, without --identity and --bucket; to show results"
    )
    parser.add_argument(
        "--token-file", type=Path, metavar="FILE", help="with --portal: holds an identity token, renewed by you"
    )
    parser.add_argument("--bucket", help="send with AWS's own settings, as `hemascope upload`")
    parser.add_argument("--endpoint", help="of an embedded cloud, such as http://127.0.0.1:4566")
    parser.add_argument("--once", action="store_true", help="end when all pictures have been sent, and with --portal, judged")
    parser.add_argument("--simulate", type=int, default=0, metavar="N", help="draw N smears into the folder, too")
    parser.add_argument("--every", type=_seconds, default=2.0, metavar="SECONDS", help="between drawn smears (default: 2)")
    parser.add_argument(
        "--settle",
        type=_seconds,
        default=2.0,
        metavar="SECONDS",
        help="a file is whole that long after its last change (default: 2)",
    )
    parser.add_argument(
        "--poll", type=_seconds, default=1.0, metavar="SECONDS", help="between looks into the folder (default: 1)"
    )
    parser.add_argument(
        "--longest-pause", type=_seconds, default=30.0, metavar="SECONDS", help="between attempts (default: 30)"
    )
    parser.add_argument("--outbox", type=Path, metavar="FILE", help="default: one for the folder, in ~/.hemascope")
    parser.add_argument(
        "--show-names", action="store_true", help="print file names without a terminal too: they may tell of a person"
    )
    parser.set_defaults(run=run_microscope)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"expected seconds, received {text}")
    return seconds


def run_microscope(options: argparse.Namespace) -> int:
    """Go round until SIGTERM, Ctrl-C or, with ``--once``, the end.

    Returns
    -------
    0; with ``--once`` 3 where a picture will not be judged: refused, rejected or removed, or can't be read.

    Raises
    ------
    HemascopeError
        Where the options, the folder, the identity or another agent don't let it begin.
    """
    from hemascope_cli.microscope.outbox import Outbox

    if not options.watch.is_dir():
        raise HemascopeError(f"expected a folder to watch, {options.watch} is none")
    stop = Event()
    outbox = Outbox(options.outbox or _own_outbox(options.watch))
    before = {name: signal.signal(name, lambda *_: stop.set()) for name in (signal.SIGTERM, signal.SIGINT)}
    try:
        agent = _agent(options, outbox, stop)
        agent.run(_finished(options, stop))
        return NOT_ALL if options.once and not stop.is_set() and (agent.unreadable or _lost(outbox)) else 0
    finally:
        outbox.close()
        for name, handler in before.items():
            signal.signal(name, handler)


def _own_outbox(folder: Path) -> Path:
    digest = hashlib.sha256(str(folder.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return Path.home() / ".hemascope" / f"outbox-{digest}.sqlite"


def _lost(outbox: "Outbox") -> bool:
    return any(outbox.counts()[word] for word in ("refused", "gone", "rejected", "failed"))


def _agent(options: argparse.Namespace, outbox: "Outbox", stop: Event) -> "Agent":
    from hemascope.domain.specimen import smear_key
    from hemascope_cli.commands.specimens import specimen_from
    from hemascope_cli.microscope.agent import Agent
    from hemascope_cli.microscope.display import Lines, Table
    from hemascope_cli.microscope.folder import WatchedFolder

    options.patient = options.slide if options.patient is None else options.patient
    specimen = specimen_from(options, "any")
    sender, portal = _sign_in(options)
    asks = portal is not None
    return Agent(
        folder=WatchedFolder(options.watch, options.settle, time.monotonic),
        outbox=outbox,
        sender=sender,
        results=portal,
        key_of=lambda name: smear_key(specimen.model_copy(update={"field": name})),
        watcher=Table(sys.stdout, asks, outbox, lambda: shutil.get_terminal_size().columns)
        if sys.stdout.isatty()
        else Lines(sys.stdout, asks, options.show_names),
        stop=stop,
        seconds=time.monotonic,
        poll=options.poll,
        longest_pause=options.longest_pause,
    )


def _sign_in(options: argparse.Namespace) -> "tuple[Sender, PortalClient | None]":
    from hemascope.aws.client import client
    from hemascope_cli.microscope.device_identity import device_session, read_identity
    from hemascope_cli.microscope.portal_client import PortalClient
    from hemascope_cli.microscope.senders import PortalSender, S3Sender
    from hemascope_cli.operations.deployment import LOCAL_REGION

    if (options.portal is None) != (options.token_file is None):
        raise HemascopeError("expected --portal and --token-file together")
    portal = PortalClient(options.portal, options.token_file) if options.portal else None
    # The agent repeats by itself: it knows what an answer to a repeated request means.
    if options.identity:
        identity = read_identity(options.identity)
        if identity.hospital != options.hospital:
            raise HemascopeError(f"expected --hospital {identity.hospital}, which is the certificate's")
        session = device_session(options.identity, identity)
        return S3Sender(client("s3", options.endpoint, identity.region, session, attempts=1), identity.bucket), portal
    if options.bucket:
        region = LOCAL_REGION if options.endpoint else None
        return S3Sender(client("s3", options.endpoint, region, attempts=1), options.bucket), portal
    if portal is None:
        raise HemascopeError("expected a way to sign in: --identity, --portal or --bucket")
    return PortalSender(portal), portal


def _finished(options: argparse.Namespace, stop: Event) -> Callable[[], bool]:
    """Start the simulated microscope, if there is one; what tells whether no picture will come any more."""
    if not options.simulate:
        return lambda: bool(options.once)
    from hemascope_cli.microscope.simulate import simulate

    drawing = Thread(target=simulate, args=(options.watch, options.simulate, options.every, stop), daemon=True)
    drawing.start()
    return lambda: bool(options.once) and not drawing.is_alive()
