"""Runs the agent beside a microscope: watches a folder and sends each new picture once."""

import hashlib
import shutil
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, Thread

from hemascope.aws.client import client
from hemascope.domain.characters import compose
from hemascope.domain.errors import HemascopeError
from hemascope.domain.specimen import Specimen, segment_fault, smear_key
from hemascope_cli.identifiers import patient_of
from hemascope_cli.microscope.agent import Agent, Sender
from hemascope_cli.microscope.device_identity import device_session, read_identity
from hemascope_cli.microscope.display import Lines, Table
from hemascope_cli.microscope.folder import WatchedFolder
from hemascope_cli.microscope.folder_lock import FolderLock
from hemascope_cli.microscope.orders import Answer, Order, Orders, find_scanner, follow, send_order
from hemascope_cli.microscope.outbox import AgentRuns, Outbox
from hemascope_cli.microscope.portal_client import PortalClient
from hemascope_cli.microscope.senders import PortalSender, S3Sender
from hemascope_cli.microscope.simulate import simulate
from hemascope_cli.microscope.slide_id import SlideId, slide_id
from hemascope_cli.microscope.slides import Slides
from hemascope_cli.operations.deployment import LOCAL_REGION

INCOMPLETE = 3  # exit status: some picture will have no report


@dataclass(frozen=True)
class AgentOptions:
    """What ``hemascope microscope`` was called with.

    Parameters
    ----------
    watch
        The folder.
    hospital
        Pseudonymous id.
    patient, slide
        The slide that is started with the agent and stopped with it; None where it is started otherwise, or has a folder.
    microscope
        Its registered name; None is that of the certificate, or unknown.
    barcode
        Where a scanner types slides: a file or pipe, ``-`` is standard input.
    confirm_existing
        Send what a new outbox finds in slides' folders.
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
    patient: str | None
    slide: str | None
    microscope: str | None
    barcode: str | None
    confirm_existing: bool
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
        The exit status: 0; with ``once`` 3 where a picture will have no report, being refused, held back, rejected or lost.

    Raises
    ------
    HemascopeError
        Where the options, the folder, the identity or another agent prevent a start.
    """
    _check_folder(options.watch)
    slide = _slide_of(options)
    stop, path = Event(), options.outbox or _own_outbox(options.watch)
    outbox = Outbox(path)
    before = {name: signal.signal(name, lambda *_: stop.set()) for name in (signal.SIGTERM, signal.SIGINT)}
    try:
        lock = FolderLock(options.watch)
        try:
            return _watch(_agent(options, outbox, path, stop), options, slide)
        finally:
            lock.release()
    finally:
        outbox.close()
        for name, handler in before.items():
            signal.signal(name, handler)


def _watch(agent: Agent, options: AgentOptions, slide: SlideId | None) -> int:
    slides, outbox = agent.slides, agent.outbox
    slides.check_owner()
    outbox.bindings.confirm_new = options.confirm_existing
    if options.confirm_existing:
        outbox.bindings.confirm()
    if slide is not None:
        slides.start(slide)
    try:
        agent.run(_finished(options, agent.stop))
        incomplete = agent.unreadable or _lost(outbox) or outbox.bindings.listed()
        return INCOMPLETE if options.once and not agent.stop.is_set() and incomplete else 0
    finally:
        if slide is not None:  # what is photographed while no agent runs is not this slide's
            with suppress(HemascopeError):
                slides.stop()


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise HemascopeError(f"There is no folder {folder} to watch. Check --watch, and whether the drive is connected.")


def _slide_of(options: AgentOptions) -> SlideId | None:
    patient_of(options.hospital, "any")
    if options.slide is None:
        if options.patient is not None:
            raise HemascopeError("--patient needs --slide: say which slide of the patient is on the stage.")
        return None
    if options.barcode is not None:
        raise HemascopeError("Give either --slide or --barcode: each of them says which slide is started.")
    patient = options.slide if options.patient is None else options.patient
    return slide_id(patient, options.slide, allow_names=options.allow_names)


@dataclass(frozen=True)
class SlideOrder:
    """What ``hemascope microscope start``, ``stop`` or ``status`` was called with; ``wait``: seconds to repeat it for."""

    watch: Path
    order: Order
    outbox: Path | None
    allow_names: bool
    wait: float


def give_order(given: SlideOrder) -> int:
    """Start or stop a slide, through the agent where one runs; print what is started and what is not sent.

    Raises
    ------
    HemascopeError
        Where the order is refused, or can't be followed within ``wait``; no slide is started then.
    """
    _check_folder(given.watch)
    path = given.outbox or _own_outbox(given.watch)
    until = time.monotonic() + given.wait
    while True:
        is_last = time.monotonic() >= until
        # At last the slide before ends whatever is still written: the person has another one in hand.
        answer = _follow(replace(given, order=given.order.model_copy(update={"gently": not is_last})), path)
        if answer.outcome == "done":
            print("\n".join(answer.lines))
            return 0
        if answer.outcome == "refused" or is_last:  # "later" is repeated
            raise HemascopeError("; ".join(answer.lines))
        time.sleep(min(1.0, max(0.0, until - time.monotonic())))


