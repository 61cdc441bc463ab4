"""What administrators do, and what others find in their place."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.web import answers
from tests.web.fake_service import FakeService

Opener = Callable[..., Page]

JPEG = b"\xff\xd8\xff\xe0" + bytes(2000)
REPORT = f"#/reports/{answers.LEUKEMIA}"


def test_an_address_of_another_role_shows_no_page(open_page: Opener, service: FakeService) -> None:
    page = open_page("#/admin/users", "technician")

    expect(page.locator("main")).to_contain_text("This page does not exist")
    assert "GET /users" not in service.calls


def test_an_administrator_invites_and_removes_people(open_page: Opener, service: FakeService) -> None:
    service.answers["POST /users"] = (201, answers.USERS["users"][2])
    service.answers["DELETE /users/u-2"] = (204, None)
    page = open_page("#/admin/users", "admin")

    page.get_by_label("Email address").fill("p9@mail.example")
    page.get_by_label("Role").select_option("patient")
    page.get_by_label("Patient ID").fill("p-9")
    page.get_by_role("button", name="Invite").click()
    expect(page.get_by_text("Invitation sent.")).to_be_visible()
    page.get_by_role("button", name="Remove k.ito@st-mary.example").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    unasked = "DELETE /users/u-2" not in service.calls
    page.get_by_role("button", name="Remove k.ito@st-mary.example").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_text("User removed.")).to_be_visible()

    assert unasked
    assert service.bodies["POST /users"] == {"email": "p9@mail.example", "role": "patient", "patient": "p-9"}
    assert "DELETE /users/u-2" in service.calls


def of_state(state: str, **more: Any) -> dict[str, Any]:
    return {**answers.MICROSCOPES["microscopes"][0], "state": state, **more}


def test_an_administrator_reads_why_a_microscope_gives_no_answer(open_page: Opener, service: FakeService) -> None:
    suspension = {"reason": "The lamp was changed.", "at": "2026-03-01T09:30:00Z", "by": "account-1"}
    proof = {"sha256": "d" * 64, "at": "2026-02-01T09:30:00Z", "by": "account-1", "profile": "c" * 64, "model": "b" * 64}
    service.answers["GET /microscopes"] = {
        "microscopes": [
            of_state("suspended", profile="c" * 64, verification=proof, suspension=suspension),
            {**of_state("verified", is_reference=True), "id": "f" * 32, "name": "scope 2"},
        ]
    }
    version = {"sha256": "c" * 64, "at": "2026-01-15T09:30:00Z", "by": "account-1"}
    service.answers[f"GET /microscopes/{'e' * 32}"] = {
        "microscope": of_state("suspended"),
        "profiles": [{"version": version, "link": "https://bucket.example/profile"}],
        "proof": "https://bucket.example/proof",
    }
    page = open_page("#/admin/microscopes", "admin")

    first, second = page.get_by_role("article", name="scope 1"), page.get_by_role("article", name="scope 2")
    expect(first).to_contain_text("It gives no answer until an administrator resumes it.")
    expect(first).to_contain_text("The lamp was changed.")
    expect(second).to_contain_text("Reference")
    expect(second.get_by_text("Profiles and proof")).to_have_count(0)
    first.get_by_text("Profiles and proof").click()
    expect(first.locator("details").get_by_role("link")).to_have_count(2)


def test_an_administrator_registers_describes_suspends_and_resumes_a_microscope(
    open_page: Opener, service: FakeService
) -> None:
    path = f"/microscopes/{'e' * 32}"
    service.answers["GET /microscopes"] = {"microscopes": []}
    service.answers["POST /microscopes"] = (201, of_state("unknown"))
    service.answers[f"PUT {path}"] = of_state("unknown")
    service.answers[f"POST {path}/suspension"] = of_state("suspended")
    service.answers[f"DELETE {path}/suspension"] = of_state("unknown")
    page = open_page("#/admin/microscopes", "admin")

    expect(page.get_by_text("There are no microscopes yet.")).to_be_visible()
    page.get_by_label("Name").fill(" scope 1 ")
    page.get_by_label("Objective").fill("40x")
    service.answers["GET /microscopes"] = {"microscopes": [of_state("unknown")]}
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_text("Microscope registered.")).to_be_visible()
    page.get_by_role("button", name="Edit scope 1").click()
    page.get_by_role("dialog").get_by_label("Make and model").fill("")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    page.get_by_role("button", name="Suspend scope 1").click()
    page.get_by_role("dialog").get_by_role("button", name="Suspend").click()  # a reason is required
    page.get_by_role("dialog").get_by_label("Reason").fill("The lamp was changed.")
    suspended = {"reason": "The lamp was changed.", "at": "2026-03-01T09:30:00Z", "by": "account-1"}
    service.answers["GET /microscopes"] = {"microscopes": [of_state("suspended", suspension=suspended)]}
    page.get_by_role("dialog").get_by_role("button", name="Suspend").click()
    page.get_by_role("button", name="Resume scope 1").click()
    expect(page.get_by_text("Resumed.")).to_be_visible()

    assert service.bodies["POST /microscopes"] == {"name": "scope 1", "make": None, "objective": "40x"}
    assert service.bodies[f"PUT {path}"] == {"make": None, "objective": "100x/1.25"}
    assert service.bodies[f"POST {path}/suspension"] == {"reason": "The lamp was changed."}
    assert service.calls.count(f"POST {path}/suspension") == 1
    assert f"DELETE {path}/suspension" in service.calls


def test_an_administrator_changes_settings_and_all_others_stay(open_page: Opener, service: FakeService) -> None:
    service.answers["PUT /hospital"] = answers.HOSPITAL
    page = open_page("#/admin/hospital", "admin")

    page.get_by_label("Reviewers required for a release").select_option("2")
    page.get_by_label("Laboratory").fill("lab@st-mary.example\n\n night@st-mary.example ")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()

    changed = {"reviewers": 2, "laboratory": ["lab@st-mary.example", "night@st-mary.example"]}
    assert service.bodies["PUT /hospital"] == answers.HOSPITAL | changed
