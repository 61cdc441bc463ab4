"""Commissioning, verification, drift and recommissioning of a new microscope, as an administrator does them on the pages."""

import os
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from hemascope.aws.ledger import DynamoLedger
from hemascope.aws.s3 import upload
from hemascope.domain.ledger import LedgerRow
from hemascope.domain.microscope import Microscope
from hemascope.domain.report import Decision
from hemascope.domain.specimen import ObjectVersion, Specimen
from hemascope_cli.local.accounts import DEMO_HOSPITAL, DEMO_PATIENT
from hemascope_cli.local.cloud import LocalCloud
from hemascope_cli.local.serve import running
from hemascope_cli.project import artifact_folder
from tests.support.emulator import allow_batches
from tests.support.lamps import COLD, KINDS, LEUKEMIA, OVEREXPOSED, WARM, photographed, shelf
from tests.support.patience import wait_until
from tests.web.chromium import own_context, sign_in

pytestmark = [pytest.mark.local_cloud, pytest.mark.dataset]

NAME = "scope 血"
PICTURES = os.environ.get("HEMASCOPE_SCREENSHOTS")  # folder for pictures of the pages, where somebody wants to look at them
# So few slides prove little, and the limits that the play's hospital signs are as low as may be: 50 %.
LEUKEMIA_SLIDES, BENIGN_SLIDES, BENIGN_FIELDS = 9, 10, 3


_LOCAL_TIME = """() => {
  const now = new Date();
  now.setMinutes(now.getMinutes() - now.getTimezoneOffset());
  return now.toISOString().slice(0, 19);
}"""  # as the field for a time wants it


class Bench:
    """A microscope whose lamp can be changed, and the slides beside it."""

    def __init__(self, cloud: LocalCloud, dataset: Path) -> None:
        self.cloud, self.lamp = cloud, WARM
        self.ledger = DynamoLedger(cloud.client("dynamodb"), cloud.outputs["LedgerTable"])
        self.shelf = {kind: iter(shelf(dataset, kind)) for kind in KINDS}
        self.truth: dict[str, str] = {}  # folder of the data set, by object id
        self.slides = count(1)

    def photograph(self, kind: str, slide: str) -> ObjectVersion:
        """Take the next smear of a kind from the shelf, put it under the lamp, and send the picture."""
        specimen = Specimen(
            hospital=DEMO_HOSPITAL, patient=DEMO_PATIENT, slide=slide, microscope=NAME, field=f"{len(self.truth)}.png"
        )
        data = photographed(next(self.shelf[kind]), self.lamp)
        version = upload(self.cloud.client("s3"), self.cloud.outputs["UploadsBucket"], specimen, data)
        self.truth[version.object_id] = kind
        return version

    def photograph_ordinary_slides(self) -> None:
        """Two fields of each of twenty slides: of all kinds, as they come."""
        slides = [f"slide-{next(self.slides)}" for _ in range(20)]
        self.wait(
            [self.photograph(KINDS[(place + field) % 4], slide) for place, slide in enumerate(slides) for field in (0, 2)]
        )

    def photograph_known_slides(self) -> str:
        """Slides whose answer is known, and the table of them."""
        known = {f"slide-{next(self.slides)}": list(LEUKEMIA)[place % 3] for place in range(LEUKEMIA_SLIDES)}
        known |= {f"slide-{next(self.slides)}": "Benign" for _ in range(BENIGN_SLIDES)}
        fields = [(kind, slide) for slide, kind in known.items() for _ in range(BENIGN_FIELDS if kind == "Benign" else 1)]
        self.wait([self.photograph(kind, slide) for kind, slide in fields])
        return "slide,answer\n" + "\n".join(f"{slide},{LEUKEMIA.get(kind, 'benign')}" for slide, kind in known.items())

    def wait(self, versions: Sequence[ObjectVersion]) -> None:
        wait_until(lambda: all(self.ledger.rows_of(version.object_id) for version in versions), "reports")

    @property
    def rows(self) -> list[LedgerRow]:
        """Every row of this microscope."""
        microscope = Microscope(hospital=DEMO_HOSPITAL, name=NAME)
        return list(self.ledger.rows_by_microscope(microscope.digest, 2000))


