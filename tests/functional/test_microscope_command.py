"""``hemascope microscope``: options, exit statuses, what it shows; S3 is moto."""

import hashlib
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from hemascope.aws.client import client
from hemascope.domain.errors import HemascopeError, TransientError
from hemascope.imaging.decode import decode
from hemascope_cli.main import main
from hemascope_cli.microscope.outbox import Outbox
from hemascope_cli.microscope.picture import Picture
from hemascope_cli.microscope.senders import S3Sender
from tests.support.microscope_world import drawn
from tests.support.moto_cloud import MotoCloud

Captured = pytest.CaptureFixture[str]
NAMES = ["--hospital", "st-mary", "--slide", "c-1"]
QUICK = ["--settle", "0", "--poll", "0.01", "--longest-pause", "0.01", "--every", "0.01", "--once"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "pictures").mkdir()
    return tmp_path / "pictures"


@pytest.fixture
def started(folder: Path, capsys: Captured) -> Path:
    """The folder, after the slide has been started."""
    assert main(["microscope", "start", "--watch", str(folder), *NAMES, "--patient", "c-1"]) == 0
    capsys.readouterr()
    return folder


# moto takes checksums and does not repeat them, so each picture is sent twice here and found to be there.
def watch(folder: Path, *more: str, bucket: str = "uploads") -> int:
    return main(["microscope", "--watch", str(folder), *NAMES, "--bucket", bucket, *QUICK, *more])


def test_all_pictures_of_a_folder_are_sent_and_it_ends(cloud: MotoCloud, started: Path, capsys: Captured) -> None:
    for number in range(3):
        (started / f"{number}.jpg").write_bytes(drawn(number))

    assert watch(started) == 0

    digests = [hashlib.sha256(drawn(number)).hexdigest()[:16] for number in range(3)]
    assert cloud.keys("uploads") == [f"smears/st-mary/c-1/c-1/{number}.{digests[number]}.jpg" for number in range(3)]
    assert capsys.readouterr().out.count("  c-1/c-1  sent\n") == 3


def test_a_second_run_sends_nothing(cloud: MotoCloud, started: Path, capsys: Captured) -> None:
    (started / "1.jpg").write_bytes(drawn(1))
    watch(started)
    capsys.readouterr()

    assert watch(started) == 0

    assert len(cloud.keys("uploads")) == 1
    assert capsys.readouterr().out == "slide: c-1/c-1\n"


def test_a_picture_that_will_have_no_report_sets_the_exit_status(cloud: MotoCloud, started: Path) -> None:
    (started / " blank.jpg").write_bytes(drawn(1))

    assert watch(started) == 3


