"""What commands show on standard error while they work."""

import os
import pty
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from hemascope_cli.console import progress, without_native_notes


def test_in_a_log_a_line_comes_from_time_to_time(capsys: pytest.CaptureFixture[str]) -> None:
    moments = iter(range(0, 1000, 10))  # each look at the clock finds ten seconds gone

    with progress("abcdefgh", "pictures", every=30, clock=lambda: next(moments)) as items:
        worked = list(items)

    captured = capsys.readouterr()
    assert worked == list("abcdefgh")
    assert captured.out == ""
    assert captured.err == "2 of 8 pictures\n5 of 8 pictures\n"


def test_a_short_run_writes_nothing_into_a_log(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("abc", "pictures", clock=lambda: 0.0) as items:
        list(items)

    assert capsys.readouterr().err == ""


@contextmanager
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Standard error is a terminal; the descriptor from which its screen is read."""
    screen, device = pty.openpty()
    monkeypatch.setenv("TERM", "xterm")
    with os.fdopen(device, "w") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        yield screen
    os.close(screen)


def test_on_a_terminal_it_is_a_bar_and_standard_output_stays_apart(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with terminal(monkeypatch) as screen:
        with progress("ab", "pictures") as items:
            for item in items:
                print(item)
        shown = os.read(screen, 100_000).decode()

    assert "pictures" in shown
    assert "2/2" in shown
    assert capsys.readouterr().out == "a\nb\n"


def test_one_picture_needs_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal(monkeypatch) as screen:
        with progress("a", "pictures") as items:
            list(items)
        os.set_blocking(screen, False)

        with pytest.raises(BlockingIOError):
            os.read(screen, 1)


def test_notes_of_native_libraries_are_dropped_and_anything_else_is_kept(capfd: pytest.CaptureFixture[str]) -> None:
    with without_native_notes():
        os.write(2, b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\nERROR: out of memory\n")
    os.write(2, b"INFO: later\n")

    assert capfd.readouterr().err == "ERROR: out of memory\nINFO: later\n"


def test_standard_error_is_back_after_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError), without_native_notes():
        raise ZeroDivisionError
    os.write(2, b"here\n")

    assert capfd.readouterr().err == "here\n"
