"""What the microscope's agent prints."""

import io
from pathlib import Path

from hemascope_cli.microscope.binding import Binding, Hold
from hemascope_cli.microscope.display import Lines, Table
from hemascope_cli.microscope.folder import FileStamp, Seen
from hemascope_cli.microscope.outbox import Entry, Outbox, Result, Step
from hemascope_cli.microscope.slide_id import SlideId


def test_a_log_says_when_trouble_begins_and_when_it_is_over() -> None:
    out = io.StringIO()
    lines = Lines(out, shows_results=False)

    for what in (None, "no network", "no network", "denied", None, None):
        lines.trouble(what)

    assert out.getvalue() == "trouble: no network\ntrouble: denied\ntrouble is over\n"


def test_a_terminal_sees_a_table_that_is_drawn_over_itself(tmp_path: Path) -> None:
    outbox, out = Outbox(tmp_path / "outbox.sqlite"), io.StringIO()
    table = Table(out, shows_results=True, outbox=outbox, columns=lambda: 80)
    for number, name in enumerate(("field 1.jpg", "bad\x1b[2J.jpg")):
        stamp, whose = FileStamp(name, 1, 1), SlideId("p-7", "c\x1b-1")
        outbox.bindings.bind([Seen(stamp, number, whose)])
        outbox.register(Entry(f"{number:064x}", stamp, whose, f"key {number}", Step.SEEN))
    table.round()
    before = out.getvalue()
    outbox.store(f"{0:064x}", "id")
    outbox.end(f"{1:064x}", Result.REJECTED, "blank")
    table.trouble("no network")
    old = Binding(FileStamp("o\x1bd.jpg", 1, 1), 9, None, hold=Hold.NO_SLIDE, listed=True)
    table.held_back([old], SlideId("p-7", "c-1"))
    table.passed_over({"notes\x1b[2J.txt": "a file of another kind", "a.gif": "a GIF picture"})

    table.round()
    table.round()

    assert before.splitlines()[0].split("  ")[0] == "field 1.jpg"
    assert "\x1b[2J" not in before
    assert out.getvalue().removeprefix(before).splitlines() == [
        f"\x1b[5A\x1b[J{'field 1.jpg':<28}  {'p-7/c?-1':<20}  sent, waiting for its resul",
        f"{'bad?[2J.jpg':<28}  {'p-7/c?-1':<20}  rejected: blank",
        "",
        "2 pictures: 1 rejected, 1 stored",
        "slide: p-7/c-1",
        "held back: o?d.jpg  no slide  no slide was started when it was first seen: move",
        "passed over: 1  a GIF picture: a.gif",
        "passed over: 1  a file of another kind: notes?[2J.txt",
        "trouble: no network",
    ]
    outbox.close()
