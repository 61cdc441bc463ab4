"""Starting and stopping slides: by commands, with and without an agent that runs, and by a barcode scanner."""

import io
import os
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from hemascope.domain.errors import HemascopeError
from hemascope_cli.main import main
from hemascope_cli.microscope.folder_lock import FolderLock
from hemascope_cli.microscope.orders import Answer, Order, Orders, send_order
from hemascope_cli.microscope.outbox import AgentRuns
from hemascope_cli.microscope.slide_id import SlideId
from tests.support.microscope_world import AgentWorld, drawn

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[AgentWorld]:
    world = AgentWorld(tmp_path, slide="", console=Orders(tmp_path / "outbox.sqlite", None, allow_names=False))
    yield world
    world.outbox.close()


def scan(world: AgentWorld, *lines: str) -> None:
    """Let a scanner type lines, and the agent read them."""
    orders = Orders(world.place / "outbox.sqlite", io.StringIO("".join(f"{line}\n" for line in lines)), allow_names=False)
    while orders._scans.qsize() <= len(lines):
        time.sleep(0.001)
    for _ in lines:  # the last one tells that the scanner has ended
        if orders._scans.qsize() == 1:
            break
        orders._scan(orders._scans.get(), world.slides)
    orders._scans.get()
    world.agent.console = orders


def microscope(world: AgentWorld, *words: str) -> int:
    where = ["--watch", str(world.folder), "--outbox", str(world.place / "outbox.sqlite")]
    return main(["microscope", words[0], *where, *words[1:]])


# Barcodes.


def test_a_barcode_starts_its_slide_and_the_next_one_stops_it(world: AgentWorld) -> None:
    for number, line in enumerate(("p-7/c-1", " p-8/c-2 ", "p-8/c-2")):
        scan(world, line)
        world.put(f"{number}.jpg", drawn(number))
        world.rounds(3)
    scan(world, "STOP")
    world.put("4.jpg", drawn(4))
    world.rounds(3)

    assert world.slides_of_keys() == ["c-1", "c-2", "c-2"]
    assert world.seen.held == {"4.jpg": (None, "no slide")}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("c-2", "it must be PATIENT/SLIDE, and this one has 0 times '/', so no slide is started: scan again"),
        ("p-7/c-2/3", "it must be PATIENT/SLIDE, and this one has 2 times '/'"),
        ("/c-2", "An id can't have a '/', or a blank at its end. Correct a patient with no character."),
        (
            "Mrs Smith/c-2",
            "Ids must be pseudonyms: the patient id looks like a person's name. Give another id, or --allow-names",
        ),
    ],
)
def test_a_barcode_that_is_none_stops_the_slide_and_says_why(world: AgentWorld, line: str, message: str) -> None:
    scan(world, "p-7/c-1", line)
    world.put("field.jpg", drawn(1))

    world.rounds(3)

    assert (world.sent, world.slides.started) == ([], None)
    assert (world.seen.troubles[-1] or "").startswith(f"barcode: {message}")


def test_a_barcode_before_the_last_slide_is_sent_stops_that_and_starts_none(world: AgentWorld) -> None:
    scan(world, "p-7/c-1")
    world.bucket.faults = ["no network"] * 9
    world.put("1.jpg", drawn(1))
    world.rounds(2.5)

    scan(world, "p-8/c-2")
    world.put("2.jpg", drawn(2))
    world.rounds(1)

    assert world.slides.started is None
    assert "barcode: 1 picture is not sent yet, of p-7/c-1, so no slide is started" in (world.seen.troubles[-1] or "")
    world.rounds(200)
    assert (world.slides_of_keys(), world.seen.held) == (["c-1"], {"2.jpg": (None, "no slide")})


def test_a_scanner_that_ends_stops_the_slide(world: AgentWorld) -> None:
    world.slides.start(SlideId("p-7", "c-1"))
    world.agent.console = Orders(world.place / "outbox.sqlite", io.StringIO(""), allow_names=False)
    while world.slides.started is not None:
        world.rounds(0.5)

    assert (
        world.seen.troubles[-1] == "barcode: the scanner has gone, so no slide is started: plug it in and start the agent again"
    )


def test_a_scanner_behind_a_pipe_may_close_it(world: AgentWorld) -> None:
    os.mkfifo(world.place / "scanner")
    world.agent.console = Orders(world.place / "outbox.sqlite", world.place / "scanner", allow_names=False)

    for name in ("c-1", "c-2"):
        (world.place / "scanner").write_text(f"p-7/{name}\n")
        while world.slides.started != SlideId("p-7", name):
            world.rounds(0.5)

    assert world.seen.troubles[-1] is None


# Commands.


def test_commands_reach_the_agent_that_runs(world: AgentWorld) -> None:
    world.rounds(1)
    answers: list[Answer] = []
    orders = [
        Order(verb="start", patient="p-7", slide="c-1", hospital="st-mary"),
        Order(verb="start", patient="p-7", slide="c-2", hospital="st-joseph"),
        Order(verb="start", patient="Mrs Smith", slide="c-2"),
        Order(verb="status"),
        Order(verb="stop"),
    ]
    client = Thread(target=lambda: answers.extend(send_order(world.place / "outbox.sqlite", order) for order in orders))
    client.start()
    while client.is_alive():
        world.rounds(0.5)
        time.sleep(0.01)

    assert [answer.outcome for answer in answers] == ["done", "refused", "refused", "done", "done"]
    assert [answer.lines[0] for answer in answers] == [
        "slide: p-7/c-1",
        "The agent on this folder works for another hospital. Check --hospital and --watch.",
        (
            "Ids must be pseudonyms: the patient id looks like a person's name. "
            "Give another id, or --allow-names if it identifies nobody."
        ),
        "slide: p-7/c-1",
        "slide: none is started",
    ]
    assert [path.name for path in world.place.glob("*.order*")] + [path.name for path in world.place.glob("*.answer*")] == []


