"""A few of the damaged files and messages of ``make fuzz``: each a typed end, in little time and memory."""

import os

import pytest

from tests.fuzz import sandbox as sandbox_module
from tests.fuzz.damage import damaged_file
from tests.fuzz.messages import damaged_message
from tests.fuzz.pictures import whole_files
from tests.fuzz.sandbox import End, Sandbox, Try, run_all, table
from tests.fuzz.tries import handle_messages, screen_files


@pytest.mark.parametrize(
    ("make", "numbers"), [(screen_files, range(300)), (handle_messages, range(200))], ids=["files", "messages"]
)
def test_each_damaged_input_has_a_typed_end(make: type, numbers: range) -> None:
    ends = run_all(make, numbers, processes=2)

    assert [(end.number, end.fault) for end in ends if end.fault] == []
    assert len(ends) == len(numbers)
    assert len({end.end for end in ends}) >= 4  # the damage is not all of one kind


def test_the_same_number_is_the_same_damage() -> None:
    assert damaged_file(17) == damaged_file(17)
    assert damaged_message(17) == damaged_message(17)
    assert damaged_file(17) != damaged_file(24)


def test_every_format_is_damaged() -> None:
    assert {damaged_file(number)[0] for number in range(7)} == set(whole_files())
    assert set(whole_files()) == {"JPEG", "PNG", "TIFF", "BMP", "WebP", "HEIC", "AVIF"}


def make_villain() -> Try:
    """What the sandbox must see: 0 behaves, 1 dies of a signal, 2 raises, 3 eats memory."""
    waste: list[bytes] = []

    def run(number: int) -> tuple[str, str]:
        if number == 1:
            os.abort()
        if number == 2:
            raise ZeroDivisionError
        if number == 3:
            waste.append(b"x" * (300 << 20))
        return "villain", "done"

    return run


def test_a_crash_an_untyped_error_and_a_glutton_are_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox_module, "MEGABYTES", 250.0)
    with Sandbox(make_villain) as sandbox:
        ends = [sandbox.run(number) for number in (0, 1, 2, 3, 0)]

    assert [end.finding for end in ends[:3]] == [None, "crash: SIGABRT", "untyped: ZeroDivisionError"]
    assert str(ends[3].finding).endswith(" MB")
    assert ends[4].end == "done"


def test_a_slow_end_is_a_finding() -> None:
    assert End(0, "JPEG", "reported", seconds=5.1).finding == "5.1 s"
    assert End(0, "JPEG", "reported", seconds=4.9, megabytes=1000).finding is None


def test_the_table_counts_ends_by_kind() -> None:
    ends = [End(0, "JPEG", "reported", 0.5, 90), End(1, "PNG", "reported", 0.1, 80), End(2, "PNG", "crash: SIGSEGV")]

    lines = [line.split() for line in table(ends).splitlines()]

    assert lines[0] == ["end", "JPEG", "PNG", "all"]
    assert lines[1] == ["crash:", "SIGSEGV", "0", "1", "1"]
    assert lines[2] == ["reported", "1", "1", "2"]
    assert lines[-1][-1] == "1"