def test_a_picture_that_may_not_be_read_sets_the_exit_status_and_delays_no_other(
    cloud: MotoCloud, started: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("locked.jpg", "open.jpg"):
        (started / name).write_bytes(drawn(len(name)))
    opened = Path.open

    def guarded(path: Path, *arguments: Any, **more: Any) -> object:
        if path.name == "locked.jpg":
            raise PermissionError(13, "Permission denied")
        return opened(path, *arguments, **more)

    monkeypatch.setattr(Path, "open", guarded)  # the tests may run as root

    assert watch(started) == 3

    assert (
        "trouble: a picture can't be read (Permission denied): check whether this account may read it\n"
        in capsys.readouterr().out
    )
    assert [key.split("/")[4][:4] for key in cloud.keys("uploads")] == ["open"]


def test_a_picture_that_is_held_for_its_name_sets_the_exit_status_and_is_not_named(
    cloud: MotoCloud, started: Path, capsys: Captured
) -> None:
    (started / "Quint_Peter.jpg").write_bytes(drawn(1))

    held, said = watch(started), capsys.readouterr().out
    sent = watch(started, "--allow-names")

    assert (held, sent) == (3, 0)
    assert "held back: the file name looks like a person's name; rename it" in said
    assert "Quint" not in said
    assert len(cloud.keys("uploads")) == 1


def test_a_simulated_microscope_draws_pictures_and_they_arrive(cloud: MotoCloud, started: Path) -> None:
    (started / "simulated-00002.jpg").write_bytes(drawn(2))

    assert watch(started, "--simulate", "3") == 0

    files = {path.name: path.read_bytes() for path in started.glob("*.jpg")}
    assert sorted(files) == [f"simulated-0000{number}.jpg" for number in (1, 2, 3, 4)]
    assert files["simulated-00002.jpg"] == drawn(2)
    assert decode(files["simulated-00001.jpg"]).shape == (448, 448, 3)
    assert len(set(files.values())) == 4
    assert len(cloud.keys("uploads")) == 4


def test_what_is_passed_over_is_counted_in_a_log_and_named_on_request_alone(
    cloud: MotoCloud, started: Path, capsys: Captured
) -> None:
    (started / "Jane Doe.gif").write_bytes(b"GIF89a")
    (started / "Jane Doe.txt").write_bytes(b"Jane Doe, born in 1970")

    logs = []
    for more in ([], ["--show-names"]):
        assert watch(started, *more) == 0
        logs.append(capsys.readouterr().out)

    assert logs[0] == (
        "slide: c-1/c-1\n"
        "passed over: 1  a GIF picture: save it as TIFF or PNG, or set the camera to JPEG; 1  a file of another kind\n"
    )
    assert logs[1] == (
        "slide: c-1/c-1\n"
        "passed over: 1  a GIF picture: save it as TIFF or PNG, or set the camera to JPEG: Jane Doe.gif; "
        "1  a file of another kind: Jane Doe.txt\n"
    )
    assert cloud.keys("uploads") == []


def test_names_are_printed_where_they_are_asked_for(cloud: MotoCloud, started: Path, capsys: Captured) -> None:
    (started / "field 1.jpg").write_bytes(drawn(1))

    watch(started, "--show-names")

    assert "  sent  field 1.jpg\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--watch", "nowhere", "--bucket", "uploads"], "There is no folder nowhere to watch. Check --watch"),
        ([], "Say how the agent signs in: --identity, --portal with --token-file, or --bucket."),
        (["--portal", "https://portal.example"], "--portal and --token-file belong together: give both."),
        (["--token-file", "token"], "--portal and --token-file belong together: give both."),
        (["--bucket", "uploads", "--token-file", "none", "--portal", "https://x"], "There is no file none. Sign in"),
        (["--bucket", "uploads", "--hospital", "st/mary"], "An id can't have a '/', or a blank at its end. "),
        (["--bucket", "uploads", "--patient", ""], "An id can't have a '/', or a blank at its end. Correct a patient"),
        (
            ["--bucket", "uploads", "--patient", "a\u0085"],
            "An id can't have a '/', or a blank at its end. Correct a ",
        ),
        (
            ["--bucket", "uploads", "--patient", "Mrs Smith"],
            "Ids must be pseudonyms: the patient id looks like a person's name. Give",
        ),
        (["--bucket", "uploads", "--outbox", "/dev/null/outbox"], "The outbox /dev/null/outbox can't be written"),
    ],
)
def test_wrong_options_are_one_line_on_stderr(folder: Path, capsys: Captured, more: list[str], message: str) -> None:
    status = main(["microscope", "--watch", str(folder), *NAMES, *QUICK, *more])

    lines = capsys.readouterr().err.splitlines()
    assert status == 1
    assert len(lines) == 1
    assert lines[0].startswith(f"hemascope: {message}")


def test_an_outbox_that_is_no_database_is_one_line_on_stderr(folder: Path, tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "outbox").write_text("no database, " * 1000)

    status = watch(folder, "--outbox", str(tmp_path / "outbox"))

    assert status == 1
    told = f"hemascope: The outbox {tmp_path / 'outbox'} can't be opened (file is not a database). Give another --outbox"
    assert capsys.readouterr().err.startswith(told)


