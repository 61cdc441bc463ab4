"""axe-core on a page."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page


def serious(page: Page) -> list[Any]:
    """Axe's serious and critical findings, in short."""
    # The script is put in by the browser's debugger: the page's own policy lets in no script but the site's.
    page.evaluate("scrollTo(0, 0)")
    found = Axe().run(page).response["violations"]
    return [
        (violation["id"], [node["html"] for node in violation["nodes"]])
        for violation in found
        if violation["impact"] in {"serious", "critical"}
    ]
