"""How heavy the portal's pages are, and how soon a report is seen: ``python -m benchmarks.page``.

Weight is what a browser fetches for a page beside pictures of smears, as it lies on disk (CloudFront would compress it).
Times are on the local cloud, in Chromium, with an empty cache and a person who is signed in already: from the request
for the page until the answer stands there, and until the smear is drawn. The median of some runs.
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
from hemascope_cli.local.serve import running
from hemascope_cli.project import artifact_folder

RUNS = 7
MOST_BYTES, MOST_SECONDS = 150_000, 1.0


def main() -> int:
    """Print the table; 1 where a page is heavier or slower than it may be."""
    smear = encode_jpeg(draw_synthetic_smear(1))
    with running(0, 0, artifact_folder(None)) as (cloud, site), sync_playwright() as playwright:
        specimen = Specimen(hospital=DEMO_HOSPITAL, patient=DEMO_PATIENT, slide="slide-0001", field="field-1.jpg")
        version = upload(cloud.client("s3"), cloud.outputs["UploadsBucket"], specimen, smear)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"])
        state = _signed_in(browser, site.url)
        runs = [_run(browser, site.url, f"#/reports/{version.object_id}", state) for _ in range(RUNS)]
        lists = [_run(browser, site.url, "#/worklist", state) for _ in range(RUNS)]
        browser.close()
    print(f"{'page':<10} {'weight':>9} {'files':>6} {'answer seen':>12} {'smear drawn':>12}")
    for name, found in (("worklist", lists), ("report", runs)):
        seen, drawn = (statistics.median(one[number] for one in found) for number in (2, 3))
        print(f"{name:<10} {found[0][0] / 1000:>6.1f} kB {found[0][1]:>6} {seen * 1000:>9.0f} ms {drawn * 1000:>9.0f} ms")
    heavy = max(run[0] for run in runs) > MOST_BYTES
    slow = statistics.median(one[2] for one in runs) > MOST_SECONDS
    print(f"\nAt most {MOST_BYTES / 1000:.0f} kB and {MOST_SECONDS:.0f} s to the report: {'no' if heavy or slow else 'yes'}")
    return int(heavy or slow)


def _signed_in(browser: Browser, url: str) -> str:
    """What sessionStorage holds of a clinician."""
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
    """Bytes and number of files, seconds until the heading stands, seconds until the picture is drawn."""
    context: BrowserContext = browser.new_context()
    page: Page = context.new_page()
    page.add_init_script(f"if (location.origin === '{url}') sessionStorage.setItem('hemascope.session', {session!r})")
    files: dict[str, int] = {}
    page.on("response", lambda answer: _note(files, answer.url, url, lambda: len(answer.body())))
    started = time.perf_counter()
    page.goto(f"{url}/{address}", wait_until="commit")
    page.wait_for_selector("body.inside main h1")
    seen = time.perf_counter() - started
    page.wait_for_function("[...document.images].every((one) => one.complete)")
    drawn = time.perf_counter() - started
    page.wait_for_load_state("networkidle")
    context.close()
    return sum(files.values()), len(files), seen, drawn


def _note(files: dict[str, int], address: str, site: str, size: Callable[[], int]) -> None:
    if address.startswith(site):
        files[urlsplit(address).path] = size()


if __name__ == "__main__":
    sys.exit(main())