def test_a_second_agent_on_the_folder_ends_at_once(cloud: MotoCloud, folder: Path, tmp_path: Path, capsys: Captured) -> None:
    first = Outbox(tmp_path / "outbox.sqlite")

    status = watch(folder, "--outbox", str(tmp_path / "outbox.sqlite"))

    first.close()
    assert status == 1
    assert capsys.readouterr().err == "hemascope: Another agent works on this folder. Stop it first.\n"


def test_with_once_a_missing_bucket_is_one_line_on_stderr(cloud: MotoCloud, started: Path, capsys: Captured) -> None:
    (started / "1.jpg").write_bytes(drawn(1))

    assert watch(started, bucket="another") == 1

    assert capsys.readouterr().err == "hemascope: there is no such bucket: check --bucket and --endpoint\n"


@pytest.mark.parametrize("seconds", ["-1", "soon", "nan", "inf"])
def test_no_seconds_are_refused(folder: Path, seconds: str, capsys: Captured) -> None:
    with pytest.raises(SystemExit):
        watch(folder, "--settle", seconds)

    assert f"expected seconds, received {seconds}" in capsys.readouterr().err


def test_a_store_that_does_not_repeat_the_checksum_is_not_believed(cloud: MotoCloud) -> None:
    with pytest.raises(TransientError, match="the bucket did not confirm what it received"):
        S3Sender(cloud.s3, "uploads").send("smears/h/p/c/f.jpg", Picture.of(drawn(1)))  # moto is one


def test_bytes_that_are_not_those_of_the_checksum_are_refused_by_s3(cloud: MotoCloud) -> None:
    half = Picture(drawn(1)[:100], Picture.of(drawn(1)).sha256)

    with pytest.raises(TransientError):
        S3Sender(cloud.s3, "uploads").send("smears/h/p/c/f.jpg", half)


@pytest.mark.parametrize(
    ("status", "code", "passes", "said"),
    [
        (409, "ConditionalRequestConflict", True, "the bucket does not take the picture"),
        (400, "BadDigest", True, "the bucket does not take the picture"),
        (400, "ExpiredToken", True, "the keys have expired: sign in again"),
        (403, "RequestTimeTooSkewed", True, "this computer's clock is wrong, .*: set the clock"),
        (503, "SlowDown", True, "the bucket does not take the picture"),
        (403, "AccessDenied", False, "the bucket refuses the picture: ask the operator"),
        (404, "NoSuchBucket", False, "there is no such bucket: check --bucket"),
    ],
)
def test_only_temporary_errors_are_transient(status: int, code: str, passes: bool, said: str) -> None:
    class Refusing:
        def put_object(self, **_: object) -> None:
            raise ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "PutObject")

    with pytest.raises(HemascopeError, match=said) as refused:
        S3Sender(Refusing(), "uploads").send("smears/h/p/c/f.jpg", Picture.of(b"1"))

    assert isinstance(refused.value, TransientError) is passes


def test_without_keys_it_says_which_are_expected(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # one that other tests began remembers their keys

    with pytest.raises(HemascopeError, match="there are no keys to send with"):
        S3Sender(client("s3", region="eu-central-1", attempts=1), "uploads").send("smears/h/p/c/f.jpg", Picture.of(b"1"))


def test_without_a_network_it_says_so_in_words_and_goes_on() -> None:
    s3 = client("s3", "http://127.0.0.1:9", "eu-central-1", attempts=1)

    with pytest.raises(TransientError) as said:
        S3Sender(s3, "uploads").send("smears/h/p/c/f.jpg", Picture.of(b"1"))

    assert str(said.value) == "no answer from the bucket: check this computer's network; the agent tries again"


def test_a_scanner_that_is_not_there_is_told_at_the_start(folder: Path, capsys: Captured) -> None:
    status = main(["microscope", "--watch", str(folder), "--hospital", "st-mary", "--bucket", "b", "--barcode", "/dev/none"])

    assert status == 1
    assert capsys.readouterr().err == "hemascope: There is no barcode scanner at /dev/none. Plug it in, and check --barcode.\n"
