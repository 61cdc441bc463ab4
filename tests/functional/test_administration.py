"""What a hospital's administrator looks after, through the function's own entry."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from hemascope.domain.errors import RejectionReason
from hemascope.domain.hospital import HospitalSettings, ReleasePolicy
from hemascope.domain.report import Decision, State
from hemascope.domain.specimen import ObjectVersion
from tests.support.fakes import START
from tests.support.portal_world import PortalWorld, account, content
from tests.support.rows import row

ADMIN, FOREIGN = account("admin", sub="ada"), account("admin", "st-joseph", sub="eve")
Ask = Callable[..., dict[str, Any]]


def test_settings_are_the_own_hospitals_alone_and_a_change_stands_in_the_trail(ask: Ask, portal: PortalWorld) -> None:
    wanted = HospitalSettings(release=ReleasePolicy.AFTER_REVIEW, reviewers=2, telephone="+49 30 1234567")

    changed = ask("PUT /hospital", ADMIN, wanted.model_dump_json())

    assert (changed["statusCode"], content(changed)["reviewers"]) == (200, 2)
    assert content(ask("GET /hospital", account("technician"))) == json.loads(wanted.model_dump_json())
    assert content(ask("GET /hospital", FOREIGN))["reviewers"] == 1
    assert portal.audit.recorded == [("ada", "settings", None)]


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        (None, ""),
        ('{"reviewers": 3}', "; wrong: reviewers"),
        ('{"recipients": ["Jane Doe"]}', "; wrong: recipients"),
        ('{"hospital": "st-joseph"}', ""),
    ],
)
def test_wrong_settings_change_nothing_and_are_not_repeated(
    ask: Ask, portal: PortalWorld, body: str | None, wrong: str
) -> None:
    answer = ask("PUT /hospital", ADMIN, body)

    assert answer["statusCode"] == 400
    assert content(answer)["detail"].endswith(f"hospital.schema.json has them{wrong}.")
    assert "Jane" not in answer["body"]
    assert (portal.hospitals.settings, portal.audit.kept) == ({}, [])


def invite(ask: Ask, claims: dict[str, str] = ADMIN, **body: str) -> dict[str, Any]:
    return ask("POST /users", claims, json.dumps({"email": "ann@st-mary.example", "role": "clinician"} | body))


def test_an_invited_account_is_of_the_administrators_own_hospital(ask: Ask, portal: PortalWorld) -> None:
    answer = invite(ask)

    assert answer["statusCode"] == 201
    assert content(answer) == {
        "username": "u-0",
        "email": "ann@st-mary.example",
        "role": "clinician",
        "patient": None,
        "status": "FORCE_CHANGE_PASSWORD",
    }
    assert [user["email"] for user in content(ask("GET /users", ADMIN))["users"]] == ["ann@st-mary.example"]
    assert content(ask("GET /users", FOREIGN)) == {"users": [], "cursor": None}
    assert portal.audit.recorded == [("ada", "users", None)]


def test_a_patients_account_has_the_patients_id(ask: Ask) -> None:
    assert content(invite(ask, role="patient", patient="p-7"))["patient"] == "p-7"


def test_a_patients_id_is_kept_in_the_form_of_the_keys(ask: Ask) -> None:
    assert content(invite(ask, role="patient", patient="u\u0308"))["patient"] == "\u00fc"


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"role": "patient"}, ""),
        ({"patient": "p-7"}, ""),
        ({"role": "owner"}, "; wrong: role"),
        ({"email": "Jane Doe"}, "; wrong: email"),
        ({"role": "patient", "patient": "../p-8"}, "; wrong: patient (the character U+002F SOLIDUS)"),
        ({"hospital": "st-joseph"}, ""),
    ],
)
def test_a_wrong_invitation_makes_no_account(ask: Ask, portal: PortalWorld, body: dict[str, str], wrong: str) -> None:
    answer = invite(ask, **body)

    assert answer["statusCode"] == 400
    assert content(answer)["detail"].endswith(f"for a patient alone, patient{wrong}.")
    assert (portal.accounts.kept, portal.audit.kept) == ({}, [])


def test_an_address_has_one_account(ask: Ask) -> None:
    invite(ask)

    again, elsewhere = invite(ask), invite(ask, FOREIGN)

    assert (again["statusCode"], elsewhere["statusCode"]) == (409, 409)
    assert again["body"] == elsewhere["body"]


def test_accounts_come_in_pages(ask: Ask, portal: PortalWorld) -> None:
    for number in range(60):
        portal.accounts.invite("st-mary", f"{number}@st-mary.example", "technician", None)

    first = content(ask("GET /users", ADMIN))
    second = content(ask("GET /users", ADMIN, query={"cursor": first["cursor"]}))

    assert [user["username"] for user in first["users"] + second["users"]] == [f"u-{number}" for number in range(60)]
    assert (len(first["users"]), second["cursor"]) == (50, None)


def test_a_cursor_of_another_make_is_a_bad_request(ask: Ask) -> None:
    assert ask("GET /users", ADMIN, query={"cursor": "nonsense"})["statusCode"] == 400


def test_a_removed_account_is_gone(ask: Ask, portal: PortalWorld) -> None:
    username = content(invite(ask))["username"]

    answer = ask(f"DELETE /users/{username}", ADMIN)

    assert (answer["statusCode"], answer["body"], portal.accounts.kept) == (204, "", {})
    assert ask(f"DELETE /users/{username}", ADMIN)["statusCode"] == 404
    assert portal.audit.recorded == [("ada", "users", None)] * 2


def test_another_hospitals_account_is_not_found_and_stays(ask: Ask, portal: PortalWorld) -> None:
    username = content(invite(ask))["username"]

    assert ask(f"DELETE /users/{username}", FOREIGN)["statusCode"] == 404
    assert set(portal.accounts.kept) == {username}


def test_nobody_removes_their_own_account(ask: Ask, portal: PortalWorld) -> None:
    username = content(invite(ask, role="admin"))["username"]

    assert ask(f"DELETE /users/{username}", account("admin", sub=f"id of {username}"))["statusCode"] == 409
    assert set(portal.accounts.kept) == {username}


def test_staff_read_the_models_card(ask: Ask) -> None:
    assert content(ask("GET /model", account("technician"))) == {
        "name": "all-subtypes/1.0.1",
        "card": "# Card",
        "metrics": {"test": {"accuracy": 0.9}},
        "urgent_classes": ["Early Pre-B", "Pre-B", "Pro-B"],
    }


def count(portal: PortalWorld, number: int, hospital: str = "st-mary", **changed: Any) -> None:
    """A smear that ended so many minutes before now; plain as most are, but for what is changed."""
    version = ObjectVersion(bucket="uploads", key=f"smears/{hospital}/p-7/c-1/{number}.jpg", version_id="v1")
    plain = {"object": version, "object_id": version.object_id, "hospital": hospital, "decision": Decision.CONFIDENT}
    plain |= {"finished_at": START - timedelta(minutes=number), "screening_ms": 400.0, "colour_score": 0.5}
    portal.ledger.rows.append(row(**(plain | changed)))


def test_figures_count_the_own_hospitals_smears_of_the_days(ask: Ask, portal: PortalWorld) -> None:
    count(portal, 1)
    count(portal, 2, decision=Decision.INDETERMINATE, screening_ms=800.0)
    rejected = {"state": State.REJECTED, "decision": None, "rejection": RejectionReason.BLANK}
    count(portal, 3, **rejected, screening_ms=None, colour_score=None)
    count(portal, 4, state=State.FAILED, decision=None, screening_ms=None, colour_score=None)
    count(portal, 5, "st-joseph")
    count(portal, 3 * 24 * 60)

    figures = content(ask("GET /figures", ADMIN, query={"days": "2"}))

    assert (figures["days"], figures["complete"], figures["smears"]) == (2, True, 4)
    assert figures["states"] == {"reported": 2, "rejected": 1, "failed": 1}
    assert figures["decisions"] == {
        "confident": 1,
        "indeterminate": 1,
        "out_of_distribution": 0,
        "poor_quality": 0,
        "unverified": 0,
    }
    assert figures["rejections"] == {"blank": 1}
    assert figures["latency_ms"] == {"p50": 400.0, "p95": 800.0}
    assert figures["cost_usd"] == 0.0012  # 1.2 seconds


def test_a_smear_judged_twice_is_counted_once_as_its_newest_row_says_and_paid_for_twice(ask: Ask, portal: PortalWorld) -> None:
    count(portal, 1)
    (new,) = portal.ledger.rows
    old = {"model": "all-subtypes/0.9.0", "decision": Decision.POOR_QUALITY, "finished_at": START - timedelta(hours=1)}
    portal.ledger.rows.append(new.model_copy(update=old))

    figures = content(ask("GET /figures", ADMIN))

    assert (figures["smears"], figures["decisions"]["confident"], figures["decisions"]["poor_quality"]) == (1, 1, 0)
    assert figures["cost_usd"] == 0.0008


def test_where_there_are_more_smears_than_are_counted_the_answer_says_since_when(
    ask: Ask, portal: PortalWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hemascope.portal.statistics.ROWS", 4)
    monkeypatch.setattr("hemascope.portal.statistics._PAGE", 2)
    for number in range(6):
        count(portal, number)

    figures = content(ask("GET /figures", ADMIN))

    assert (figures["complete"], figures["smears"], figures["since"]) == (False, 4, "2026-03-01T08:27:00Z")


def test_a_hospital_without_smears_has_figures_of_none(ask: Ask) -> None:
    figures = content(ask("GET /figures", ADMIN))

    assert (figures["smears"], figures["latency_ms"], figures["cost_usd"]) == (0, {"p50": None, "p95": None}, 0.0)
    assert figures["drift"] == [{"device": "st-mary", "verdict": "too_few", "distance": None, "accepted": None, "smears": 0}]


@pytest.mark.parametrize(
    ("strange", "verdict", "accepted"), [(0, "fits", 1.0), (2, "fits", 0.95), (3, "drifted", 0.925)], ids=str
)
def test_pictures_have_drifted_where_fewer_than_commissioning_asks_for_are_like_the_known(
    ask: Ask, portal: PortalWorld, strange: int, verdict: str, accepted: float
) -> None:
    for number in range(40):
        count(portal, number, feature_score=1.5 if number < strange else 0.6)

    (drift,) = content(ask("GET /figures", ADMIN))["drift"]

    assert drift == {"device": "st-mary", "verdict": verdict, "distance": 0.6, "accepted": accepted, "smears": 40}


def test_drift_is_told_by_the_newest_smears(ask: Ask, portal: PortalWorld) -> None:
    for number in range(260):
        count(portal, number, colour_score=0.5 if number < 200 else 9.0)

    (drift,) = content(ask("GET /figures", ADMIN))["drift"]

    assert (drift["verdict"], drift["smears"]) == ("fits", 200)


@pytest.mark.parametrize("days", ["0", "91", "-1", "x", "1.5"])
def test_other_days_are_a_bad_request(ask: Ask, days: str) -> None:
    assert ask("GET /figures", ADMIN, query={"days": days})["statusCode"] == 400
