"""The portal's pages on the embedded cloud, as `make serve` starts it: real sign-in, real upload, real report, real release."""

import base64
import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from hemascope.imaging.synthetic import draw_synthetic_smear, encode_jpeg
from hemascope_cli.local.accounts import DEMO_PATIENT
from hemascope_cli.local.cloud import LocalCloud
from hemascope_cli.local.microscopes import DEMO_MICROSCOPE
from hemascope_cli.local.serve import running
from hemascope_cli.local.site import LocalSite
from hemascope_cli.project import artifact_folder
from tests.web.chromium import own_context, sign_in

pytestmark = pytest.mark.local_cloud

CASE = "slide-0001"


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[LocalCloud, LocalSite]]:
    with running(0, 0, artifact_folder(None)) as (cloud, site):
        yield cloud, site


@pytest.fixture
def person(browser: Browser) -> Iterator[BrowserContext]:
    """A browser of somebody's own."""
    context = own_context(browser)
    yield context
    context.close()


def test_a_technician_sends_three_smears_and_watches_two_arrive_and_one_rejected_with_its_reason(
    person: BrowserContext, served: tuple[LocalCloud, LocalSite]
) -> None:
    page = sign_in(person, served[1].url, "technician")
    smears = [(f"field {number}.jpg", encode_jpeg(draw_synthetic_smear(number))) for number in (1, 2)]
    # A picture by its first bytes, and broken behind them: only the screening can tell.
    smears.append(("broken.png", b"\x89PNG\r\n\x1a\n" + bytes(500)))
    page.get_by_label("Patient ID").fill(DEMO_PATIENT)
    page.get_by_label("Slide ID").fill(CASE)
    page.get_by_label("Microscope").select_option(DEMO_MICROSCOPE)

    page.locator("#files").set_input_files([{"name": name, "mimeType": "", "buffer": data} for name, data in smears])
    page.get_by_role("button", name="Upload 3 pictures").click()

    expect(page.locator(".picture.reported")).to_have_count(2)
    rejected = page.locator(".picture.rejected")
    expect(rejected).to_contain_text("broken.png")
    expect(rejected.locator(".note")).not_to_be_empty()


def test_a_clinician_opens_a_report_switches_overlays_corrects_and_releases(
    person: BrowserContext, served: tuple[LocalCloud, LocalSite]
) -> None:
    page = sign_in(person, served[1].url, "clinician")
    page.locator("tbody tr", has_text="field 1.jpg").get_by_role("link").click()
    page.locator(".port img").wait_for()

    loaded = []
    for number in range(page.get_by_role("radio").count() - 2):  # the last two are the verdict's
        page.locator(".layers label").nth(number).click()
        page.wait_for_function("document.querySelector('.port img').complete")
        loaded.append(page.evaluate("document.querySelector('.port img').naturalWidth"))
    page.locator(".choice select").select_option("Pro-B")
    page.get_by_label("Comment").fill("Blasts.")
    page.get_by_role("button", name="Save verdict").click()
    expect(page.locator(".verdicts")).to_contain_text("Corrected to Pro-B")
    page.get_by_role("button", name="Release to patient").click()

    expect(page.locator("#release")).to_have_text("Amended")
    assert len(loaded) == 4
    assert min(loaded) > 200  # pixels: the buckets' own links, under the page's own policy


def test_a_rejected_upload_shows_its_reason(person: BrowserContext, served: tuple[LocalCloud, LocalSite]) -> None:
    page = sign_in(person, served[1].url, "technician")
    page.goto(f"{served[1].url}/#/worklist")

    page.locator("tbody tr", has_text="broken.png").get_by_role("link").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Picture rejected")
    expect(page.locator(".answer .advice")).not_to_be_empty()


def test_a_patient_reads_the_summary_on_a_phone(browser: Browser, served: tuple[LocalCloud, LocalSite]) -> None:
    person = own_context(browser, viewport={"width": 390, "height": 844})
    page = sign_in(person, served[1].url, "patient")

    # The released one stands first: its time is that of the release.
    expect(page.get_by_role("heading", level=1)).to_contain_text("Your doctor wants to take a closer look")
    expect(page.get_by_role("heading", name="Who to call")).to_be_visible()
    expect(page.get_by_text("A doctor has checked this result and changed it.")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    person.close()


def test_a_session_that_is_revoked_ends_calmly(person: BrowserContext, served: tuple[LocalCloud, LocalSite]) -> None:
    cloud, site = served
    page = sign_in(person, site.url, "clinician")
    # An end of the day: the identity token has run out, and the refresh token is worth nothing any more.
    ended = {"id_token": "x." + base64.b64encode(b'{"exp": 1}').decode() + ".x", "refresh_token": "x"}
    page.evaluate("text => sessionStorage.setItem('hemascope.session', text)", json.dumps(ended))

    page.reload()

    expect(page.get_by_text("Your session has expired.")).to_be_visible()
    assert cloud.endpoint not in page.url
