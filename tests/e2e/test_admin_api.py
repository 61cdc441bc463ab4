"""Worklist, states and administration on the embedded cloud, with IAM enforced: the portal's own role makes the accounts."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from hemascope.domain.specimen import ObjectVersion
from hemascope_cli.local.cloud import LocalCloud
from hemascope_cli.project import artifact_folder, project_root
from tests.e2e.portal_client import PASSWORD, PortalClient
from tests.support.patience import wait_until

pytestmark = pytest.mark.local_cloud

ANN = {"email": "ann@st-mary.example", "role": "clinician"}


@pytest.fixture(scope="module")
def portal() -> Iterator[PortalClient]:
    with LocalCloud(project_root(), artifact_folder(None), enforce_iam=True) as cloud:
        portal = PortalClient(cloud)
        portal.invite("technician", "technician", "st-mary")
        for name, hospital in (("admin", "st-mary"), ("foreign-admin", "st-joseph")):
            portal.invite(name, "admin", hospital)
        yield portal


@pytest.fixture(scope="module")
def tokens(portal: PortalClient) -> dict[str, str]:
    return {name: portal.sign_in(name)["id_token"] for name in ("technician", "admin", "foreign-admin")}


@pytest.fixture(scope="module")
def ids(portal: PortalClient, tokens: dict[str, str], smear: bytes) -> dict[str, str]:
    """A smear and a file that is none, each with its id, when both have come to their ends."""
    found = {}
    for file, data in (("field.jpg", smear), ("notes.jpg", b"no picture")):
        _, upload = portal.ask("POST /uploads", tokens["technician"], {"patient": "p-7", "slide": "c+1", "field": file})
        version = portal.send(upload, data).headers["x-amz-version-id"]
        found[file] = ObjectVersion(bucket=upload["bucket"], key=upload["key"], version_id=version).object_id
    route = f"GET /states?ids={','.join(found.values())}"
    wait_until(lambda: "waiting" not in portal.ask(route, tokens["technician"])[1]["states"].values(), "two ends")
    return found


def files(portal: PortalClient, token: str, query: str) -> list[str]:
    return [row["specimen"]["field"] for row in portal.ask(f"GET /reports?{query}", token)[1]["rows"]]


def test_states_say_what_became_of_each_upload_and_why(
    portal: PortalClient, tokens: dict[str, str], ids: dict[str, str]
) -> None:
    status, notified = portal.ask(f"GET /states?ids={','.join(ids.values())}", tokens["technician"])

    assert (status, notified["states"]) == (200, {ids["field.jpg"]: "reported", ids["notes.jpg"]: "rejected"})
    assert notified["reasons"][ids["notes.jpg"]]["reason"] == "unsupported_format"


def test_the_worklist_is_filtered(portal: PortalClient, tokens: dict[str, str], ids: dict[str, str]) -> None:
    admin = tokens["admin"]
    (reported,) = portal.ask("GET /reports?state=reported", admin)[1]["rows"]

    assert files(portal, admin, "state=rejected") == ["notes.jpg"]
    assert files(portal, admin, f"decision={reported['decision']}") == ["field.jpg"]
    assert sorted(files(portal, admin, "slide=c%2B1")) == ["field.jpg", "notes.jpg"]
    assert files(portal, admin, "urgent=1") == (["field.jpg"] if reported["urgent"] else [])
    assert files(portal, tokens["foreign-admin"], "slide=c%2B1") == []


def test_figures_are_of_the_own_hospital(portal: PortalClient, tokens: dict[str, str], ids: dict[str, str]) -> None:
    own, foreign = (portal.ask("GET /figures", tokens[name])[1] for name in ("admin", "foreign-admin"))

    assert (own["smears"], own["states"], own["rejections"]) == (
        2,
        {"reported": 1, "rejected": 1, "failed": 0},
        {"unsupported_format": 1},
    )
    assert own["latency_ms"]["p50"] > 0
    assert own["cost_usd"] > 0
    assert foreign["smears"] == 0


def test_the_models_card_is_shown(portal: PortalClient, tokens: dict[str, str]) -> None:
    status, model = portal.ask("GET /model", tokens["technician"])

    folder = artifact_folder(None)
    assert (status, model["name"]) == (200, f"{folder.parent.name}/{folder.name}")
    assert model["card"] == (folder / "MODEL_CARD.md").read_text(encoding="utf-8")


def test_settings_are_the_own_hospitals(portal: PortalClient, tokens: dict[str, str]) -> None:
    before = portal.ask("GET /hospital", tokens["technician"])[1]

    changed = portal.ask("PUT /hospital", tokens["admin"], before | {"reviewers": 2})

    assert (before["reviewers"], changed[0]) == (1, 200)
    assert portal.ask("GET /hospital", tokens["technician"]) == (200, before | {"reviewers": 2})
    assert portal.ask("GET /hospital", tokens["foreign-admin"]) == (200, before)


def test_who_is_invited_signs_in_and_whoever_is_removed_does_not(portal: PortalClient, tokens: dict[str, str]) -> None:
    admin = tokens["admin"]
    status, invited = portal.ask("POST /users", admin, ANN)
    (mail,) = [mail for mail in portal.cloud.mails() if ANN["email"] in str(mail["To"])]
    pool = portal.cloud.outputs["UserPool"]
    portal.cloud.client("cognito-idp").admin_set_user_password(
        UserPoolId=pool, Username=invited["username"], Password=PASSWORD, Permanent=True
    )
    me: Any = portal.ask("GET /me", portal.sign_in(ANN["email"])["id_token"])
    listed = [portal.ask("GET /users", tokens[name])[1]["users"] for name in ("admin", "foreign-admin")]
    refused = portal.ask(f"DELETE /users/{invited['username']}", tokens["foreign-admin"])[0]
    removed = portal.ask(f"DELETE /users/{invited['username']}", admin)[0]

    assert (status, refused, removed) == (201, 404, 204)
    assert re.search(r"with the password \S{20,}", mail["BodyText"] + mail["BodyHtml"])
    assert me == (200, {"role": "clinician", "hospital": "st-mary", "patient": None})
    assert [[(user["email"], user["role"]) for user in users] for users in listed] == [[(ANN["email"], "clinician")], []]
    with pytest.raises(AssertionError, match="no way back"):
        portal.sign_in(ANN["email"])


def test_nobody_reaches_another_hospitals_account_or_removes_their_own(portal: PortalClient, tokens: dict[str, str]) -> None:
    answered = [
        portal.ask(f"DELETE /users/{name}", tokens["admin"])[0] for name in ("admin", "foreign-admin", "nobody", "a%2Fb")
    ]

    assert answered == [409, 404, 404, 404]
    assert portal.sign_in("foreign-admin")["id_token"]


def test_the_trail_tells_of_changes_to_people(portal: PortalClient, tokens: dict[str, str]) -> None:
    entries = portal.ask("GET /audit", tokens["admin"])[1]["entries"]

    assert [entry["action"] for entry in entries].count("users") == 2  # invited, removed


def test_a_microscope_is_registered_suspended_and_named_by_an_upload_with_the_portals_own_role(
    portal: PortalClient, tokens: dict[str, str], smear: bytes
) -> None:
    admin, technician = tokens["admin"], tokens["technician"]
    names = {"patient": "p-8", "slide": "c 1", "microscope": "scope 2 \u00fc", "field": "field.jpg"}

    refused = portal.ask("POST /uploads", technician, names)
    registered = portal.ask("POST /microscopes", admin, {"name": "scope 2 \u00fc", "make": "Maker M1"})
    path = f"/microscopes/{registered[1]['id']}"
    closed = portal.ask(f"POST {path}/suspension", admin, {"reason": "The lamp was replaced."})
    resumed = portal.ask(f"DELETE {path}/suspension", admin)
    listed = portal.ask("GET /microscopes", technician)
    foreign = portal.ask(f"GET {path}", tokens["foreign-admin"])
    status, upload = portal.ask("POST /uploads", technician, names)
    version = portal.send(upload, smear).headers["x-amz-version-id"]
    object_id = ObjectVersion(bucket=upload["bucket"], key=upload["key"], version_id=version).object_id
    route = f"GET /states?ids={object_id}"
    wait_until(lambda: "waiting" not in portal.ask(route, technician)[1]["states"].values(), "an end")

    (row,) = portal.ask("GET /reports?slide=c%201", technician)[1]["rows"]
    assert (refused[0], registered[0], closed[1]["state"], resumed[1]["state"]) == (400, 201, "suspended", "unknown")
    assert [found["name"] for found in listed[1]["microscopes"]] == ["scope 2 \u00fc"]
    assert (foreign[0], status) == (404, 201)
    assert row["specimen"] == {"hospital": "st-mary", **names}