@pytest.fixture
def administrator(browser: Browser) -> Iterator[tuple[Page, LocalCloud]]:
    context = own_context(browser, viewport={"width": 1200, "height": 900})
    with running(0, 0, artifact_folder(None), enforce_iam=True) as (cloud, site):
        allow_batches(cloud)
        yield sign_in(context, site.url, "admin"), cloud
        context.close()


def test_the_way_of_a_new_microscope(administrator: tuple[Page, LocalCloud], dataset: Path) -> None:
    page, cloud = administrator
    bench = Bench(cloud, dataset)
    register(page)
    state_is(page, "unknown")

    bench.lamp = OVEREXPOSED
    bench.photograph_ordinary_slides()
    commission(page, "refused", since=False)
    expect(section(page, "Commissioning")).to_contain_text("Lower the exposure")
    look(page, "1-refused")

    bench.lamp = WARM
    begin_anew(page, bench)
    state_is(page, "profiled")
    assert answered(bench) == []  # no proof, no answer
    verify(page, bench)
    state_is(page, "verified")
    look(page, "3-verified")
    wait_until(lambda: bool(answered(bench)), "answers on open slides")

    bench.lamp = COLD
    kinds = iter(KINDS * 20)
    while not suspended(page):
        bench.wait([bench.photograph(next(kinds), f"slide-{next(bench.slides)}") for _ in range(4)])
    expect(page.locator("main")).to_contain_text("Compared with its commissioning")
    look(page, "4-suspended")
    assert wrong_with_confidence(bench) == []

    begin_anew(page, bench)
    verify(page, bench)
    page.get_by_role("button", name=f"Resume {NAME}").click()
    state_is(page, "verified")
    before = len(answered(bench))
    bench.photograph_known_slides()
    assert len(answered(bench)) > before
    assert wrong_with_confidence(bench) == []


def register(page: Page) -> None:
    page.get_by_role("link", name="Microscopes").first.click()
    page.get_by_label("Name").fill(NAME)
    page.get_by_role("button", name="Register").click()
    open_page(page)


def open_page(page: Page) -> None:
    page.get_by_role("link", name="Microscopes").first.click()
    page.get_by_role("article", name=NAME).get_by_role("link", name="Commission and verify").click()
    expect(page.get_by_role("heading", level=1, name=NAME)).to_be_visible()


def section(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name)


def state_is(page: Page, state: str) -> None:
    expect(page.locator(f"main .head .chip.{state}")).to_be_visible()


def begin_anew(page: Page, bench: Bench) -> None:
    """Take new pictures after a change at the microscope, and fit a profile to these alone."""
    moment = page.evaluate(_LOCAL_TIME)
    bench.photograph_ordinary_slides()
    commission(page, "done", since=moment)
    look(page, "2-before-and-after")
    section(page, "Commissioning").get_by_role("button", name="Use this profile").click()
    page.get_by_role("dialog").get_by_role("button", name="Use this profile").click()
    expect(section(page, "Commissioning")).to_contain_text("This profile is in use.")


def commission(page: Page, end: str, since: str | bool) -> None:
    open_page(page)
    commissioning = section(page, "Commissioning")
    if since:
        commissioning.get_by_label("Only pictures that arrived since").fill(str(since))
    commissioning.get_by_role("button", name="Commission").click()
    expect(commissioning.locator(f".run .chip.{end}")).to_be_visible()


def verify(page: Page, bench: Bench) -> None:
    table = bench.photograph_known_slides()
    open_page(page)
    verification = section(page, "Verification")
    verification.get_by_label("Or paste it").fill(table)
    verification.get_by_label("Sensitivity, at least (%)").fill("50")
    verification.get_by_label("Specificity, at least (%)").fill("50")
    verification.get_by_role("button", name="Verify", exact=True).click()
    expect(verification.locator(".run .chip.done")).to_be_visible()
    expect(verification).to_contain_text("Proof that counts")


def suspended(page: Page) -> bool:
    open_page(page)
    return page.locator("main .head .chip.suspended").is_visible()


def answered(bench: Bench) -> list[LedgerRow]:
    return [row for row in bench.rows if row.decision is Decision.CONFIDENT]


def wrong_with_confidence(bench: Bench) -> list[LedgerRow]:
    """Confident answers that say the opposite: urgent of benign smears, and not urgent of the others."""
    return [row for row in answered(bench) if row.urgent == (bench.truth[row.object_id] == "Benign")]


def look(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)
