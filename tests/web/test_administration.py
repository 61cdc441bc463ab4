"""What administrators do, and what others find in their place."""

from collections.abc import Callable

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


def test_an_administrator_changes_settings_and_all_others_stay(open_page: Opener, service: FakeService) -> None:
    service.answers["PUT /hospital"] = answers.HOSPITAL
    page = open_page("#/admin/hospital", "admin")

    page.get_by_label("Reviewers required for a release").select_option("2")
    page.get_by_label("Laboratory").fill("lab@st-mary.example\n\n night@st-mary.example ")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()

    changed = {"reviewers": 2, "laboratory": ["lab@st-mary.example", "night@st-mary.example"]}
    assert service.bodies["PUT /hospital"] == answers.HOSPITAL | changed
