"""The browser that the pages are tested in."""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from playwright.sync_api import Error as BrowserError

from hemascope_cli.local.accounts import DEMO_PASSWORD
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


def sign_in(person: BrowserContext, url: str, name: str) -> Page:
    """As people do: over the sign-in page of the user pool, and back."""
    page = person.new_page()
    page.goto(url)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(DEMO_PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector("body.inside h1")
    return page
