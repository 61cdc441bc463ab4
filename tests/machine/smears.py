"""The life of smears as a state machine: any order of duplicate, late and lost messages, crashes around any write.

Hypothesis draws the steps. After each of them the promises of ``docs/architecture.md`` are checked, and at the end, when
nothing fails any more, that every smear has reached its terminal state.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hemascope.domain.errors import HemascopeError, TransientError
from hemascope.domain.events import CreatedObject
from hemascope.domain.ledger import LedgerRow, NotificationStatus
from hemascope.domain.notification import NotificationTask
from hemascope.domain.report import State
from hemascope.domain.specimen import ObjectVersion
from tests.machine.worlds import MachineWorld
from tests.support.fakes import LEASE, MAXIMUM_RECEIVES, Killed, Wire, kill
from tests.support.picture_contents import contents

ENDS = {State.REPORTED, State.REJECTED}
_NOTIFIED = {NotificationStatus.SENT, NotificationStatus.SOFT_BOUNCED, NotificationStatus.BOUNCED}
_EXPECTED = {"good": State.REPORTED, "bad": State.REJECTED, "gone": State.FAILED}


def documented() -> set[tuple[str, str]]:
    """From -> to: the transitions of an end, as the first state diagram of the architecture draws them."""
    text = (Path(__file__).parents[2] / "docs" / "architecture.md").read_text(encoding="utf-8")
    diagram = text.split("stateDiagram-v2\n")[1].split("```")[0]
    return set(re.findall(r"(\S+) --> (\w+)", diagram))


TRANSITIONS = documented()


def fail() -> None:
    """A service that is busy."""
    raise TransientError("expected to write, received SlowDown")


# What happens at the n-th write of a worker, before or after it; None: nothing does.
FAULTS = st.none() | st.tuples(st.sampled_from(["before", "after"]), st.integers(1, 9), st.sampled_from([kill, fail]))
Fault = tuple[str, int, Callable[[], object]] | None


@dataclass
class Message:
    """In a queue until it is acknowledged or has come too often."""

    content: CreatedObject | NotificationTask
    receives: int = 0


@dataclass
class Smear:
    """What the machine knows of one upload; ``windows``: how often a crash allowed a second message on the topic."""

    kind: str
    windows: int = 0
    seen: list[LedgerRow] = field(default_factory=list)


class SmearMachine(RuleBasedStateMachine):
    """Uploads, deliveries, crashes. A subclass says in which world."""

    make_world: Callable[[], MachineWorld]

    def __init__(self) -> None:
        super().__init__()
        self.outside = type(self).make_world()
        self.world = self.outside.world
        self.smears: dict[ObjectVersion, Smear] = {}
        self.arrivals: list[Message] = []
        self.due: list[Message] = []
        self.dead: list[tuple[list[Message], Message]] = []
        self.stored: dict[str, object] = {}
        self.known_mails = 0

    @initialize(kind=st.sampled_from(["good", "bad"]))
    def begin(self, kind: str) -> None:
        self.upload(kind, lost=False)

    @precondition(lambda self: len(self.smears) < 4)
    @rule(kind=st.sampled_from(["good", "good", "bad", "gone"]), lost=st.booleans())
    def upload(self, kind: str, lost: bool) -> None:
        data = contents()[kind]
        version = self.outside.put(f"smears/st-mary/p-7/c-1/scope 1/{len(self.smears)}.png", data)
        if kind == "gone":
            self.outside.hide(version)
        self.smears[version] = Smear(kind)
        if not lost or kind == "gone":
            self.arrivals.append(Message(CreatedObject(object=version, size=len(data))))

    @precondition(lambda self: self.arrivals)
    @rule(which=st.integers(0, 99), fault=FAULTS)
    def deliver_arrival(self, which: int, fault: Fault) -> None:
        self._receive(self.arrivals, which, lambda message: self._screen(message, _wire(fault)))

    @precondition(lambda self: self.due)
    @rule(which=st.integers(0, 99), fault=FAULTS)
    def deliver_notification(self, which: int, fault: Fault) -> None:
        self._receive(self.due, which, lambda message: self._notify(message.content, _wire(fault)))

    @precondition(lambda self: self.arrivals)
    @rule(which=st.integers(0, 99), number=st.integers(1, 7))
    def deliver_an_arrival_to_two_at_once(self, which: int, number: int) -> None:
        def work(message: Message) -> None:
            self._screen(message, Wire(before={number: lambda: self._screen(message, Wire())}))

        self._receive(self.arrivals, which, work)

    @precondition(lambda self: self.due)
    @rule(which=st.integers(0, 99), number=st.integers(1, 6))
    def deliver_a_notification_to_two_at_once(self, which: int, number: int) -> None:
        def rival(message: Message) -> None:
            with suppress(TransientError):  # claimed by the other worker, and delivered again
                self._notify(message.content, Wire())

        self._receive(
            self.due, which, lambda message: self._notify(message.content, Wire(before={number: lambda: rival(message)}))
        )

    @precondition(lambda self: self.smears)
    @rule(which=st.integers(0, 99))
    def deliver_an_old_arrival_again(self, which: int) -> None:
        version = list(self.smears)[which % len(self.smears)]
        self.arrivals.append(Message(CreatedObject(object=version)))

    @precondition(lambda self: self.outside.rows())
    @rule(which=st.integers(0, 99))
    def ask_again_for_a_notification(self, which: int) -> None:
        rows = [row for row in self.outside.rows() if row.state in ENDS]
        if rows:
            row = sorted(rows, key=lambda row: row.object_id)[which % len(rows)]
            self.due.append(Message(NotificationTask(object_id=row.object_id, model=row.model)))

    @precondition(lambda self: self.arrivals or self.due)
    @rule(which=st.integers(0, 99), arrivals=st.booleans())
    def lose_a_message(self, which: int, arrivals: bool) -> None:
        queue = self.arrivals if arrivals else self.due
        of_what_is_gone = {version for version, smear in self.smears.items() if smear.kind == "gone"}
        if queue and getattr(queue[which % len(queue)].content, "object", None) not in of_what_is_gone:
            queue.pop(which % len(queue))

    @rule(seconds=st.sampled_from([1, 61]))
    def time_goes_on(self, seconds: int) -> None:
        self._record_events_of_ses()  # long before a claim expires
        self.world.clock.time += timedelta(seconds=seconds)

    def _record_events_of_ses(self) -> None:
        for mail in self.world.mailer.mails[self.known_mails :]:
            self.world.ledger.complete_channel(mail.notification.object_id, mail.notification.model, mail.channel)
        self.known_mails = len(self.world.mailer.mails)

    @precondition(lambda self: self.dead)
    @rule()
    def replay(self) -> None:
        queue, message = self.dead.pop()
        queue.append(Message(message.content))

    @precondition(lambda self: any(row.notification is NotificationStatus.SENT for row in self.outside.rows()))
    @rule(which=st.integers(0, 99), status=st.sampled_from([NotificationStatus.SOFT_BOUNCED, NotificationStatus.BOUNCED]))
    def a_mail_comes_back(self, which: int, status: NotificationStatus) -> None:
        announced = sorted(
            (row for row in self.outside.rows() if row.notification is NotificationStatus.SENT), key=lambda row: row.object_id
        )
        row = announced[which % len(announced)]
        self.world.ledger.set_notification(row.object_id, row.model, status)

    @invariant()
    def one_row_each_and_ends_stand_for_ever(self) -> None:
        rows = self.outside.rows()
        assert len({(row.object_id, row.model) for row in rows}) == len(rows)
        for row in rows:
            seen = self.smears[row.object].seen
            before = seen[-1] if seen else None
            if before is None or before.state is not row.state:
                assert (before.state if before else "[*]", row.state) in TRANSITIONS
            else:  # nothing but what people know has changed, and they don't forget it
                assert row.model_copy(update={"notification": before.notification}) == before
                assert before.notification is NotificationStatus.PENDING or row.notification is not NotificationStatus.PENDING
            assert row.state is State.FAILED or row.state is _EXPECTED[self.smears[row.object].kind]
            seen.append(row)
        assert {row.object for row in rows} == {version for version, smear in self.smears.items() if smear.seen}

    @invariant()
    def what_is_stored_is_never_changed(self) -> None:
        files = self.outside.files()
        assert {key: files.get(key) for key in self.stored} == self.stored
        self.stored = files
        assert {row.report_key for row in self.outside.rows() if row.state in ENDS} <= set(files)

    @invariant()
    def no_mail_goes_out_twice_and_no_message_but_in_the_documented_window(self) -> None:
        for version, smear in self.smears.items():
            assert self._most_sent(version, self.world.mailer.mails) <= 1
            assert self._most_sent(version, self.world.publisher.notifications) <= 1 + smear.windows

    def teardown(self) -> None:
        try:
            self._finish_all()
        finally:
            self.outside.close()

    def _finish_all(self) -> None:
        """Nothing fails any more, the operator replays dead letters and reconciles: every smear reaches its terminal state."""
        for _ in range(2):
            while self.dead:
                self.replay()
            lost, late = self.outside.reconcile()
            self.arrivals += [Message(created) for created in lost]
            self.due += [Message(task) for task in late]
            self._work_off()
        ends = {row.object: row for row in self.outside.rows()}
        for version, smear in self.smears.items():
            row = ends[version]
            assert row.state is _EXPECTED[smear.kind]
            if row.state in ENDS:
                assert row.notification in _NOTIFIED
                assert self._most_sent(version, self.world.mailer.mails, row.state) == 1
                assert self._most_sent(version, self.world.publisher.notifications, row.state) >= 1
        self.one_row_each_and_ends_stand_for_ever()
        self.what_is_stored_is_never_changed()
        self.no_mail_goes_out_twice_and_no_message_but_in_the_documented_window()

    def _work_off(self) -> None:
        for _ in range(MAXIMUM_RECEIVES):
            for queue, step in ((self.arrivals, self.deliver_arrival), (self.due, self.deliver_notification)):
                self.time_goes_on(LEASE.seconds + 1)
                for number in reversed(range(len(queue))):
                    step(number, None)

    def _receive(self, queue: list[Message], which: int, work: Callable[[Message], None]) -> None:
        """One notification as SQS makes it: acknowledged, or it comes again, or it is dead."""
        message = queue[which % len(queue)]
        message.receives += 1
        try:
            work(message)
        except (HemascopeError, Killed):
            if message.receives >= MAXIMUM_RECEIVES:
                queue.remove(message)
                self.dead.append((queue, message))
        else:
            queue.remove(message)
        finally:
            self.due += [Message(notification) for notification in self.outside.take_notifications()]

    def _screen(self, message: Message, wire: Wire) -> None:
        assert isinstance(message.content, CreatedObject)
        self.world.screening_service(wire).process(message.content, message.receives)

    def _notify(self, task: CreatedObject | NotificationTask, wire: Wire) -> None:
        assert isinstance(task, NotificationTask)
        (version,) = [smear for smear in self.smears if smear.object_id == task.object_id]
        before = self._most_sent(version, self.world.publisher.notifications)
        try:
            self.world.notification_service(wire).notify(task)
        except BaseException:
            # The topic was notified, and the ledger may not have recorded it: the only case in which it is notified again.
            self.smears[version].windows += self._most_sent(version, self.world.publisher.notifications) > before
            raise

    def _most_sent(self, version: ObjectVersion, said: Sequence[object], state: State | None = None) -> int:
        """How often the same message was sent about a smear, or about one state of it."""
        wanted = f"{state!r}" if state else ""
        texts = [text for text in map(repr, said) if version.object_id in text and wanted in text]
        return max(Counter(texts).values(), default=0)


def _wire(fault: Fault) -> Wire:
    return Wire() if fault is None else Wire(**{fault[0]: {fault[1]: fault[2]}})
