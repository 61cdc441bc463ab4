"""A smear whose microscope is not verified, in a real browser: it is read by eye, and no class stands anywhere."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.web import answers
from tests.web.fake_service import FakeService

Opener = Callable[..., Page]

REPORT = f"#/reports/{answers.LEUKEMIA}"
READ_BY_EYE = "Read by eye: this microscope is not verified"
UNVERIFIED = answers.RESULT | {"decision": "unverified", "recommendation": f"{READ_BY_EYE}."}


def close(service: FakeService) -> None:
    """The leukemia of the other tests, photographed by a microscope that nobody has verified."""
    view = service.answers[f"GET /reports/{answers.LEUKEMIA}"]
    assert isinstance(view, dict)
    view |= {"decision": "unverified", "urgent": False}
    view["report"] |= {"result": dict(UNVERIFIED), "microscope": {"name": "scope 7", "state": "profiled"}}
    service.answers["GET /slides"] = {
        "report": answers.CASE["report"]
        | {
            "statement": "No result can be stated for this slide yet.",
            "recommendation": "Have the slide reviewed by a hematologist.",
            "fields": [],
            "excluded": [
                {
                    "name": "field-1.jpg",
                    "object_id": answers.LEUKEMIA,
                    "why": "unverified",
                    "suspicious": False,
                    "advice": f"{READ_BY_EYE}.",
                }
            ],
        }
    }


def test_the_worklist_says_that_it_is_read_by_eye(open_page: Opener, service: FakeService) -> None:
    rows = [answers.row(answers.LEUKEMIA, "field-1.jpg", decision="unverified")]
    service.answers["GET /reports"] = lambda asked, _: (200, {"rows": [] if "urgent" in asked else rows, "cursor": None})

    page = open_page("#/worklist")

    expect(page.locator("tbody tr")).to_contain_text(READ_BY_EYE)
    expect(page.locator("tbody tr")).not_to_contain_text("Urgent")
    expect(page.locator(".waiting")).to_be_hidden()


def test_the_report_names_no_class_and_nothing_is_urgent(open_page: Opener, service: FakeService) -> None:
    close(service)

    page = open_page(REPORT)

    expect(page.get_by_role("heading", level=1)).to_have_text(READ_BY_EYE)
    expect(page.locator(".answer")).to_contain_text(f"{READ_BY_EYE}.")
    expect(page.locator(".slide")).to_contain_text("microscope not verified")
    expect(page.get_by_text("scope 7", exact=True)).to_be_visible()
    expect(page.locator(".bars")).to_have_count(0)
    expect(page.get_by_role("button", name="Acknowledge")).to_have_count(0)
    text = page.locator("main").inner_text()
    choices = page.locator(".review").inner_text()
    assert "Pro-B" not in text.replace(choices, "")


def test_a_poor_picture_of_such_a_microscope_shows_no_class_either(open_page: Opener, service: FakeService) -> None:
    close(service)
    view = service.answers[f"GET /reports/{answers.LEUKEMIA}"]
    assert isinstance(view, dict)
    view["decision"] = view["report"]["result"]["decision"] = "poor_quality"

    page = open_page(REPORT)

    expect(page.get_by_label("Confirm that no result can be stated")).to_be_checked()
    expect(page.locator(".bars")).to_have_count(0)


def test_a_reviewer_is_told_no_class_and_may_give_any(open_page: Opener, service: FakeService) -> None:
    close(service)
    service.answers[f"POST /reports/{answers.LEUKEMIA}/verdicts"] = (201, answers.VERDICT | {"label": "Pro-B"})
    page = open_page(REPORT)

    expect(page.get_by_label("Confirm that no result can be stated")).to_be_checked()
    page.locator(".review select").select_option("Pro-B")
    page.get_by_role("button", name="Save verdict").click()

    expect(page.get_by_text("Corrected to Pro-B")).to_be_visible()
    body = service.bodies[f"POST /reports/{answers.LEUKEMIA}/verdicts"]
    assert body == {"model": answers.MODEL, "kind": "correct", "label": "Pro-B"}
