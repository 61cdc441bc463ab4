"""The browser that the pages are tested in."""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright
from playwright.sync_api import Error as BrowserError

from tests.support.patience import patience

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run"]


def started() -> Iterator[Browser]:
    """The machine's Chromium, or Playwright's own; without one, tests are skipped and say why."""
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        except BrowserError as error:
            pytest.skip(f"no Chromium starts here (.ci/run installs it): {error.message.splitlines()[0]}")
        expect.set_options(timeout=1000 * patience())
        yield browser
        browser.close()


def own_context(browser: Browser, **options: Any) -> BrowserContext:
    """A browser of somebody's own, which waits for pages as long as every test does."""
    context = browser.new_context(**options)
    context.set_default_timeout(1000 * patience())
    return context
