"""Microscopes in the portal: who registers and suspends them, what the audit trail says, and uploads that name one."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from hemascope.domain.manifest import WEIGHTS
from hemascope.domain.microscope import Microscope, Verification, adopt_profile, describe, set_reference, verify
from tests.support.fake_microscopes import FakeMicroscopes
from tests.support.fakes import START
from tests.support.portal_world import PortalWorld, account, content

ADMIN, TECHNICIAN = account("admin"), account("technician")
PROFILE, PROOF = "a" * 64, "e" * 64
SCOPE = Microscope(hospital="st-mary", name="scope 2", objective="100x/1.25")
NAMES = {"patient": "p-7", "slide": "c-1", "field": "field 1.jpg"}
Call = Callable[..., dict[str, Any]]


@pytest.fixture
def portal() -> PortalWorld:
    return PortalWorld(microscopes=FakeMicroscopes(SCOPE))


def sent(ask: Call, route: str, body: dict[str, Any] | None = None, who: dict[str, str] | None = None) -> tuple[int, Any]:
    answer = ask(route, who or ADMIN, None if body is None else json.dumps(body))
    return answer["statusCode"], content(answer)


def test_an_administrator_registers_a_microscope_that_is_unknown_at_first(ask: Call, portal: PortalWorld) -> None:
    status, shown = sent(ask, "POST /microscopes", {"name": "Ü 3", "make": "Maker M1"})

    new = Microscope(hospital="st-mary", name="Ü 3", make="Maker M1")
    assert status == 201
    assert shown == {
        "id": new.digest,
        "name": "Ü 3",
        "state": "unknown",
        "make": "Maker M1",
        "objective": None,
        "is_reference": False,
        "profile": None,
        "verification": None,
        "suspension": None,
        "alarm": None,
        "runs": [],
    }
    assert portal.microscopes.find("st-mary", "Ü 3") == new


def test_a_name_that_is_taken_is_refused(ask: Call, portal: PortalWorld) -> None:
    status, problem = sent(ask, "POST /microscopes", {"name": "scope 2"})

    assert (status, problem["detail"]) == (409, "Your hospital has a microscope of this name already.")
    assert portal.microscopes.find("st-mary", "scope 2") == SCOPE
    assert portal.audit.kept == []


@pytest.mark.parametrize(
    "body", [{}, {"name": "a/b"}, {"name": "c", "is_reference": True}, {"name": "c", "make": "two\nlines"}, {"name": " c"}]
)
def test_what_is_no_microscope_is_refused(ask: Call, portal: PortalWorld, body: dict[str, Any]) -> None:
    assert sent(ask, "POST /microscopes", body)[0] == 400
    assert portal.microscopes.of_hospital("st-mary") == (SCOPE,)


def test_a_microscope_is_described_suspended_and_resumed(ask: Call, portal: PortalWorld) -> None:
    path = f"/microscopes/{SCOPE.digest}"

    described = sent(ask, f"PUT {path}", {"make": "Maker M2", "objective": "100x/1.25"})[1]
    closed = sent(ask, f"POST {path}/suspension", {"reason": "The lamp was replaced."})[1]
    again = sent(ask, f"POST {path}/suspension", {"reason": "Twice"})
    resumed = sent(ask, f"DELETE {path}/suspension")

    assert (described["make"], described["state"]) == ("Maker M2", "unknown")
    assert (closed["state"], closed["suspension"]["reason"]) == ("suspended", "The lamp was replaced.")
    assert closed["suspension"]["by"] == "8f0c"
    assert (again[0], again[1]["detail"]) == (409, "This microscope is suspended already.")
    assert (resumed[0], resumed[1]["state"]) == (200, "unknown")
    assert [(entry.who, entry.action, entry.object_id, entry.microscope) for entry in portal.audit.kept] == [
        ("8f0c", "microscopes", None, SCOPE.digest)
    ] * 3


def test_the_objective_of_a_reference_microscope_is_the_operators(ask: Call, portal: PortalWorld) -> None:
    portal.microscopes.store(set_reference(SCOPE, is_reference=True))

    status, problem = sent(ask, f"PUT /microscopes/{SCOPE.digest}", {"make": None, "objective": "40x/0.65"})

    assert status == 409
    assert "operator" in problem["detail"]


def test_a_microscope_is_shown_with_links_to_its_profiles_and_its_proof(ask: Call, portal: PortalWorld) -> None:
    profiled = adopt_profile(SCOPE, PROFILE, START, "8f0c")
    model = portal.model.manifest.files[WEIGHTS]
    proof = Verification(sha256=PROOF, at=START, by="9a1b", profile=PROFILE, model=model)
    for microscope in (profiled, verify(profiled, proof)):
        portal.microscopes.store(microscope)

    shown = sent(ask, f"GET /microscopes/{SCOPE.digest}", who=TECHNICIAN)[1]

    folder = f"https://reports.example/microscopes/{SCOPE.digest}"
    assert shown["microscope"]["state"] == "verified"
    assert [(each["version"]["sha256"], each["link"]) for each in shown["profiles"]] == [
        (PROFILE, f"{folder}/profiles/{PROFILE}.json")
    ]
    assert shown["proof"] == f"{folder}/proofs/{PROOF}.json"
    assert sent(ask, "GET /microscopes", who=TECHNICIAN)[1]["microscopes"] == [shown["microscope"]]


def test_a_proof_of_another_model_verifies_nothing(ask: Call, portal: PortalWorld) -> None:
    profiled = adopt_profile(SCOPE, PROFILE, START, "8f0c")
    other = Verification(sha256=PROOF, at=START, by="9a1b", profile=PROFILE, model="0" * 64)
    for microscope in (profiled, verify(profiled, other)):
        portal.microscopes.store(microscope)

    (shown,) = sent(ask, "GET /microscopes")[1]["microscopes"]

    assert (shown["state"], shown["verification"]["model"]) == ("profiled", "0" * 64)


class Busy(FakeMicroscopes):
    """A registry in which somebody else is faster the first times."""

    def __init__(self, times: int, *microscopes: Microscope) -> None:
        super().__init__(*microscopes)
        self.times = times

    def store(self, microscope: Microscope) -> bool:
        if self.times:
            self.times -= 1
            before = self.kept[microscope.hospital, microscope.name]
            super().store(describe(before, f"Maker M{self.times}", before.objective, START))
        return super().store(microscope)


@pytest.mark.parametrize(("times", "status"), [(1, 200), (4, 200), (5, 409)])
def test_a_change_is_made_to_what_others_have_changed_meanwhile(
    ask: Call, portal: PortalWorld, times: int, status: int
) -> None:
    portal.microscopes = Busy(times, SCOPE)

    answer = sent(ask, f"POST /microscopes/{SCOPE.digest}/suspension", {"reason": "Drift"})

    stored = portal.microscopes.find("st-mary", "scope 2")
    assert stored
    assert (answer[0], stored.make) == (status, "Maker M0")
    assert (stored.suspension is not None) == (status == 200)
    assert len(portal.audit.kept) == 1


def test_a_picture_is_uploaded_under_the_microscope_of_the_hospitals_list(ask: Call) -> None:
    status, upload = sent(ask, "POST /uploads", NAMES | {"microscope": "scope 2"}, TECHNICIAN)

    assert (status, upload["key"]) == (201, "smears/st-mary/p-7/c-1/scope 2/field 1.jpg")


@pytest.mark.parametrize(("hospital", "microscope"), [("st-mary", "scope 3"), ("st-joseph", "scope 2")])
def test_a_microscope_that_the_hospital_has_not_registered_is_refused(ask: Call, hospital: str, microscope: str) -> None:
    status, problem = sent(ask, "POST /uploads", NAMES | {"microscope": microscope}, account("technician", hospital))

    assert (status, problem["detail"]) == (400, "Expected a microscope of your hospital's list.")


def test_a_suspended_microscope_still_sends_pictures(ask: Call) -> None:
    sent(ask, f"POST /microscopes/{SCOPE.digest}/suspension", {"reason": "Drift"})

    assert sent(ask, "POST /uploads", NAMES | {"microscope": "scope 2"}, TECHNICIAN)[0] == 201
