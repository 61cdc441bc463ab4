"""A report from files: nothing leaves the machine."""

import json
from typing import Any

from playwright.sync_api import Browser, expect

from tests.web.chromium import own_context
from tests.web.fake_service import FakeService


def chosen(name: str, data: bytes) -> dict[str, Any]:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": data}


def test_a_report_and_its_pictures_are_shown_and_nothing_is_sent(
    browser: Browser, site: str, service: FakeService, real_report: tuple[dict[str, Any], dict[str, bytes]]
) -> None:
    report, files = real_report
    context = own_context(browser)
    page = context.new_page()
    page.goto(f"{site}/open.html", wait_until="networkidle")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if not request.url.startswith("blob:") else None)

    pictures = [chosen(name.strip("/"), data) for name, data in files.items()]
    page.locator("#files").set_input_files([chosen("report.json", json.dumps(report).encode()), *pictures])

    expect(page.get_by_role("heading", name="Pro-B pattern")).to_be_visible()
    expect(page.get_by_role("radio")).to_have_count(4)
    expect(page.locator(".cells tbody tr").first).to_be_visible()
    context.close()
    assert asked == []
    assert service.calls == []


def test_a_file_that_is_no_report_is_named_as_such(browser: Browser, site: str) -> None:
    context = own_context(browser)
    page = context.new_page()
    page.goto(f"{site}/open.html")

    page.locator("#files").set_input_files([chosen("report.json", b'{"schema": "other/1"}')])
    expect(page.get_by_role("alert")).to_have_text("This file is not a Hemascope report.")
    page.locator("#files").set_input_files([chosen("overlay.png", b"x")])
    expect(page.get_by_role("alert")).to_have_text("Please also choose the file report.json.")
    context.close()
