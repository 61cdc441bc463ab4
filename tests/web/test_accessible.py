"""Every page, in light and dark, wide and on a phone, under axe-core: no serious finding."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.web import answers
from tests.web.axe import serious
from tests.web.chromium import own_context
from tests.web.fake_service import FakeService

Opener = Callable[..., Page]
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
PAGES = {
    "worklist": ("#/worklist", "clinician"),
    "report": (f"#/reports/{answers.LEUKEMIA}", "clinician"),
    "upload": ("#/upload", "technician"),
    "results": ("#/results", "patient"),
    "figures": ("#/admin/figures", "admin"),
    "users": ("#/admin/users", "admin"),
    "hospital": ("#/admin/hospital", "admin"),
    "microscopes": ("#/admin/microscopes", "admin"),
    "microscope": (f"#/admin/microscopes/{answers.SCOPE['id']}", "admin"),
    "model": ("#/admin/model", "admin"),
    "trail": ("#/admin/trail", "admin"),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_bars_nobody(open_page: Opener, service: FakeService, name: str) -> None:
    service.answers[f"GET /reports/{answers.LEUKEMIA}"]["verdicts"] = [answers.VERDICT]
    address, role = PAGES[name]
    page = open_page(address, role, viewport=WIDE, color_scheme="light", reduced_motion="reduce")

    light = serious(page)
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size(PHONE)
    dark = serious(page)

    assert (light, dark) == ([], [])
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    expect(page.locator("h1")).to_have_count(1)


@pytest.mark.parametrize("address", ["", "open.html"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_for_strangers_bars_nobody(browser: Browser, site: str, service: FakeService, address: str, scheme: str) -> None:
    context = own_context(browser, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{site}/{address}")
    page.wait_for_selector("h1")

    found = serious(page)

    context.close()
    assert found == []


def test_a_keyboard_reaches_the_content_first_and_the_report_from_the_worklist(open_page: Opener) -> None:
    page = open_page("#/worklist")
    page.locator("#skip").focus()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()

    page.locator("tbody a").first.focus()
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1, name="Pro-B pattern")).to_be_focused()
