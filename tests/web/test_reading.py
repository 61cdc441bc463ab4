"""Worklist, report, review and the patient's screen, in a real browser, against literal answers."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.web import answers
from tests.web.fake_service import FakeService

Opener = Callable[..., Page]

JPEG = b"\xff\xd8\xff\xe0" + bytes(2000)
REPORT = f"#/reports/{answers.LEUKEMIA}"


def test_what_waits_for_a_doctor_stands_above_all_smears(open_page: Opener) -> None:
    page = open_page("#/worklist")

    waiting = page.locator(".waiting")
    expect(waiting).to_contain_text("Urgent, not acknowledged")
    expect(waiting.get_by_role("link")).to_have_attribute("href", REPORT)
    expect(page.locator("tbody tr")).to_have_count(4)
    expect(page.locator("tbody tr").nth(2)).to_contain_text("Outside model range")
    expect(page.locator("tbody tr").nth(3)).to_contain_text("Rejected")


def test_the_worklist_is_searched_by_the_service(open_page: Opener, service: FakeService) -> None:
    page = open_page("#/worklist")
    page.get_by_label("Slide ID").fill("slide/ä&b")
    page.get_by_label("State").select_option("reported")
    expect(page.get_by_role("heading", name="Matching smears")).to_be_visible()
    page.get_by_label("Result", exact=True).select_option("indeterminate")

    expect(page.get_by_role("link", name="Clear filters")).to_be_visible()
    page.wait_for_function("location.hash.includes('indeterminate')")
    page.wait_for_load_state("networkidle")
    assert "GET /reports?slide=slide%2F%C3%A4%26b&state=reported&decision=indeterminate" in service.calls


def test_five_thousand_rows_come_page_by_page_and_each_once(open_page: Opener, service: FakeService) -> None:
    def page_of(query: dict[str, str], _: Any) -> tuple[int, Any]:
        if "urgent" in query:
            return 200, {"rows": [], "cursor": None}
        start = int(query.get("cursor", 0))
        # Pages overlap by one: a smear came in between.
        rows = [answers.row(f"{number:032x}", f"field-{number}.jpg") for number in range(max(0, start - 1), start + 500)]
        return 200, {"rows": rows, "cursor": str(start + 500) if start < 4500 else None}

    service.answers["GET /reports"] = page_of
    page = open_page("#/worklist")

    while page.locator("tbody tr").count() < 5000:
        page.mouse.wheel(0, 1_000_000)
        page.wait_for_timeout(20)

    expect(page.get_by_text("5000 smears", exact=True)).to_be_visible()
    assert page.evaluate("new Set([...document.querySelectorAll('tbody a')].map((link) => link.href)).size") == 5000


def test_the_report_says_what_was_found_and_how_sure_it_is(open_page: Opener) -> None:
    page = open_page(REPORT)

    expect(page.get_by_role("heading", level=1)).to_have_text("Pro-B pattern")
    expect(page.get_by_text("The model is confident in this result.")).to_be_visible()
    expect(page.get_by_text("Consult a specialist.", exact=True)).to_be_visible()
    rows = page.locator(".bars tr")
    assert [rows.nth(number).text_content() for number in range(4)] == [
        "Benign0.4 %",
        "Early Pre-B2.1 %",
        "Pre-B1.3 %",
        "Pro-B96.2 %",
    ]
    expect(page.locator(".slide")).to_contain_text("Leukemia is suspected: blasts were seen")
    expect(page.locator(".slide")).to_contain_text("132")
    expect(page.get_by_text("all-subtypes 1.0.1").first).to_be_visible()


def test_layers_switch_zoom_and_move_with_the_keyboard_alone(open_page: Opener) -> None:
    page = open_page(REPORT)
    shown = page.locator(".port img")
    sources = []

    page.get_by_role("radio", name="Outlined cells").focus()
    for _ in range(4):
        sources.append(shown.get_attribute("src").rsplit("/", 1)[1])
        page.keyboard.press("ArrowRight")
    page.locator(".port").focus()
    page.keyboard.press("+")
    page.keyboard.press("+")
    page.keyboard.press("ArrowLeft")

    assert sources == ["overlay.png", "segmented.png", "heat_map.original.png", "heat_map.segmented.png"]
    stage = page.locator(".stage")
    assert "scale(1.96)" in stage.get_attribute("style")
    page.keyboard.press("0")
    assert "scale(1)" in stage.get_attribute("style")


def test_a_cell_of_the_table_is_ringed_in_the_picture_and_the_other_way_round(open_page: Opener) -> None:
    page = open_page(REPORT)
    rings, rows = page.locator(".ring"), page.locator(".cells tbody tr")
    assert rings.count() == rows.count() > 2

    page.get_by_role("button", name="Show cell 2 in the picture").focus()
    ringed = [rings.nth(number).evaluate("ring => ring.classList.contains('on')") for number in range(3)]
    rings.nth(2).hover(force=True)

    assert ringed == [False, True, False]
    expect(rows.nth(2)).to_have_class("on")


def test_a_clinician_corrects_the_answer_and_releases_it(open_page: Opener, service: FakeService) -> None:
    service.answers[f"POST /reports/{answers.LEUKEMIA}/verdicts"] = (201, answers.VERDICT)
    service.answers[f"POST /reports/{answers.LEUKEMIA}/release"] = {"release": "amended"}
    page = open_page(REPORT)
    expect(page.get_by_role("button", name="Release to patient")).to_be_hidden()

    page.get_by_label("Correct to").last.select_option("Pre-B")
    page.get_by_label("Comment").fill("Chromatin is coarse.")
    page.get_by_role("button", name="Save verdict").click()
    expect(page.locator(".verdicts")).to_contain_text("Corrected to Pre-B")
    page.get_by_role("button", name="Release to patient").click()

    expect(page.locator("#release")).to_have_text("Amended")
    said = {"model": answers.MODEL, "kind": "correct", "label": "Pre-B", "comment": "Chromatin is coarse."}
    assert service.bodies[f"POST /reports/{answers.LEUKEMIA}/verdicts"] == said
    assert service.bodies[f"POST /reports/{answers.LEUKEMIA}/release"] == {"model": answers.MODEL}
    expect(page.get_by_role("heading", level=1)).to_have_text("Pro-B pattern")  # the model's answer stays


def test_a_release_that_lacks_a_second_reviewer_is_explained(open_page: Opener, service: FakeService) -> None:
    lacking = (409, {"detail": "This hospital asks for two reviewers with the same verdict."})
    service.answers[f"POST /reports/{answers.LEUKEMIA}/release"] = lacking
    service.answers[f"GET /reports/{answers.LEUKEMIA}"]["verdicts"] = [answers.VERDICT]
    page = open_page(REPORT)

    page.get_by_role("button", name="Release to patient").click()

    expect(page.get_by_role("status").first).to_contain_text("This hospital asks for two reviewers with the same verdict.")
    expect(page.locator("#release")).to_have_text("Preliminary")


def test_a_technician_reads_verdicts_and_gives_none(open_page: Opener, service: FakeService) -> None:
    service.answers[f"GET /reports/{answers.LEUKEMIA}"]["verdicts"] = [answers.VERDICT]
    page = open_page(REPORT, "technician")

    expect(page.locator(".verdicts")).to_contain_text("Chromatin is coarse.")
    expect(page.get_by_role("button", name="Save verdict")).to_have_count(0)
    expect(page.get_by_role("button", name="Acknowledge")).to_have_count(0)


def test_an_urgent_report_is_acknowledged_once(open_page: Opener, service: FakeService) -> None:
    route = f"POST /reports/{answers.LEUKEMIA}/acknowledgement"
    service.answers[route] = (204, None)
    page = open_page(REPORT)

    page.get_by_role("button", name="Acknowledge").click()

    expect(page.get_by_role("button", name="Acknowledge")).to_have_count(0)
    assert service.calls.count(route) == 1


def test_a_patient_sees_one_calm_screen_on_a_phone(open_page: Opener) -> None:
    page = open_page("", "patient", viewport={"width": 390, "height": 844})

    expect(page.get_by_role("heading", level=1)).to_have_text(answers.SUMMARY["headline"])
    expect(page.get_by_text("A doctor has checked this result.")).to_be_visible()
    expect(page.get_by_role("heading", name="Who to call")).to_be_visible()
    assert "%" not in page.inner_text("main")
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_a_patient_without_a_released_result_is_told_so(open_page: Opener, service: FakeService) -> None:
    service.answers["GET /summaries"] = {"summaries": []}

    page = open_page("", "patient")

    expect(page.get_by_role("heading", level=1)).to_have_text("You have no results yet.")


def test_pages_without_a_match_are_passed_until_something_matches(open_page: Opener, service: FakeService) -> None:
    def page_of(query: dict[str, str], _: Any) -> tuple[int, Any]:
        number = int(query.get("cursor", 0))
        return 200, {"rows": answers.ROWS[:1] if number == 3 else [], "cursor": str(number + 1) if number < 3 else None}

    service.answers["GET /reports"] = page_of

    page = open_page("#/worklist?state=failed")

    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.get_by_text("1 smear", exact=True)).to_be_visible()
