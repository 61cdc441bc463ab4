"""Size of the portal's pages, and the time until a report is shown: ``python -m benchmarks.page``.

The size is that of all files that a browser fetches for a page, without pictures of smears and uncompressed (CloudFront would
compress them). Times are measured on the local cloud, in Chromium, with an empty cache and a signed-in user: from the request
of the page until the result is shown, and until the picture is drawn. Medians of several runs.
"""

import shutil
import statistics
import sys
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from hemascope.aws.s3 import upload
from hemascope.domain.specimen import Specimen
from hemascope.imaging.synthetic import draw_synthetic_smear, encode_jpeg
from hemascope_cli.local.accounts import DEMO_HOSPITAL, DEMO_PASSWORD, DEMO_PATIENT
from hemascope_cli.local.microscopes import DEMO_MICROSCOPE
from hemascope_cli.local.serve import running
from hemascope_cli.project import artifact_folder

RUNS = 7
MOST_BYTES, MOST_SECONDS = 150_000, 1.0


def main() -> int:
    """Print the table; return 1 if a page is larger or slower than its limit."""
    smear = encode_jpeg(draw_synthetic_smear(1))
    with running(0, 0, artifact_folder(None)) as (cloud, site), sync_playwright() as playwright:
        specimen = Specimen(
            hospital=DEMO_HOSPITAL, patient=DEMO_PATIENT, slide="slide-0001", microscope=DEMO_MICROSCOPE, field="field-1.jpg"
        )
        version = upload(cloud.client("s3"), cloud.outputs["UploadsBucket"], specimen, smear)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"])
        state = _signed_in(browser, site.url)
        runs = [_run(browser, site.url, f"#/reports/{version.object_id}", state) for _ in range(RUNS)]
        lists = [_run(browser, site.url, "#/worklist", state) for _ in range(RUNS)]
        browser.close()
    print(f"{'page':<10} {'size':>9} {'files':>6} {'result shown':>12} {'smear drawn':>12}")
    for name, found in (("worklist", lists), ("report", runs)):
        seen, drawn = (statistics.median(run[number] for run in found) for number in (2, 3))
        print(f"{name:<10} {found[0][0] / 1000:>6.1f} kB {found[0][1]:>6} {seen * 1000:>9.0f} ms {drawn * 1000:>9.0f} ms")
    large = max(run[0] for run in runs) > MOST_BYTES
    slow = statistics.median(run[2] for run in runs) > MOST_SECONDS
    print(f"\nAt most {MOST_BYTES / 1000:.0f} kB and {MOST_SECONDS:.0f} s to the report: {'no' if large or slow else 'yes'}")
    return int(large or slow)


def _signed_in(browser: Browser, url: str) -> str:
    """Sign in as a clinician; return the session that the page keeps in sessionStorage."""
    page = browser.new_page()
    page.goto(url)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Username").fill("clinician")
    page.get_by_label("Password").fill(DEMO_PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector("tbody tr", timeout=60_000)
    kept: str = page.evaluate("sessionStorage.getItem('hemascope.session')")
    page.close()
    return kept


def _run(browser: Browser, url: str, address: str, session: str) -> tuple[int, int, float, float]:
    """Bytes and number of files, seconds until the heading is shown, seconds until the picture is drawn."""
    context: BrowserContext = browser.new_context()
    page: Page = context.new_page()
    page.add_init_script(f"if (location.origin === '{url}') sessionStorage.setItem('hemascope.session', {session!r})")
    files: dict[str, int] = {}
    page.on("response", lambda answer: _note(files, answer.url, url, lambda: len(answer.body())))
    started = time.perf_counter()
    page.goto(f"{url}/{address}", wait_until="commit")
    page.wait_for_selector("body.inside main h1")
    seen = time.perf_counter() - started
    page.wait_for_function("[...document.images].every((image) => image.complete)")
    drawn = time.perf_counter() - started
    page.wait_for_load_state("networkidle")
    context.close()
    return sum(files.values()), len(files), seen, drawn


def _note(files: dict[str, int], address: str, site: str, size: Callable[[], int]) -> None:
    if address.startswith(site):
        files[urlsplit(address).path] = size()


if __name__ == "__main__":
    sys.exit(main())
