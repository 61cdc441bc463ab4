"""Runs the agent beside a microscope: watches a folder and sends each new picture once."""

import hashlib
import shutil
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

from hemascope.aws.client import client
from hemascope.domain.errors import HemascopeError
from hemascope.domain.personal import likenesses
from hemascope.domain.specimen import smear_key
from hemascope_cli.identifiers import specimen_of
from hemascope_cli.microscope.agent import Agent, Sender
from hemascope_cli.microscope.device_identity import device_session, read_identity
from hemascope_cli.microscope.display import Lines, Table
from hemascope_cli.microscope.folder import WatchedFolder
from hemascope_cli.microscope.outbox import Outbox
from hemascope_cli.microscope.portal_client import PortalClient
from hemascope_cli.microscope.senders import PortalSender, S3Sender
from hemascope_cli.microscope.simulate import simulate
from hemascope_cli.operations.deployment import LOCAL_REGION

INCOMPLETE = 3  # exit status: some picture will have no report


@dataclass(frozen=True)
class AgentOptions:
    """What ``hemascope microscope`` was called with.

    Parameters
    ----------
    watch
        The folder.
    hospital, patient, slide
        Pseudonymous ids of new pictures.
    identity
        Folder with the microscope's certificate.
    portal, token_file
        API of the portal, and a file with an identity token.
    bucket
        Uploads bucket, reached with the AWS settings of this machine.
    endpoint
        Of a local cloud; None is AWS.
    once
        Stop when nothing is left to do.
    show_names
        Print file names in a log.
    outbox
        State of the agent; None is one for the folder, in ``~/.hemascope``.
    allow_names
        Send ids and file names that look like a person's.
    simulate, every
        How many smears to draw into the folder, and seconds between two of them.
    settle, poll, longest_pause
        Seconds: since a file's last change, between two looks into the folder, and between two attempts.
    """

    watch: Path
    hospital: str
    patient: str
    slide: str
    identity: Path | None
    portal: str | None
    token_file: Path | None
    bucket: str | None
    endpoint: str | None
    once: bool
    show_names: bool
    outbox: Path | None
    allow_names: bool
    simulate: int
    every: float
    settle: float
    poll: float
    longest_pause: float


def run_agent(options: AgentOptions) -> int:
    """Run until SIGTERM, Ctrl-C or, with ``once``, until nothing is left to do.

    Returns
    -------
    int
        The exit status: 0; with ``once`` 3 where a picture will have no report, because it was refused, held back, rejected or
        removed, or can't be read.

    Raises
    ------
    HemascopeError
        Where the options, the folder, the identity or another agent prevent a start.
    """
    if not options.watch.is_dir():
        raise HemascopeError(f"expected a folder to watch, {options.watch} is none")
    stop = Event()
    outbox = Outbox(options.outbox or _own_outbox(options.watch))
    before = {name: signal.signal(name, lambda *_: stop.set()) for name in (signal.SIGTERM, signal.SIGINT)}
    try:
        agent = _agent(options, outbox, stop)
        agent.run(_finished(options, stop))
        return INCOMPLETE if options.once and not stop.is_set() and (agent.unreadable or _lost(outbox)) else 0
    finally:
        outbox.close()
        for name, handler in before.items():
            signal.signal(name, handler)


def _own_outbox(folder: Path) -> Path:
    digest = hashlib.sha256(str(folder.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return Path.home() / ".hemascope" / f"outbox-{digest}.sqlite"


def _lost(outbox: Outbox) -> bool:
    return any(outbox.counts()[result] for result in ("refused", "gone", "held", "rejected", "failed"))


def _agent(options: AgentOptions, outbox: Outbox, stop: Event) -> Agent:
    specimen = specimen_of(options.hospital, options.patient, options.slide, "any")
    if not options.allow_names and (names := likenesses(specimen)):
        raise HemascopeError(f"expected pseudonyms, {names}; give --allow-names if it identifies nobody")
    sender, portal = _sign_in(options)
    shows_results = portal is not None
    return Agent(
        folder=WatchedFolder(options.watch, options.settle, time.monotonic),
        outbox=outbox,
        sender=sender,
        results=portal,
        key_of=lambda name: smear_key(specimen.model_copy(update={"field": name})),
        watcher=Table(sys.stdout, shows_results, outbox, lambda: shutil.get_terminal_size().columns)
        if sys.stdout.isatty()
        else Lines(sys.stdout, shows_results, options.show_names),
        stop=stop,
        seconds=time.monotonic,
        poll=options.poll,
        longest_pause=options.longest_pause,
        allow_names=options.allow_names,
    )


def _sign_in(options: AgentOptions) -> tuple[Sender, PortalClient | None]:
    if bool(options.portal) != bool(options.token_file):
        raise HemascopeError("expected --portal and --token-file together")
    portal = PortalClient(options.portal, options.token_file) if options.portal and options.token_file else None
    # boto3 makes one attempt: the agent repeats, since it knows what the answer to a repeated request means.
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


def _finished(options: AgentOptions, stop: Event) -> Callable[[], bool]:
    """Start the simulated microscope, if there is one; the result says whether no new picture will come."""
    if not options.simulate:
        return lambda: options.once
    drawing = Thread(target=simulate, args=(options.watch, options.simulate, options.every, stop), daemon=True)
    drawing.start()
    return lambda: options.once and not drawing.is_alive()
