"""The world in which the state machine of slides runs: the agent can be killed before any write, and after any upload."""

import sqlite3
from dataclasses import dataclass, field
from typing import Any

from hemascope_cli.microscope.picture import Picture
from tests.support.fakes import Killed
from tests.support.microscope_world import AgentWorld, FakeBucket


def home_of(name: str) -> str | None:
    """The slide whose folder a file is in."""
    return name.split("/")[1] if "/" in name else None


@dataclass
class Taken:
    """What the machine knows of one picture; ``slides``: under which it may be stored, None until a listing shows it."""

    label: str
    at_ns: int
    slides: set[str] | None = None
    is_old: bool = False


@dataclass
class KillingBase:
    """A connection to SQLite on which the process dies before the n-th statement."""

    base: sqlite3.Connection
    left: int = -1

    def execute(self, statement: str, values: Any = ()) -> sqlite3.Cursor:
        self.left -= 1
        if self.left == 0:
            raise Killed
        return self.base.execute(statement, values)

    def __enter__(self) -> None:
        self.base.__enter__()

    def __exit__(self, *what: object) -> None:
        self.base.__exit__(*what)  # type: ignore[arg-type]

    def close(self) -> None:
        self.base.close()


@dataclass
class KillingBucket(FakeBucket):
    """A bucket after whose answer the process dies, where it is told to."""

    kills: bool = False

    def send(self, key: str, picture: Picture) -> str | None:
        answer = super().send(key, picture)
        if self.kills:
            self.kills = False
            raise Killed
        return answer


@dataclass
class MachineWorld(AgentWorld):
    """The world of the agent, whose outbox can kill it."""

    killing: KillingBase = field(init=False)

    def start(self) -> None:
        slide, self.slide = self.slide, ""
        super().start()
        self.slide = slide
        self.outbox._base.execute("PRAGMA synchronous = OFF")
        self.killing = KillingBase(self.outbox._base)
        self.outbox._base = self.outbox.bindings._base = self.killing  # type: ignore[assignment]