def _follow(given: SlideOrder, path: Path) -> Answer:
    try:
        outbox = Outbox(path)
    except AgentRuns:
        return send_order(path, given.order.model_copy(update={"number": Order(verb="status").number}))
    try:
        lock = FolderLock(given.watch)
        try:
            owner = outbox.bindings.owner
            folder = WatchedFolder(given.watch, 0, time.monotonic, given.allow_names)
            slides = _slides(folder, outbox, given.order.hospital or (owner[1] if owner else ""))
            if owner is None and given.order.verb != "start":
                raise HemascopeError("No agent has run on this folder yet, so nothing was sent. Check --watch and --outbox.")
            slides.check_owner()
            # While no agent reads, waiting for complete pictures would not end.
            order = given.order.model_copy(update={"gently": False})
            return follow(order, slides, allow_names=given.allow_names)
        finally:
            lock.release()
    finally:
        outbox.close()


def _slides(folder: WatchedFolder, outbox: Outbox, hospital: str) -> Slides:
    return Slides(folder, outbox, hospital, time.time_ns, folder.clock_ns)


def _own_outbox(folder: Path) -> Path:
    digest = hashlib.sha256(str(folder.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return Path.home() / ".hemascope" / f"outbox-{digest}.sqlite"


def _lost(outbox: Outbox) -> bool:
    return any(outbox.counts()[result] for result in ("refused", "gone", "held", "quarantined", "rejected", "failed"))


def _agent(options: AgentOptions, outbox: Outbox, path: Path, stop: Event) -> Agent:
    microscope = _microscope_of(options)
    sender, portal = _sign_in(options)
    shows_results = portal is not None
    folder = WatchedFolder(options.watch, options.settle, time.monotonic, options.allow_names)

    def key_of(slide: SlideId, name: str) -> str:
        return smear_key(Specimen(hospital=options.hospital, **slide._asdict(), microscope=microscope, field=name))

    return Agent(
        folder=folder,
        outbox=outbox,
        sender=sender,
        results=portal,
        key_of=key_of,
        slides=_slides(folder, outbox, compose(options.hospital)),
        console=Orders(path, find_scanner(options.barcode), allow_names=options.allow_names),
        watcher=Table(sys.stdout, shows_results, outbox, lambda: shutil.get_terminal_size().columns)
        if sys.stdout.isatty()
        else Lines(sys.stdout, shows_results, options.show_names),
        stop=stop,
        seconds=time.monotonic,
        poll=options.poll,
        longest_pause=options.longest_pause,
        allow_names=options.allow_names,
    )


def _microscope_of(options: AgentOptions) -> str | None:
    if options.microscope is not None and (fault := segment_fault(options.microscope)):
        raise HemascopeError(f"A microscope's name can't have {fault}. Give the name as it is registered.")
    if options.identity is None:
        return options.microscope
    name = read_identity(options.identity).microscope
    if options.microscope not in (None, name):
        raise HemascopeError(f"The certificate is of another microscope: give --microscope {name}, or leave it out.")
    return name


def _sign_in(options: AgentOptions) -> tuple[Sender, PortalClient | None]:
    if bool(options.portal) != bool(options.token_file):
        raise HemascopeError("--portal and --token-file belong together: give both.")
    if options.token_file and not options.token_file.is_file():
        raise HemascopeError(f"There is no file {options.token_file}. Sign in, and put the identity token into it.")
    portal = PortalClient(options.portal, options.token_file) if options.portal and options.token_file else None
    # boto3 makes one attempt: the agent repeats, since it knows what the answer to a repeated request means.
    if options.identity:
        identity = read_identity(options.identity)
        if identity.hospital != options.hospital:
            raise HemascopeError(f"The certificate is of another hospital: give --hospital {identity.hospital}.")
        session = device_session(options.identity, identity)
        return S3Sender(client("s3", options.endpoint, identity.region, session, attempts=1), identity.bucket), portal
    if options.bucket:
        region = LOCAL_REGION if options.endpoint else None
        return S3Sender(client("s3", options.endpoint, region, attempts=1), options.bucket), portal
    if portal is None:
        raise HemascopeError("Say how the agent signs in: --identity, --portal with --token-file, or --bucket.")
    return PortalSender(portal), portal


def _finished(options: AgentOptions, stop: Event) -> Callable[[], bool]:
    """Start the simulated microscope, if there is one; the result says whether no new picture will come."""
    if not options.simulate:
        return lambda: options.once
    drawing = Thread(target=simulate, args=(options.watch, options.simulate, options.every, stop), daemon=True)
    drawing.start()
    return lambda: options.once and not drawing.is_alive()
