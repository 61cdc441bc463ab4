"""The agent's loop: register new pictures, send what is not sent yet, ask for the results of the rest."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import Protocol

from hemascope.domain.characters import compose
from hemascope.domain.errors import HemascopeError, TransientError
from hemascope.domain.personal import Likenesses, likeness
from hemascope.domain.picture_file import check_size
from hemascope.domain.specimen import segment_fault
from hemascope_cli.microscope.backoff import Backoff
from hemascope_cli.microscope.binding import BY_CONTENT, Binding, Hold
from hemascope_cli.microscope.folder import FileNotReady, FileStamp, WatchedFolder
from hemascope_cli.microscope.outbox import Entry, Outbox, Result, Step
from hemascope_cli.microscope.picture import Picture, content_name
from hemascope_cli.microscope.slide_id import SlideId
from hemascope_cli.microscope.slides import Slides

_RENAME = "rename it, or start the agent with --allow-names if it identifies nobody"
_ASK_EVERY = 5  # rounds between two questions for results
_SENDING_SECONDS = 5.0  # then the folder is looked at again, since a file may have been removed


class Sender(Protocol):
    """A way into the bucket."""

    def send(self, key: str, picture: Picture) -> str | None:
        """Store a picture unless its key is taken; the store verifies the bytes.

        Returns
        -------
        str or None
            The object id; None where the key was taken, which means that this picture was stored before.

        Raises
        ------
        TransientError
            Where it is unknown whether the picture arrived; to be sent again.
        HemascopeError
            Where it was refused for a reason that will not pass by itself.
        """


class Results(Protocol):
    """Results of the pictures in the bucket."""

    def find(self, keys: Collection[str]) -> Mapping[str, str]:
        """Object ids of those keys that have reached a terminal state: key -> id."""

    def ends(self, object_ids: Collection[str]) -> Mapping[str, tuple[Result, str | None]]:
        """Terminal states, with reasons, of those ids that have one."""


class Watcher(Protocol):
    """An observer of the agent, such as a display."""

    def changed(self, entry: Entry) -> None:
        """A picture changed its step or got its result."""

    def trouble(self, what: str | None) -> None:
        """The problem that the agent has now; None where it has none."""

    def passed_over(self, files: Mapping[str, str]) -> None:
        """What the folder holds beside pictures: name -> why it is passed over."""

    def held_back(self, files: Sequence[Binding], started: SlideId | None) -> None:
        """Pictures that are not sent because it is not certain whose they are, and the slide that is started."""

    def round(self) -> None:
        """A round ended."""


class Console(Protocol):
    """People's orders to start and stop slides."""

    def obey(self, slides: Slides) -> list[str]:
        """Follow what was ordered since the last round; return what has to be shown until the next order."""


