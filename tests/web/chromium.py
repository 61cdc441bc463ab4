"""The browser that the pages are tested in."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright
from playwright.sync_api import Error as BrowserError

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run"]


def started() -> Iterator[Browser]:
    """The machine's Chromium, or Playwright's own; without one, tests are skipped and say why."""
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        except BrowserError as error:
            pytest.skip(f"no Chromium starts here (.ci/run installs it): {error.message.splitlines()[0]}")
        yield browser
        browser.close()
