"""Sessions, a service that is away, and text that would be markup."""

from collections.abc import Callable

from playwright.sync_api import Browser, Page, expect

from tests.web import answers
from tests.web.chromium import own_context
from tests.web.fake_service import FakeService

Opener = Callable[..., Page]

JPEG = b"\xff\xd8\xff\xe0" + bytes(2000)
REPORT = f"#/reports/{answers.LEUKEMIA}"


def test_pdf_and_fhir_are_fetched_with_the_token(open_page: Opener, service: FakeService) -> None:
    service.answers[f"GET /reports/{answers.LEUKEMIA}/report.pdf"] = b"%PDF-1.7 literal"
    page = open_page(REPORT)

    with page.expect_download() as saved:
        page.get_by_role("button", name="PDF").click()

    assert saved.value.suggested_filename == "hemascope-aaaaaaaa.pdf"
    assert saved.value.path().read_bytes() == b"%PDF-1.7 literal"


def test_what_people_and_files_bring_never_becomes_markup(open_page: Opener, service: FakeService) -> None:
    evil = "<img src=x onerror=alert(1)>"
    view = service.answers[f"GET /reports/{answers.LEUKEMIA}"]
    view["specimen"] = dict.fromkeys(("hospital", "patient", "slide", "field"), evil)
    view["report"]["result"] |= {"recommendation": evil}
    view["verdicts"] = [answers.VERDICT | {"comment": evil, "label": evil, "reviewer": evil}]
    page = open_page(REPORT)
    expect(page.locator(".comment")).to_have_text(evil)

    assert page.locator("img[src='x']").count() == 0


def test_a_session_that_ends_leads_to_sign_in_and_back_to_the_same_place(open_page: Opener, service: FakeService) -> None:
    page = open_page(REPORT)
    service.answers["GET /me"] = service.answers["GET /reports"] = (401, {"message": "Unauthorized"})
    service.refreshes = False
    page.evaluate("location.hash = '#/worklist?state=failed'")
    expect(page.get_by_text("Your session has expired.")).to_be_visible()
    service.refreshes = True
    service.answers["GET /me"] = answers.ME["clinician"]
    service.answers["GET /reports"] = {"rows": [answers.ROWS[3]], "cursor": None}

    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("heading", name="Matching smears")).to_be_visible()
    assert page.evaluate("location.hash") == "#/worklist?state=failed"


def test_an_old_token_is_renewed_without_a_word(open_page: Opener, service: FakeService) -> None:
    service.token_seconds = 5  # less than the pages ask of a token
    page = open_page("#/worklist")

    expect(page.locator("tbody tr")).to_have_count(4)
    assert "token refresh_token" in service.calls


def test_an_answer_of_sign_in_that_nobody_asked_for_opens_nothing(browser: Browser, site: str, service: FakeService) -> None:
    context = own_context(browser)
    page = context.new_page()

    page.goto(f"{site}/?code=stolen&state=guessed")

    expect(page.get_by_text("Sign-in was not completed.")).to_be_visible()
    context.close()
    assert service.calls == []


def test_a_service_that_is_away_is_said_calmly_and_asked_again(open_page: Opener, service: FakeService) -> None:
    page = open_page("#/worklist")
    page.route("**/api/reports/**", lambda route: route.abort())
    page.evaluate(f"location.hash = '{REPORT}'")
    expect(page.locator("main")).to_contain_text("be reached. Please check your network connection and try again.")
    page.unroute("**/api/reports/**")

    page.get_by_role("button", name="Try again").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Pro-B pattern")
