"""The microscope's agent as a state machine: slides that start and stop, kills, files that grow, move and come late, clocks.

The machine knows of each picture which slide was started, or whose folder it was in, when a listing first showed it. Whatever
happens then, the picture may be stored under no other slide.
"""

import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hemascope.domain.errors import HemascopeError
from hemascope_cli.microscope.slide_id import SlideId
from tests.machine.slide_world import KillingBucket, MachineWorld, Taken, home_of
from tests.support.fakes import Killed

NANO = 10**9
DAY = 24 * 3600
SIZE = 64  # every picture's, so that a size tells nothing
SLIDES = ["c-1", "c-2", "c-3"]
FLAT = [*(f"{number}.jpg" for number in range(8)), "3.jpg.part"]
RARELY = st.sampled_from([False] * 3 + [True])
KILLS = st.sampled_from([None, None, None, *range(1, 16)])
PLACES = [*FLAT, "p-7/c-1/1.jpg", "p-7/c-2/1.jpg", "p-7/c-2/2.jpg"]


class SlideMachine(RuleBasedStateMachine):
    """One folder, one microscope, one agent at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.place = Path(tempfile.mkdtemp(prefix="hemascope-slides-"))
        self.bucket = KillingBucket()
        self.world = MachineWorld(self.place, slide="", clock_ns=1_800_000_000 * NANO, bucket=self.bucket)
        self.files: dict[str, Taken] = {}  # by their names in the folder
        self.pictures: dict[str, Taken] = {}
        self.started: str | None = None
        self.session = (0, 0)  # number of the start, and its time
        self.asked_ns: dict[str, int] = {}  # when a slide was to be started first
        self.newly_seen: list[tuple[str, Taken]] = []
        self.checked: list[str] = []
        self.is_new_process = True
        self.has_jumped = False
        self.is_away = False

    def teardown(self) -> None:
        self.world.outbox.close()
        shutil.rmtree(self.place)

    # What the machine knows.

    @property
    def on_stage(self) -> str | None:
        """The slide that is started, unless it was left so since another day."""
        return None if self.clock_ns - self.session[1] > DAY // 2 * NANO else self.started

    def see(self, slide: str | None) -> None:
        """A listing shows what is in the folder; ``slide`` is started."""
        if self.is_away:
            return
        for name, taken in self.files.items():
            home = home_of(name)
            if taken.slides is None:
                taken.slides = {home or ("" if taken.is_old else slide) or ""} - {""}
                self.newly_seen.append((name, taken))
            elif not taken.slides and home:
                taken.slides = {home}  # a person has said whose it is, of whom nothing was known

    def forget_unseen(self) -> None:
        """What the process saw that was killed before it could write it down, the next one sees for the first time."""
        files = self.world.outbox.bindings._files
        for name, taken in self.newly_seen:
            bound = files.get(name)
            status = self.path(name).stat()
            if bound is None or bound.stamp[1:] != (status.st_size, status.st_mtime_ns):
                taken.slides = None

    def pass_time(self, seconds: float) -> None:
        self.world.now += seconds
        assert self.world.clock_ns is not None
        self.world.clock_ns += int(seconds * NANO)

    @property
    def clock_ns(self) -> int:
        assert self.world.clock_ns is not None
        return self.world.clock_ns

    # The microscope and people at its files.

    def path(self, name: str) -> Path:
        path = (self.place / "away" if self.is_away else self.world.folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def write(self, name: str, data: bytes, *, append: bool = False, age: int = 0) -> None:
        self.pass_time(0.001)
        with self.path(name).open("ab" if append else "wb") as file:
            file.write(data)
        dated = self.clock_ns - age * NANO
        os.utime(self.path(name), ns=(dated, dated))

    def new(self, name: str) -> bytes:
        label = f"<{len(self.pictures)}>"
        self.pictures[label] = self.files[name] = Taken(label, self.clock_ns)
        return (b"\xff\xd8" + label.encode()).ljust(SIZE, b".")

    @rule(name=st.sampled_from(PLACES), age=st.sampled_from([0, 0, 0, 5, 30 * DAY]))
    def take(self, name: str, age: int) -> None:
        self.write(name, self.new(name), age=age)
        self.files[name].is_old = age >= 30 * DAY

    @rule(name=st.sampled_from(FLAT))
    def take_by_another_name(self, name: str) -> None:
        data = self.new(name)
        self.write(".camera", data)
        self.path(".camera").replace(self.path(name))

    @rule(name=st.sampled_from(PLACES), share=st.integers(8, SIZE - 1))
    def begin_to_copy(self, name: str, share: int) -> None:
        self.write(name, self.new(name)[:share])

    @precondition(lambda self: self.files)
    @rule(which=st.integers(0, 99))
    def continue_to_copy(self, which: int) -> None:
        name = sorted(self.files)[which % len(self.files)]
        self.write(name, b"." * (SIZE - self.path(name).stat().st_size), append=True)
        self.files[name].is_old = False

    @precondition(lambda self: self.files)
    @rule(which=st.integers(0, 99), name=st.sampled_from(PLACES), touched=st.booleans())
    def rename(self, which: int, name: str, touched: bool) -> None:
        old = sorted(self.files)[which % len(self.files)]
        if touched:
            self.write(old, b"", append=True)
            self.files[old].is_old = False  # where no listing has shown it before, nobody can know
        self.path(old).replace(self.path(name))
        self.files[name] = self.files.pop(old)

    @precondition(lambda self: self.files)
    @rule(which=st.integers(0, 99))
    def remove(self, which: int) -> None:
        name = sorted(self.files)[which % len(self.files)]
        self.path(name).unlink()
        del self.files[name]

    # The agent.

    def run(self, what: Callable[[], object], kill: int | None) -> None:
        """Let the agent do something; ``kill``: before which statement it dies."""
        self.world.killing.left = kill or -1
        try:
            with suppress(HemascopeError):
                what()
        except Killed:
            self.restart()
            self.forget_unseen()
        self.world.killing.left = -1
        self.newly_seen.clear()
        self.note_session()

    def note_session(self) -> None:
        session = self.world.outbox.bindings.session
        self.started = session.slide.slide if session else None
        if session and session.number != self.session[0]:
            self.session = (session.number, self.clock_ns)

    def restart(self) -> None:
        self.world.outbox.close()
        self.world.start()
        self.note_session()
        self.is_new_process = True

    @initialize(slide=st.sampled_from(SLIDES))
    def begin(self, slide: str) -> None:
        self.start(slide, None)

    @rule(name=st.sampled_from(PLACES))
    def take_in_peace(self, name: str) -> None:
        self.take(name, 0)
        self.work(6, None, after_sending=False)

    @rule(slide=st.sampled_from(SLIDES), number=st.integers(1, 3))
    def change_the_slide(self, slide: str, number: int) -> None:
        """After pictures of the last one, some of which no listing has shown."""
        for name in FLAT[:number]:
            self.take(name, 0)
        self.start(slide, None)
        for name in FLAT[3 : 3 + number]:
            self.take(name, 0)
        self.work(6, None, after_sending=False)

    @rule(
        slide=st.sampled_from(SLIDES),
        rounds=st.sampled_from([1, 6]),
        name=st.sampled_from(FLAT),
        later=st.sampled_from(PLACES),
        quarantine=st.booleans(),
    )
    def copy_while_the_slide_changes(self, slide: str, rounds: int, name: str, later: str, quarantine: bool) -> None:
        self.begin_to_copy(name, 20)
        self.work(rounds, None, after_sending=False)
        self.stop(quarantine, None)
        self.start(slide, None)
        self.write(name, b"." * (SIZE - 20), append=True)
        self.path(name).replace(self.path(later))
        self.files[later] = self.files.pop(name)
        self.work(6, None, after_sending=False)

    @rule(rounds=st.sampled_from([1, 2, 5, 8]), kill=KILLS, after_sending=st.booleans())
    def work(self, rounds: int, kill: int | None, after_sending: bool) -> None:
        self.bucket.kills = after_sending and kill is not None
        for _ in range(rounds):
            self.see(self.on_stage)
            self.is_new_process &= self.is_away
            self.run(self.world.agent.round, kill)
            self.pass_time(0.5)
        self.bucket.kills = False

    @rule(slide=st.sampled_from(SLIDES), kill=KILLS)
    def start(self, slide: str, kill: int | None) -> None:
        self.asked_ns.setdefault(slide, self.clock_ns)
        if self.on_stage != slide:
            self.look_at_the_end()
            self.see(None)
        self.run(lambda: self.world.slides.start(SlideId("p-7", slide)), kill)

    @rule(quarantine=st.booleans(), kill=KILLS)
    def stop(self, quarantine: bool, kill: int | None) -> None:
        self.look_at_the_end()
        self.run(lambda: self.world.slides.stop(quarantine=quarantine), kill)

    def look_at_the_end(self) -> None:
        """A slide's end shows its last pictures, unless nobody has watched since the last process died."""
        self.see(None if self.is_new_process else self.on_stage)
        self.is_new_process &= self.is_away

    @rule()
    def lose_power(self) -> None:
        self.restart()

    @precondition(lambda self: not self.is_away)
    @rule(really=RARELY)
    def lose_the_outbox(self, really: bool) -> None:
        if not really:
            return
        self.world.outbox.close()
        for path in self.place.glob("outbox.sqlite*"):
            path.unlink()
        self.world.start()
        self.started, self.is_new_process = None, True
        for taken in self.files.values():
            taken.slides = None  # nothing is known of them any more

    @rule(confirmed=st.booleans())
    def confirm(self, confirmed: bool) -> None:
        self.world.confirm_existing = confirmed
        self.restart()

    @rule(fault=st.sampled_from(["no network", "answer lost"]))
    def lose_the_network(self, fault: str) -> None:
        self.bucket.faults.append(fault)

    # The world.

    @rule(seconds=st.sampled_from([-DAY, -3600, -61, -1, 1, 61, 3600, DAY]))
    def jump(self, seconds: int) -> None:
        assert self.world.clock_ns is not None
        self.world.clock_ns += seconds * NANO
        self.has_jumped = True

    @rule(seconds=st.sampled_from([3, 45, 600]))
    def wait(self, seconds: int) -> None:
        self.pass_time(seconds)

    @rule(really=RARELY)
    def unplug_or_plug_in(self, really: bool) -> None:
        if not really and not self.is_away:
            return
        away = self.place / "away"
        if self.is_away:
            away.rename(self.world.folder)
        else:
            self.world.folder.rename(away)
        self.is_away = not self.is_away

    # The promises.

    @invariant()
    def every_picture_is_stored_under_its_own_slide_alone(self) -> None:
        for key, data in list(self.bucket.objects.items())[len(self.checked) :]:
            self.checked.append(key)
            taken, slide = self.pictures[data[2:].split(b">")[0].decode() + ">"], key.split("/")[3]
            assert taken.slides == {slide}, (key, taken)
            if slide == "c-3" and not self.has_jumped:  # which has no folder
                assert taken.at_ns >= self.asked_ns[slide], (key, taken)