def test_a_start_waits_until_the_last_slides_pictures_are_written_and_sent(world: AgentWorld, capsys: Captured) -> None:
    world.slides.start(SlideId("p-7", "c-1"))
    world.bucket.faults = ["no network"] * 2
    world.put("1.jpg", drawn(1))
    world.rounds(1)
    ids = ("--hospital", "st-mary", "--patient", "p-8", "--slide", "c-2")
    statuses: list[int] = []
    client = Thread(target=lambda: statuses.append(microscope(world, "start", *ids)))
    client.start()
    while client.is_alive():
        world.rounds(0.5)
        time.sleep(0.05)
    world.put("2.jpg", drawn(2))
    world.rounds(3)

    assert statuses == [0]
    assert world.slides_of_keys() == ["c-1", "c-2"]
    assert capsys.readouterr().out == "slide: p-8/c-2\n"


def test_an_order_that_no_agent_takes_is_withdrawn(world: AgentWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hemascope_cli.microscope.orders._PATIENCE", 0.0)

    with pytest.raises(HemascopeError, match="The agent did not answer"):
        send_order(world.place / "outbox.sqlite", Order(verb="start", patient="p-7", slide="c-1"))
    world.rounds(1)

    assert world.slides.started is None


def test_an_order_from_before_the_agent_is_not_followed(world: AgentWorld) -> None:
    path = world.place / "outbox.sqlite.order"
    path.write_text(Order(verb="start", patient="p-7", slide="c-1").model_dump_json())

    world.agent.console = Orders(world.place / "outbox.sqlite", None, allow_names=False)
    world.rounds(1)

    assert world.slides.started is None


def test_an_order_that_is_none_is_passed_over(world: AgentWorld) -> None:
    (world.place / "outbox.sqlite.order").write_text('{"verb": "erase"}')

    world.rounds(1)

    assert not (world.place / "outbox.sqlite.order").exists()


def test_without_an_agent_commands_work_on_the_outbox(world: AgentWorld, capsys: Captured) -> None:
    world.outbox.close()
    said = []
    for words in (
        ("start", "--hospital", "st-mary", "--patient", "p-7", "--slide", "c-1"),
        ("status",),
        ("stop", "--quarantine"),
    ):
        assert microscope(world, *words) == 0
        said.append(capsys.readouterr().out)

    assert said == ["slide: p-7/c-1\n", "slide: p-7/c-1\n", "slide: none is started\n"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("status",), "No agent has run on this folder yet, so nothing was sent. Check --watch and --outbox."),
        (("start", "--hospital", "h", "--patient", "a/b", "--slide", "c"), "An id can't have a '/'"),
        (
            ("start", "--hospital", "h", "--patient", "Mrs Smith", "--slide", "c"),
            "Ids must be pseudonyms: the patient id looks",
        ),
    ],
)
def test_an_order_that_cannot_be_followed_is_one_line(
    tmp_path: Path, capsys: Captured, words: tuple[str, ...], message: str
) -> None:
    (tmp_path / "pictures").mkdir()
    where = ["--watch", str(tmp_path / "pictures"), "--outbox", str(tmp_path / "outbox.sqlite")]

    assert main(["microscope", words[0], *where, *words[1:]]) == 1

    assert capsys.readouterr().err.startswith(f"hemascope: {message}")


def test_options_stand_behind_the_command(tmp_path: Path, capsys: Captured) -> None:
    with pytest.raises(SystemExit):
        main(["microscope", "--watch", str(tmp_path), "status", "--watch", str(tmp_path)])

    assert "options stand behind 'status'" in capsys.readouterr().err


def test_two_agents_with_two_outboxes_do_not_work_on_one_folder(world: AgentWorld, capsys: Captured) -> None:
    lock = FolderLock(world.folder)
    ids = ["--hospital", "st-mary", "--slide", "c-2", "--bucket", "uploads", "--once"]

    status = main(["microscope", "--watch", str(world.folder), "--outbox", str(world.place / "second.sqlite"), *ids])

    assert status == 1
    assert capsys.readouterr().err == ("hemascope: Another agent works on this folder, with another outbox. Stop it first.\n")
    lock.release()
    FolderLock(world.folder).release()


def test_a_folder_in_which_nothing_can_be_written_is_locked_on_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Path.open

    def guarded(path: Path, *arguments: object) -> object:
        if path.parent == tmp_path:
            raise OSError(30, "Read-only file system")
        return opened(path, *arguments)

    monkeypatch.setattr(Path, "open", guarded)  # the tests may run as root
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path.parent))
    lock = FolderLock(tmp_path)

    with pytest.raises(AgentRuns):
        FolderLock(tmp_path)
    lock.release()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--patient", "p-7"], "--patient needs --slide: say which slide of the patient is on the stage."),
        (["--slide", "c-1", "--barcode", "-"], "Give either --slide or --barcode: each of them says which slide is started."),
    ],
)
def test_a_slide_is_named_in_one_way(tmp_path: Path, capsys: Captured, more: list[str], message: str) -> None:
    assert main(["microscope", "--watch", str(tmp_path), "--hospital", "h", "--bucket", "b", *more]) == 1

    assert capsys.readouterr().err == f"hemascope: {message}\n"
