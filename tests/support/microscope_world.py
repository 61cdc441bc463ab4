"""A microscope's agent on fakes: a folder on disk, a clock that tests move, a store that fails on demand."""

import sqlite3
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from hemascope.domain.errors import HemascopeError, TransientError
from hemascope.domain.specimen import Specimen, smear_key
from hemascope.imaging.synthetic import draw_synthetic_smear, encode_jpeg
from hemascope_cli.microscope.agent import Agent, Console
from hemascope_cli.microscope.binding import Binding
from hemascope_cli.microscope.folder import WatchedFolder
from hemascope_cli.microscope.outbox import Entry, Outbox, Result
from hemascope_cli.microscope.picture import Picture
from hemascope_cli.microscope.slide_id import SlideId
from hemascope_cli.microscope.slides import Slides

SETTLE = 2.0


def drawn(seed: int) -> bytes:
    """A small picture of its own."""
    return encode_jpeg(draw_synthetic_smear(seed, 96, 2))


@dataclass
class FakeBucket:
    """A Sender that stores under a free key; each attempt takes the next of ``faults``."""

    objects: dict[str, bytes] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    attempts: int = 0

    def send(self, key: str, picture: Picture) -> str | None:
        self.attempts += 1
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "no network":
            raise TransientError("expected an answer, received none")
        if fault == "denied":
            raise HemascopeError("expected to store a picture, received AccessDenied")
        if key in self.objects:
            return None
        self.objects[key] = picture.data
        if fault == "answer lost":
            raise TransientError("expected an answer, received none")
        return f"id of {key}"


@dataclass
class FakeResults:
    """A Results with the answers that a test sets."""

    known: dict[str, tuple[Result, str | None]] = field(default_factory=dict)
    broken: bool = False

    def find(self, keys: Collection[str]) -> Mapping[str, str]:
        return {key: f"id of {key}" for key in keys if f"id of {key}" in self.known}

    def ends(self, object_ids: Collection[str]) -> Mapping[str, tuple[Result, str | None]]:
        if self.broken:
            raise TransientError("expected a valid token")
        return {object_id: self.known[object_id] for object_id in object_ids if object_id in self.known}


@dataclass
class RecordingWatcher:
    """A Watcher that records every call."""

    steps: list[str] = field(default_factory=list)
    troubles: list[str | None] = field(default_factory=list)
    others: dict[str, str] = field(default_factory=dict)
    held: dict[str, tuple[str | None, str | None]] = field(default_factory=dict)

    def changed(self, entry: Entry) -> None:
        self.steps.append(entry.result or entry.step)

    def trouble(self, what: str | None) -> None:
        self.troubles.append(what)

    def passed_over(self, files: Mapping[str, str]) -> None:
        self.others = dict(files)

    def held_back(self, files: Sequence[Binding], started: SlideId | None) -> None:
        self.held = {file.stamp.name: (file.slide and file.slide.slide, file.hold) for file in files}

    def round(self) -> None:
        pass


@dataclass
class AgentWorld:
    """A folder, and an agent that can be started anew, as after a loss of power.

    ``slide`` is started with it; where it is empty, none is. ``clock_ns`` is the time of this machine and of the drive; None is
    the real time.
    """

    place: Path
    now: float = 1000.0
    slide: str = "c-1"
    hospital: str = "st-mary"
    clock_ns: int | None = None
    confirm_existing: bool = False
    console: Console | None = None
    allow_names: bool = False
    bucket: FakeBucket = field(default_factory=FakeBucket)
    results: FakeResults | None = None
    seen: RecordingWatcher = field(default_factory=RecordingWatcher)

    def __post_init__(self) -> None:
        self.folder = self.place / "pictures"
        self.folder.mkdir()
        self.start()

    def start(self) -> None:
        """Start an agent on what is on disk."""
        self.stop = Event()
        self.outbox = Outbox(self.place / "outbox.sqlite")
        folder = WatchedFolder(self.folder, SETTLE, lambda: self.now, self.allow_names)
        self.slides = Slides(folder, self.outbox, self.hospital, self.wall_ns, lambda: self.clock_ns or folder.clock_ns())
        self.slides.check_owner()
        self.outbox.bindings.confirm_new = self.confirm_existing
        if self.confirm_existing:
            self.outbox.bindings.confirm()
        self.agent = Agent(
            folder=folder,
            outbox=self.outbox,
            sender=self.bucket,
            results=self.results,
            key_of=lambda slide, name: smear_key(Specimen(hospital="st-mary", **slide._asdict(), field=name)),
            slides=self.slides,
            watcher=self.seen,
            stop=self.stop,
            seconds=lambda: self.now,
            allow_names=self.allow_names,
            console=self.console,
        )
        if self.slide:
            self.slides.start(SlideId("p-7", self.slide))

    def wall_ns(self) -> int:
        return self.clock_ns or time.time_ns()

    def restart(self) -> None:
        self.outbox.close()
        self.start()

    def put(self, name: str, data: bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def rounds(self, seconds: float = 3, before: Callable[[], object] = lambda: None) -> None:
        """Half-second rounds, as many as fit."""
        for _ in range(round(2 * seconds)):
            before()
            self.agent.round()
            self.now += 0.5

    @property
    def sent(self) -> list[bytes]:
        return list(self.bucket.objects.values())

    def slides_of_keys(self) -> list[str]:
        """The slide under which each picture is stored, in the order of the keys."""
        return [key.split("/")[3] for key in self.bucket.objects]

    def states(self) -> dict[str, str]:
        """File name -> step or result."""
        return {entry.stamp.name: entry.result or entry.step for entry in self.outbox.newest(100)}

    def fill_disk(self) -> None:
        """Let the outbox grow no more."""
        (pages,) = self.outbox._base.execute("PRAGMA page_count").fetchone()
        self.outbox._base.execute(f"PRAGMA max_page_count = {pages}")

    def free_disk(self) -> None:
        self.outbox._base.execute("PRAGMA max_page_count = 1000000")

    def rows(self) -> int:
        self.outbox.close()
        base = sqlite3.connect(self.place / "outbox.sqlite")
        (count,) = base.execute("SELECT count(*) FROM pictures").fetchone()
        base.close()
        return int(count)


def slide(name: str) -> SlideId:
    """A slide of the worlds' patient."""
    return SlideId("p-7", name)


def begin(world: AgentWorld, name: str) -> None:
    """Stop the agent in order, and start it for another slide."""
    world.slides.stop()
    world.slide = name
    world.restart()
