"""A microscope's agent with an account of the portal."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from hemascope.domain.errors import HemascopeError, TransientError
from hemascope.domain.specimen import parse_smear_key
from hemascope_cli.local.worker import load_handler
from hemascope_cli.main import main
from hemascope_cli.microscope.outbox import Result
from hemascope_cli.microscope.picture import Picture
from hemascope_cli.microscope.portal_client import PortalClient
from hemascope_cli.microscope.senders import PortalSender
from tests.support.microscope_portal import TOKEN, HttpPortal, served
from tests.support.microscope_world import drawn
from tests.support.portal_world import PortalWorld

KEY = "smears/st-mary/p-7/c-1/field 血液.jpg"
PICTURE = Picture.of(b"a picture")
Captured = pytest.CaptureFixture[str]


@pytest.fixture
def portal(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpPortal]:
    handler, world = load_handler(root / "lambdas" / "portal_api" / "handler.py"), PortalWorld()
    monkeypatch.setitem(handler.__globals__, "services", lambda: world.services)
    with served(HttpPortal(handler, world)) as portal:
        yield portal


@pytest.fixture
def token(tmp_path: Path) -> Path:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    return tmp_path / "token"


@pytest.fixture
def client(portal: HttpPortal, token: Path) -> PortalClient:
    return PortalClient(portal.address, token)


def object_id(key: str, version: str) -> str:
    """The rule that the portal states, by hand."""
    text = "".join(f"{len(part)}:{part}" for part in ("uploads", key, version))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def row(file: str, version: str) -> dict[str, object]:
    specimen = {"hospital": "st-mary", "patient": "p-7", "slide": "c-1", "field": file}
    return {"object_id": object_id(f"smears/st-mary/p-7/c-1/{file}", version), "specimen": specimen, "state": "reported"}


def test_a_picture_is_stored_with_the_link_that_the_portal_gives(portal: HttpPortal, client: PortalClient) -> None:
    stored = PortalSender(client).send(KEY, PICTURE)

    assert portal.objects == {KEY: b"a picture"}
    assert stored == object_id(KEY, "v1")


def test_a_second_time_it_is_there_already(portal: HttpPortal, client: PortalClient) -> None:
    PortalSender(client).send(KEY, PICTURE)

    assert PortalSender(client).send(KEY, PICTURE) is None

    assert len(portal.objects) == 1


def test_a_store_that_confirms_nothing_is_not_believed(portal: HttpPortal, client: PortalClient) -> None:
    portal.forgets_checksums = True

    with pytest.raises(TransientError, match="the bucket did not confirm what it received"):
        PortalSender(client).send(KEY, PICTURE)


def test_an_account_of_another_hospital_stores_nothing(portal: HttpPortal, client: PortalClient) -> None:
    portal.hospital = "st-joseph"

    with pytest.raises(HemascopeError, match="the account is of another hospital"):
        PortalSender(client).send(KEY, PICTURE)

    assert portal.objects == {}


@pytest.mark.parametrize(("status", "passes"), [(401, True), (429, True), (500, True), (503, True), (400, False), (403, False)])
def test_only_temporary_errors_are_transient(portal: HttpPortal, client: PortalClient, status: int, passes: bool) -> None:
    portal.status = status

    with pytest.raises(HemascopeError) as refused:
        PortalSender(client).send(KEY, PICTURE)

    assert isinstance(refused.value, TransientError) is passes


def test_an_answer_that_is_not_the_portals_is_refused(portal: HttpPortal, client: PortalClient) -> None:
    portal.status = 200

    with pytest.raises(HemascopeError, match="answers as no portal of this version does"):
        PortalSender(client).send(KEY, PICTURE)


def test_a_token_that_is_renewed_is_used_at_once(portal: HttpPortal, client: PortalClient, token: Path) -> None:
    token.write_text("ended")
    with pytest.raises(TransientError, match="sign in again"):
        PortalSender(client).send(KEY, PICTURE)

    token.write_text(TOKEN)

    assert PortalSender(client).send(KEY, PICTURE) is not None


@pytest.mark.parametrize("harm", [Path.unlink, lambda path: path.write_bytes(b"\xff\xfe")])
def test_a_token_file_that_is_none_is_waited_for(client: PortalClient, token: Path, harm: object) -> None:
    harm(token)  # type: ignore[operator]

    with pytest.raises(TransientError, match="there is no identity token in"):
        PortalSender(client).send(KEY, PICTURE)


def test_a_portal_that_nobody_reaches_is_waited_for(token: Path) -> None:
    with pytest.raises(TransientError, match="no answer from the service"):
        PortalSender(PortalClient("http://127.0.0.1:9", token)).send(KEY, PICTURE)


def test_ends_are_asked_for_fifty_at_a_time(portal: HttpPortal, client: PortalClient) -> None:
    ids = [f"{number:032x}" for number in range(120)]
    portal.states = {ids[0]: "reported", ids[60]: "rejected", ids[119]: "failed"}
    portal.reasons = {ids[60]: "blank: focus again"}

    ends = client.ends(ids)

    assert ends == {
        ids[0]: (Result.REPORTED, None),
        ids[60]: (Result.REJECTED, "blank: focus again"),
        ids[119]: (Result.FAILED, None),
    }
    assert len(portal.asked) == 3


def test_ids_of_pictures_whose_answer_was_lost_are_found_page_by_page(portal: HttpPortal, client: PortalClient) -> None:
    portal.pages = [
        [row("other.jpg", "v9"), {"object_id": "0f", "specimen": None}],
        [row("field 血液.jpg", "v1")],
        [row("b", "v2")],
    ]

    found = client.find([KEY])

    assert found == {KEY: object_id(KEY, "v1")}
    assert portal.asked == ["GET /reports?slide=c-1", "GET /reports?slide=c-1&cursor=1"]


def watch(portal: HttpPortal, token: Path, folder: Path) -> int:
    names = ["--hospital", "st-mary", "--patient", "p-7", "--slide", "c-1", "--outbox", str(token.parent / "outbox.sqlite")]
    quick = ["--settle", "0", "--poll", "0.01", "--longest-pause", "0.01", "--once"]
    return main(["microscope", "--watch", str(folder), "--portal", portal.address, "--token-file", str(token), *names, *quick])


def test_the_command_sends_and_shows_what_became_of_each(
    portal: HttpPortal, token: Path, tmp_path: Path, capsys: Captured
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    ids = ["--hospital", "st-mary", "--patient", "p-7", "--slide", "c-1"]
    main(["microscope", "start", "--watch", str(folder), "--outbox", str(folder.parent / "outbox.sqlite"), *ids])
    for number in (1, 2):
        (folder / f"lamp side {number}.jpg").write_bytes(drawn(number))
    first, second = (hashlib.sha256(drawn(number)).hexdigest()[:16] for number in (1, 2))
    keys = {file: f"smears/st-mary/p-7/c-1/lamp side {file}" for file in (f"1.{first}.jpg", f"2.{second}.jpg")}
    # Files written one after the other are sent in that order, so that their versions are known.
    ids = [object_id(key, f"v{number}") for number, key in enumerate(keys.values(), 1)]
    portal.states, portal.reasons = {ids[0]: "reported", ids[1]: "rejected"}, {ids[1]: "blank: focus again"}

    status = watch(portal, token, folder)

    out = capsys.readouterr().out
    assert status == 3
    assert sorted(portal.objects) == sorted(keys.values())
    assert f"{first}  {ids[0]}  p-7/c-1  reported\n" in out
    assert f"{second}  {ids[1]}  p-7/c-1  rejected: blank: focus again\n" in out
    assert "lamp" not in out
    assert {parse_smear_key(key).hospital for key in portal.objects} == {"st-mary"}
