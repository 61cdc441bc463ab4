"""A browser, the portal's pages under the headers of the template, and a service that answers what a test wants."""

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import pytest
from playwright.sync_api import Browser, Page

from hemascope.domain.specimen import Specimen
from hemascope.imaging.decode import Picture
from hemascope.model.classifier import Classifier
from hemascope.screening.pipeline import screen
from hemascope_cli.local.site import LocalSite, site_headers
from hemascope_cli.local.templates import read_templates
from tests.support.api_calls import check_call
from tests.web import answers
from tests.web.chromium import own_context
from tests.web.fake_service import FakeService


def encoded(picture: Picture) -> bytes:
    """As a PNG file."""
    return cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1].tobytes()


@pytest.fixture(scope="session")
def real_report(classifier: Classifier, smear: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The report on the drawn smear, with a literal result, and its pictures by their paths."""
    specimen = Specimen(hospital="st-mary", patient="p-7", slide="slide-7", field="field-1.jpg")
    judged = screen(smear, specimen, classifier, object_id=answers.LEUKEMIA)
    assert judged.pictures is not None
    report = json.loads(judged.report.to_json()) | {"result": answers.RESULT, "issued_at": "2026-03-01T09:30:00Z"}
    drawn = {"overlay": judged.pictures.overlay, "segmented": judged.pictures.segmented} | {
        f"heat_map.{branch}": picture for branch, picture in judged.pictures.heat_maps.items()
    }
    return report, {f"/{name}.png": encoded(picture) for name, picture in drawn.items()}


@pytest.fixture(scope="session")
def fake_service(real_report: tuple[dict[str, Any], dict[str, bytes]]) -> Iterator[FakeService]:
    with FakeService(files=real_report[1]) as service:
        yield service


@pytest.fixture(scope="session")
def site(root: Path, fake_service: FakeService) -> Iterator[str]:
    """Address of the pages."""
    headers = site_headers(read_templates(root)["Portal"], fake_service.url)
    with LocalSite(root / "web", fake_service.config, headers) as served:
        yield served.url


@pytest.fixture
def service(fake_service: FakeService, real_report: tuple[dict[str, Any], dict[str, bytes]]) -> FakeService:
    """The service, with the answers of a hospital that has a few smears."""
    report = copy.deepcopy(real_report[0])
    url = fake_service.url
    view = answers.ROWS[0] | {
        "report": report,
        "pictures": {
            "overlay": f"{url}/overlay.png",
            "segmented": f"{url}/segmented.png",
            "heat_maps": {branch: f"{url}/heat_map.{branch}.png" for branch in ("original", "segmented")},
        },
        "expires_in": 300,
        "others": [],
        "verdicts": [],
    }
    fake_service.reset(
        {
            "GET /me": answers.ME["clinician"],
            "GET /reports": lambda asked, _: (
                200,
                {"rows": [row for row in answers.ROWS if row["urgent"] or "urgent" not in asked], "cursor": None},
            ),
            f"GET /reports/{answers.LEUKEMIA}": view,
            "GET /slides": answers.CASE,
            "GET /summaries": {"summaries": [answers.SUMMARY]},
            "GET /hospital": answers.HOSPITAL,
            "GET /microscopes": answers.MICROSCOPES,
            f"GET /microscopes/{answers.SCOPE['id']}": answers.DETAILS,
            f"GET /microscopes/{answers.SCOPE['id']}/fields": answers.FIELDS,
            f"GET /microscopes/{answers.SCOPE['id']}/commissioning": answers.NOT_COMMISSIONED,
            f"GET /microscopes/{answers.SCOPE['id']}/verification": answers.NOT_VERIFIED,
            "GET /users": answers.USERS,
            "GET /model": answers.MODEL_ANSWER,
            "GET /figures": answers.FIGURES,
            "GET /audit": lambda asked, _: (200, {"entries": [] if "after" in asked else answers.AUDIT["entries"]}),
        }
    )
    return fake_service


@pytest.fixture
def open_page(browser: Browser, site: str, service: FakeService) -> Iterator[Callable[..., Page]]:
    """Opens an address of the portal as somebody who is signed in; a fault of the page's script or policy fails the test."""
    contexts, faults = [], []

    def open_(address: str, role: str = "clinician", **context: Any) -> Page:
        service.answers["GET /me"] = answers.ME[role]
        contexts.append(own_context(browser, **context))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text) if "Content Security Policy" in said.text else None)
        page.goto(f"{site}/{address}")
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_selector("body.inside h1")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert faults == []
    for call in service.calls:
        method, _, address = call.partition(" ")
        if address.startswith("/"):
            check_call(method, address, service.bodies.get(call))
