"""What happens to files, folders, disks and clocks beside a microscope."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from hemascope.domain.file_size import MAXIMUM_BYTES
from tests.support.microscope_world import Bench, drawn


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.outbox.close()


@pytest.mark.parametrize("name", ["notes.txt", "field.jpg.part", ".field.jpg", "field", "Thumbs.db"])
def test_what_has_no_pictures_name_is_left_alone(bench: Bench, name: str) -> None:
    bench.put(name, drawn(1))

    bench.rounds(40)

    assert (bench.sent, bench.states()) == ([], {})


def test_a_folder_with_a_pictures_name_is_left_alone(bench: Bench) -> None:
    (bench.folder / "folder.jpg").mkdir()

    bench.rounds(40)

    assert bench.states() == {}


def test_a_text_with_a_pictures_name_is_sent_and_the_service_says_what_it_is(bench: Bench) -> None:
    bench.put("field.jpg", b"no picture")

    bench.rounds(3)

    assert bench.sent == [b"no picture"]


def test_an_empty_file_has_half_a_minute_to_be_written(bench: Bench) -> None:
    path = bench.put("field.jpg", b"")

    bench.rounds(29)
    path.write_bytes(drawn(1))
    bench.rounds(3)

    assert bench.states() == {"field.jpg": "stored"}


def test_an_empty_file_that_stays_so_is_refused_here(bench: Bench) -> None:
    bench.put("field.jpg", b"")

    bench.rounds(40)

    assert bench.states() == {"field.jpg": "refused"}
    assert bench.outbox.newest(1)[0].reason == "expected a picture, received an empty file"
    assert bench.bucket.attempts == 0


def test_a_file_beyond_the_limit_is_refused_here(bench: Bench) -> None:
    with (bench.folder / "field.tif").open("wb") as file:
        file.truncate(MAXIMUM_BYTES + 1)

    bench.rounds(40)

    assert bench.states() == {"field.tif": "refused"}
    assert bench.bucket.attempts == 0


@pytest.mark.parametrize(
    "name", ["血液 涂片.jpg", "champ n°1 été.jpg", "50%+&=?.jpg", "emoji 🔬.png", "é.jpg", "A" * 251 + ".jpg"]
)
def test_names_of_all_kinds_arrive(bench: Bench, name: str) -> None:
    bench.put(name, drawn(1))

    bench.rounds(3)

    (key,) = bench.bucket.objects
    file = key.split("/")[4]
    assert file.startswith(name[:200].rsplit(".", 1)[0])
    assert file.endswith(name[-4:])
    assert len(file) <= 255


@pytest.mark.parametrize("name", [b"line\nbreak.jpg", b"bell\x07.jpg", b"\xff\xfe.jpg", b" blank.jpg"])
def test_a_name_that_cannot_stand_in_a_key_is_refused_here_and_harms_nothing_else(bench: Bench, name: bytes) -> None:
    bench.put(os.fsdecode(name), drawn(1))
    bench.put("good.jpg", drawn(2))

    bench.rounds(3)
    bench.restart()
    bench.rounds(3)

    assert bench.states() == {os.fsdecode(name): "refused", "good.jpg": "stored"}
    assert bench.sent == [drawn(2)]


def test_a_refused_name_may_be_mended(bench: Bench) -> None:
    path = bench.put(" blank.jpg", drawn(1))
    bench.rounds(3)

    path.rename(bench.folder / "good.jpg")
    bench.rounds(3)

    assert bench.states() == {"good.jpg": "stored"}


def test_a_key_that_would_be_too_long_is_refused_here(bench: Bench) -> None:
    bench.slide = "血" * 255
    bench.put("血" * 80 + ".jpg", drawn(1))

    bench.rounds(3)

    assert list(bench.states().values()) == ["refused"]


def test_a_picture_removed_before_it_was_sent_is_told_of(bench: Bench) -> None:
    bench.bucket.mishaps = ["no network"] * 2
    bench.put("1.jpg", drawn(1))
    bench.put("2.jpg", drawn(2))
    bench.rounds(2.5)

    (bench.folder / "2.jpg").unlink()
    bench.rounds(20)

    assert bench.states() == {"1.jpg": "stored", "2.jpg": "gone"}
    assert bench.outbox.newest(1)[0].reason == "it was removed before it was sent"


def test_a_picture_renamed_while_it_waits_is_sent_once(bench: Bench) -> None:
    bench.bucket.mishaps = ["no network"] * 3
    path = bench.put("1.jpg", drawn(1))
    bench.rounds(2.5)

    path.rename(bench.folder / "renamed.jpg")
    bench.rounds(60)

    assert bench.sent == [drawn(1)]
    assert bench.states() == {"renamed.jpg": "stored"}


def test_a_picture_written_over_before_it_was_sent_is_gone_and_the_new_one_sent(bench: Bench) -> None:
    bench.bucket.mishaps = ["no network"] * 3
    path = bench.put("1.jpg", drawn(1))
    bench.rounds(2.5)

    path.write_bytes(drawn(2))
    bench.rounds(60)

    assert bench.sent == [drawn(2)]
    assert sorted(one.result or one.step for one in bench.outbox.newest(9)) == ["gone", "stored"]


def test_a_drive_that_goes_away_and_comes_back_loses_nothing(bench: Bench) -> None:
    bench.bucket.mishaps = ["no network"]
    bench.put("1.jpg", drawn(1))
    bench.rounds(2.5)
    away = bench.place / "away"

    bench.folder.rename(away)
    bench.rounds(10)
    meanwhile = bench.states()
    away.rename(bench.folder)
    bench.rounds(10)

    assert (meanwhile, bench.states()) == ({"1.jpg": "sending"}, {"1.jpg": "stored"})
    assert any(trouble and trouble.startswith("expected to list the folder") for trouble in bench.seen.troubles)


def test_a_drive_that_leaves_an_empty_folder_behind_loses_nothing(bench: Bench) -> None:
    bench.bucket.mishaps = ["no network"]
    bench.put("1.jpg", drawn(1))
    bench.rounds(2.5)
    away = bench.place / "away"

    bench.folder.rename(away)
    bench.folder.mkdir()
    bench.rounds(10)
    meanwhile = bench.states()
    shutil.rmtree(bench.folder)
    away.rename(bench.folder)
    bench.rounds(10)

    assert (meanwhile, bench.states()) == ({"1.jpg": "gone"}, {"1.jpg": "stored"})


def test_a_file_that_may_not_be_read_holds_up_no_other(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.put("1.jpg", drawn(1))
    bench.put("2.jpg", drawn(2))
    opened, locked = Path.open, {"1.jpg"}

    def guarded(path: Path, *arguments: object) -> object:
        if path.name in locked:
            raise PermissionError(13, "Permission denied")
        return opened(path, *arguments)

    monkeypatch.setattr(Path, "open", guarded)  # the tests may run as somebody who may read everything
    bench.rounds(3)
    meanwhile = bench.sent
    locked.clear()
    bench.rounds(3)

    assert (meanwhile, bench.sent) == ([drawn(2)], [drawn(2), drawn(1)])
    assert "expected a readable picture: Permission denied" in bench.seen.troubles


def test_with_a_full_disk_nothing_is_sent_that_could_not_be_noted(bench: Bench) -> None:
    for number in range(60):
        bench.put(f"{number}.jpg", drawn(number))
    bench.fill_disk()

    bench.rounds(3)
    noted, attempts = len(bench.outbox.newest(100)), bench.bucket.attempts
    bench.free_disk()
    bench.rounds(3)

    assert attempts <= noted < 60
    assert any(trouble and "full" in trouble for trouble in bench.seen.troubles)
    assert sorted(bench.sent) == sorted(drawn(number) for number in range(60))
    assert set(bench.states().values()) == {"stored"}


def test_a_disk_that_fills_after_sending_leads_to_no_second_object(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    from hemascope.domain.errors import TransientError

    def full(sha256: str, object_id: str | None) -> None:
        raise TransientError("expected to read and write the outbox, received: database or disk is full")

    bench.put("1.jpg", drawn(1))
    with monkeypatch.context() as during:
        during.setattr(bench.outbox, "store", full)
        bench.rounds(3)
    bench.restart()

    bench.rounds(3)

    assert bench.sent == [drawn(1)]
    assert bench.states() == {"1.jpg": "stored"}


@pytest.mark.parametrize("stamp", [0, 4_000_000_000])
def test_a_microscope_whose_clock_is_wrong_is_served_all_the_same(bench: Bench, stamp: int) -> None:
    os.utime(bench.put("1.jpg", drawn(1)), (stamp, stamp))

    bench.rounds(3)

    assert bench.sent == [drawn(1)]


def test_a_jump_of_the_wall_clock_changes_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: 0.0)
    bench.bucket.mishaps = ["no network"] * 3
    bench.put("1.jpg", drawn(1))

    bench.rounds(30)

    assert bench.sent == [drawn(1)]


def test_thousands_of_known_pictures_are_not_read_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(200):
        bench.put(f"{number}.jpg", b"\xff\xd8" + bytes([number]))
    bench.rounds(40)
    read = []
    monkeypatch.setattr(bench.agent.folder, "read", read.append)

    bench.rounds(5)

    assert (len(bench.sent), read) == (200, [])