@dataclass
class Agent:
    """The agent of one folder.

    Parameters
    ----------
    key_of
        Slide and file name in the bucket -> key. Raises RejectedSmear where the key would be too long.
    slides
        What is started in this folder.
    results
        None where this agent may not read results.
    stop
        Set from outside; the picture that is being sent is finished first.
    seconds
        A clock that never jumps.
    poll
        Seconds between two rounds.
    longest_pause
        Seconds between two attempts, at most.
    allow_names
        Whether files are sent whose names look like a person's.
    """

    folder: WatchedFolder
    outbox: Outbox
    sender: Sender
    results: Results | None
    key_of: Callable[[SlideId, str], str]
    slides: Slides
    watcher: Watcher
    stop: Event
    seconds: Callable[[], float]
    poll: float = 1.0
    longest_pause: float = 30.0
    allow_names: bool = False
    console: Console | None = None
    _next_question: float = field(default=float("-inf"), init=False)
    _trouble: list[str] = field(default_factory=list, init=False)
    unreadable: set[FileStamp] = field(default_factory=set, init=False)

    def __post_init__(self) -> None:
        self._pauses = Backoff(self.longest_pause)
        self._questions = Backoff(self.longest_pause)
        self._next_send = float("-inf")
        self._unsent_because: str | None = None  # until a picture is sent
        self._has_more = False
        if self.allow_names:
            self.outbox.release_held()

    def run(self, finished: Callable[[], bool]) -> None:
        """Run rounds until stopped, or until nothing is left to do and ``finished`` says that no new picture will come.

        Raises
        ------
        HemascopeError
            Where ``finished`` is true and the store refuses a picture for good.
        """
        while not self.stop.is_set():
            last = finished()  # asked before the folder is listed, so that nothing is missed
            idle = self.round(strict=last) and last
            self.watcher.round()
            if idle and not self._is_anything_left():
                return
            self.stop.wait(0 if self._has_more else self.poll)

    def _is_anything_left(self) -> bool:
        if self.outbox.unsent():
            return True
        return self.results is not None and any(entry.result is None for entry in self.outbox.awaited())

    def round(self, *, strict: bool = False) -> bool:
        """Run one round; return whether every file in the folder is registered."""
        self._trouble.clear()
        quiet = True
        try:
            if self.console is not None:
                self._trouble += self.console.obey(self.slides)
            quiet = self._register_new()
            self._send(strict=strict)
            self._ask()
        except TransientError as error:  # of the outbox, such as a full disk
            self._trouble.append(str(error))
            quiet = False
        self.watcher.trouble("; ".join(dict.fromkeys(self._trouble)) or None)
        return quiet

    def _register_new(self) -> bool:
        bindings = self.outbox.bindings
        try:
            self.slides.look()
        except FileNotReady as error:
            self._trouble.append(str(error))
            return False
        if self.slides.overdue:
            self._trouble.append(self.slides.overdue)
        settled = self.folder.settled(bindings.knows)
        self.watcher.passed_over(self.folder.passed_over)
        self.unreadable.clear()
        quiet = self.folder.waiting == 0
        for stamp in settled:
            if self.stop.is_set():
                return False
            hold = bindings.hold_of(stamp, self.slides.wall_ns())
            if hold is not None and hold not in BY_CONTENT:
                bindings.hold(stamp, hold)
                continue
            try:
                data = self.folder.read(stamp)
            except FileNotReady as error:
                self._trouble.append(str(error))
                quiet = quiet and not self.folder.is_young(stamp)
                self.unreadable.add(stamp)
                continue
            self._register(stamp, data, hold)
        self.watcher.held_back(bindings.listed(), self.slides.started)
        return quiet

    def _register(self, stamp: FileStamp, data: bytes, hold: Hold | None) -> None:
        """Register a picture for the slide of its file, unless its content says that it is another slide's."""
        bindings, picture = self.outbox.bindings, Picture.of(data)
        slide, before = bindings.of(stamp.name).slide, self.outbox.find(picture.sha256)
        if before is not None and before.slide != slide:
            bindings.hold(stamp, hold or Hold.OTHER_SLIDE)
        elif slide is None or (hold is not None and before is None):
            bindings.hold(stamp, hold or Hold.NO_SLIDE)
        else:
            self.watcher.changed(self.outbox.register(self._entry(stamp, picture, slide)))

    def _entry(self, stamp: FileStamp, picture: Picture, slide: SlideId) -> Entry:
        own_name = compose(stamp.file)
        name = content_name(own_name, picture.sha256)
        try:
            check_size(len(picture.data))
            if fault := segment_fault(name):
                raise HemascopeError(f"expected a name without blanks at its ends and control characters, received {fault}")
            key = self.key_of(slide, name)
        except HemascopeError as refusal:
            return Entry(picture.sha256, stamp, slide, "", Step.ENDED, result=Result.REFUSED, reason=str(refusal))
        # Judged without the digest, which may look like a date.
        if not self.allow_names and (names := Likenesses(field=likeness(own_name))):
            reason = f"{names}; {_RENAME}"
            return Entry(picture.sha256, stamp, slide, key, Step.ENDED, result=Result.HELD, reason=reason)
        return Entry(picture.sha256, stamp, slide, key, Step.SEEN)

    def _send(self, *, strict: bool) -> None:
        self._has_more, began = False, self.seconds()
        if began < self._next_send:
            self._trouble += [self._unsent_because] if self._unsent_because else []
            return
        self._unsent_because = None
        for entry in self.outbox.unsent():
            if self.stop.is_set():
                return
            if self.seconds() - began >= _SENDING_SECONDS:
                self._has_more = True
                return
            try:
                picture = Picture.of(self.folder.read(entry.stamp))
            except FileNotReady as error:
                self._handle_unreadable(entry, error)
                continue
            if picture.sha256 != entry.sha256:  # overwritten within one tick of the drive's clock
                self._end(entry, Result.GONE, "another picture has taken its place")
                continue
            self.watcher.changed(self.outbox.begin(entry.sha256))
            try:
                object_id = self.sender.send(entry.key, picture)
            except HemascopeError as error:
                if strict and not isinstance(error, TransientError):
                    raise
                self._unsent_because = str(error)
                self._trouble.append(self._unsent_because)
                self._next_send = self.seconds() + self._pauses.failed()
                return
            self._pauses.worked()
            self.watcher.changed(self.outbox.store(entry.sha256, object_id))

    def _handle_unreadable(self, entry: Entry, error: FileNotReady) -> None:
        """End a picture whose file is gone; report a problem where the file is only unreadable now."""
        present = self.folder.stamp_of(entry.stamp.name)
        if present is not None and present != entry.stamp and self.outbox.bindings.knows(present):
            self._end(entry, Result.GONE, "another picture has taken its place")
        elif present is not None:
            self._trouble.append(str(error))
        elif entry.attempts:
            self._end(entry, Result.GONE, "it was removed while it was sent, and may have arrived")
        else:
            self._end(entry, Result.GONE, "it was removed before it was sent")

    def _end(self, entry: Entry, result: Result, reason: str | None) -> None:
        self.watcher.changed(self.outbox.end(entry.sha256, result, reason))

    def _ask(self) -> None:
        if self.results is None or self.seconds() < self._next_question:
            return
        awaited = self.outbox.awaited()
        self._next_question = self.seconds() + _ASK_EVERY * self.poll
        try:
            unknown = {entry.key: entry.sha256 for entry in awaited if entry.object_id is None}
            for key, object_id in self.results.find(unknown).items() if unknown else ():
                self.outbox.store(unknown[key], object_id)
            ids = {entry.object_id: entry for entry in self.outbox.awaited() if entry.object_id}
            for object_id, (result, reason) in self.results.ends(list(ids)).items() if ids else ():
                if result is not ids[object_id].result:
                    self._end(ids[object_id], result, reason)
        except HemascopeError as error:
            self._trouble.append(str(error))
            self._next_question = self.seconds() + self._questions.failed()
            return
        self._questions.worked()
