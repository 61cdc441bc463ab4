"""The page of a microscope: what is there and missing, before and after, known slides, and the proof."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.web import answers
from tests.web.fake_service import FakeService

Opener = Callable[..., Page]
PATH = f"/microscopes/{answers.SCOPE['id']}"
ADDRESS = f"#/admin/microscopes/{answers.SCOPE['id']}"
QUEUED = {
    "kind": "commission",
    "state": "queued",
    "at": "2026-03-01T09:30:00Z",
    "by": "a",
    "finished_at": None,
    "message": None,
}


def scope(**changed: Any) -> dict[str, Any]:
    return {**answers.DETAILS, "microscope": {**answers.SCOPE, **changed}}


@pytest.fixture
def profiled(service: FakeService) -> FakeService:
    """A microscope that was commissioned and whose proof did not pass."""
    service.answers[f"GET {PATH}"] = scope(state="profiled", profile=answers.PROFILE)
    service.answers[f"GET {PATH}/verification"] = copy.deepcopy(answers.VERIFICATION)
    return service


def test_a_microscope_is_opened_from_the_list(open_page: Opener) -> None:
    page = open_page("#/admin/microscopes", "admin")

    page.get_by_role("link", name="Commission and verify scope 1").click()

    expect(page.get_by_role("heading", level=1, name="scope 1")).to_be_visible()
    expect(page.get_by_text("60 fields of 24 slides are there to be read")).to_be_visible()
    expect(page.get_by_text("commission this microscope, and use its profile")).to_be_visible()


def test_what_is_missing_is_told_before_anything_can_be_pressed(open_page: Opener, service: FakeService) -> None:
    missing = ["30 fields are needed, and there are 4. Photograph 26 more."]
    service.answers[f"GET {PATH}/fields"] = {**answers.FIELDS, "fields": 4, "slides": 3, "missing": missing}
    page = open_page(ADDRESS, "admin")

    expect(page.get_by_text("Photograph 26 more.")).to_be_visible()
    expect(page.get_by_role("button", name="Commission", exact=True)).to_be_disabled()


def test_a_commissioning_is_started_with_the_pictures_since_a_change(open_page: Opener, service: FakeService) -> None:
    page = open_page(ADDRESS, "admin", timezone_id="UTC")
    service.answers[f"POST {PATH}/commissioning"] = (202, scope(runs=[QUEUED])["microscope"])

    page.get_by_label("Only pictures that arrived since").fill("2026-03-01T08:00")
    page.get_by_label("Only pictures that arrived since").blur()
    service.answers[f"GET {PATH}"] = scope(runs=[QUEUED])
    service.answers[f"GET {PATH}/commissioning"] = {**answers.NOT_COMMISSIONED, "run": QUEUED}
    page.get_by_role("button", name="Commission", exact=True).click()
    expect(page.get_by_text("Commissioning was started.")).to_be_visible()

    assert service.bodies[f"POST {PATH}/commissioning"] == {"since": "2026-03-01T08:00:00.000Z"}
    assert f"GET {PATH}/fields?since=2026-03-01T08%3A00%3A00.000Z" in service.calls
    expect(page.get_by_text("This page shows when it has ended.")).to_be_visible()
    expect(page.get_by_role("button", name="Commission", exact=True)).to_be_disabled()
    service.answers[f"GET {PATH}/commissioning"] = answers.COMMISSIONING
    service.answers[f"GET {PATH}"] = scope(runs=[answers.COMMISSIONED])
    expect(page.get_by_text("Compare the pictures before and after")).to_be_visible(timeout=60_000)


def test_before_and_after_stand_side_by_side_and_then_the_profile_is_used(open_page: Opener, service: FakeService) -> None:
    found = copy.deepcopy(answers.COMMISSIONING)
    pictures = {"before": f"{service.url}/overlay.png", "after": f"{service.url}/segmented.png"}
    found["examples"] = [pictures, pictures]
    service.answers[f"GET {PATH}/commissioning"] = found
    service.answers[f"PUT {PATH}/profile"] = scope(state="profiled", profile=answers.PROFILE)["microscope"]
    page = open_page(ADDRESS, "admin")

    expect(page.get_by_role("img")).to_have_count(4)
    first, second = (page.get_by_role("img", name=f"Example 1, {text}") for text in ("as photographed", "corrected"))
    boxes = first.bounding_box(), second.bounding_box()
    expect(page.get_by_text("the same with the profile: 0.31; at most 0.52")).to_be_visible()
    expect(page.get_by_text("1 picture could not be read.")).to_be_visible()
    page.get_by_role("button", name="Use this profile").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    assert f"PUT {PATH}/profile" not in service.calls
    page.get_by_role("button", name="Use this profile").click()
    page.get_by_role("dialog").get_by_role("button", name="Use this profile").click()
    expect(page.get_by_text("The profile is in use.")).to_be_visible()

    assert boxes[0] is not None
    assert boxes[1] is not None
    assert boxes[0]["y"] == boxes[1]["y"]
    assert boxes[0]["x"] < boxes[1]["x"]
    assert service.bodies[f"PUT {PATH}/profile"] == {"profile": answers.PROFILE}


def test_a_refusal_says_what_to_change_and_offers_no_profile(open_page: Opener, service: FakeService) -> None:
    found = copy.deepcopy(answers.COMMISSIONING)
    found["run"] |= {"state": "refused", "message": "No profile was made."}
    found["document"] |= {"profile": None, "refusals": ["Lower the exposure or the lamp."]}
    found |= {"profile": None, "may_use": False}
    service.answers[f"GET {PATH}/commissioning"] = found
    page = open_page(ADDRESS, "admin")

    expect(page.get_by_role("heading", name="What to change at the microscope")).to_be_visible()
    expect(page.get_by_text("Lower the exposure or the lamp.")).to_be_visible()
    expect(page.get_by_role("button", name="Use this profile")).to_have_count(0)


def test_slides_are_ticked_and_a_table_is_given_and_the_page_says_how_many_are_needed(
    open_page: Opener, profiled: FakeService
) -> None:
    profiled.answers[f"POST {PATH}/verification"] = (202, scope()["microscope"])
    page = open_page(ADDRESS, "admin")

    expect(page.get_by_text("0 benign. Without a single error 29 leukemia and 9 benign")).to_be_visible()
    page.get_by_label("slide-3, leukemia").check()
    page.get_by_label("slide-5, benign").check()
    page.get_by_label("Table (CSV)").set_input_files(
        {"name": "answers.csv", "mimeType": "text/csv", "buffer": b"slide,answer\ns-1,Pro-B\ns-2,benign\n"}
    )
    page.get_by_label("Sensitivity, at least").fill("95")
    expect(page.get_by_text("1 leukemia and 1 benign, and 2 rows of the table. Without a single error 59 ")).to_be_visible()
    page.get_by_role("button", name="Verify", exact=True).click()
    expect(page.get_by_text("Verification was started.")).to_be_visible()

    assert profiled.bodies[f"POST {PATH}/verification"] == {
        "slides": ["1" * 32, "2" * 32],
        "table": "slide,answer\ns-1,Pro-B\ns-2,benign\n",
        "limits": {"sensitivity": 0.95, "specificity": 0.7},
    }


def test_a_proof_that_did_not_pass_is_shown_and_its_slides_serve_again(open_page: Opener, profiled: FakeService) -> None:
    profiled.answers[f"POST {PATH}/verification"] = (202, scope()["microscope"])
    profiled.answers[f"GET {PATH}/proof.pdf"] = b"%PDF-1.4"
    page = open_page(ADDRESS, "admin")

    expect(page.get_by_role("heading", name="Proof that did not pass")).to_be_visible()
    expect(page.get_by_text("28 of 29 leukemia slides found: sensitivity between 84.6 % and 100.0 %")).to_be_visible()
    page.get_by_text("1 slide was not right").click()
    expect(page.get_by_text("slide-3: known as leukemia, the model said nothing")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Proof as PDF").click()
    page.get_by_role("button", name="Verify again on the same slides").click()
    expect(page.get_by_text("Verification was started.")).to_be_visible()

    assert download.value.suggested_filename == "hemascope-proof-dddddddd.pdf"
    assert profiled.bodies[f"POST {PATH}/verification"] == {"again": True, "limits": answers.VERIFICATION["limits"]}


@pytest.mark.parametrize(
    ("standing", "words", "again"),
    [
        ("counts", "Proof that counts", 0),
        ("other_model", "Proof of another model", 1),
        ("other_profile", "Proof of another profile", 1),
    ],
)
def test_a_proof_says_whether_it_counts(
    open_page: Opener, profiled: FakeService, standing: str, words: str, again: int
) -> None:
    profiled.answers[f"GET {PATH}/verification"]["proof"] |= {"standing": standing, "passed": True}
    page = open_page(ADDRESS, "admin")

    expect(page.get_by_role("heading", name=words)).to_be_visible()
    expect(page.get_by_role("button", name="Verify again on the same slides")).to_have_count(again)


def test_a_rescreening_that_failed_is_told_and_started_again(open_page: Opener, service: FakeService) -> None:
    run = {**QUEUED, "kind": "rescreen", "state": "failed", "message": "This could not be queued. Please start it again."}
    service.answers[f"GET {PATH}"] = scope(runs=[run])
    service.answers[f"POST {PATH}/rescreening"] = (202, scope()["microscope"])
    page = open_page(ADDRESS, "admin")

    page.get_by_role("button", name="Screen open slides again").click()
    expect(page.get_by_text("Open slides are being screened again.")).to_be_visible()

    assert f"POST {PATH}/rescreening" in service.calls


def test_a_reference_microscope_needs_neither(open_page: Opener, service: FakeService) -> None:
    service.answers[f"GET {PATH}"] = scope(is_reference=True, state="verified")
    page = open_page(ADDRESS, "admin")

    expect(page.get_by_text("It needs neither a profile nor a proof.")).to_be_visible()
    expect(page.get_by_role("button", name="Verify", exact=True)).to_have_count(0)


def test_a_problem_of_a_table_is_shown(open_page: Opener, profiled: FakeService) -> None:
    profiled.answers[f"POST {PATH}/verification"] = (400, {"detail": "These slides have no pictures of this microscope: s-9."})
    page = open_page(ADDRESS, "admin")

    page.get_by_label("Or paste it").fill("slide,answer\ns-9,benign")
    page.get_by_role("button", name="Verify", exact=True).click()

    expect(page.get_by_text("These slides have no pictures of this microscope: s-9.")).to_be_visible()
