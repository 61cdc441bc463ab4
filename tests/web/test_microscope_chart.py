"""The chart of a microscope's changes: the alarm in words, lines for the eye, a table for everybody."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.web import answers
from tests.web.axe import serious
from tests.web.fake_service import FakeService

Opener = Callable[..., Page]
ID = "e" * 32
CHART = f"GET /microscopes/{ID}/chart"
TIMES = [f"2026-03-0{1 + place // 24}T{place % 24:02}:00:00Z" for place in range(40)]
ALARM = {
    "text": "Compared with its commissioning, the light is darker. It began about 2026-03-01 09:00 UTC.",
    "since": "2026-03-01T09:00:00Z",
    "at": "2026-03-02T09:00:00Z",
}


def line(figure: str, mean: float, width: float, *values: float) -> dict[str, Any]:
    limits = {name: [mean - factor * width, mean + factor * width] for name, factor in (("alarm", 1.25), ("suspension", 1.5))}
    return {"figure": figure, "mean": mean, "values": list(values), **limits}


def falling(start: float, end: float) -> list[float]:
    return [start + (end - start) * (place / 39) ** 2 for place in range(40)]


LINES = [
    line("light", -0.9, 1.0, *falling(-0.9, -2.3)),
    line("exposure", -11.0, 8.0, *falling(-11.0, -16.0)),
    line("warmth", -1.1, 3.4, *falling(-1.1, 4.5)),
    line("tint", 1.3, 1.4, *falling(1.3, 1.1)),
    line("unevenness", 20.4, 16.0, *falling(20.4, 24.0)),
    line("stain", 38.5, 22.0, *falling(38.5, 33.0)),
    line("sharpness", -179.5, 30.0, *falling(-179.5, -174.0)),
    line("colour_score", 0.21, 0.16, *falling(0.21, 0.3)),
    line("feature_score", 0.44, 0.13, *falling(0.44, 0.55)),
]


@pytest.fixture(autouse=True)
def charted(service: FakeService) -> None:
    changed = {**answers.SCOPE, "state": "verified", "alarm": ALARM}
    service.answers["GET /microscopes"] = {"microscopes": [changed]}
    service.answers[f"GET /microscopes/{ID}"] = {**answers.DETAILS, "microscope": changed}
    service.answers[CHART] = {"watched": True, "since": "2026-03-01T08:00:00Z", "times": TIMES, "lines": LINES}


def opened(open_page: Opener, **options: Any) -> Page:
    page = open_page(f"#/admin/microscopes/{ID}", "admin", **options)
    page.get_by_text("Show the chart").click()
    return page


def lines(page: Page) -> Locator:
    return page.get_by_role("region", name="Has it changed?").get_by_role("img")


def test_the_chart_says_of_each_figure_whether_it_has_changed(open_page: Opener, service: FakeService) -> None:
    page = opened(open_page)

    expect(lines(page)).to_have_count(len(LINES))
    expect(page.get_by_role("img", name="Light: has changed. Newest -1.40, as commissioned 0.00")).to_be_visible()
    expect(page.get_by_role("img", name="Red to blue: has changed too much.")).to_be_visible()
    expect(page.get_by_role("img", name="Purple of the nuclei: as commissioned. Newest 33.0")).to_be_visible()
    page.get_by_text("Values in a table").click()
    row = page.get_by_role("row", name="Red to blue")
    expect(row.get_by_role("cell")).to_have_text(["5.60", "0.00", "-4.25 to 4.25", "-5.10 to 5.10", "has changed too much"])
    assert service.calls.count(CHART) == 1


def test_a_microscope_that_is_not_watched_says_what_to_do(open_page: Opener, service: FakeService) -> None:
    service.answers[CHART] = {"watched": False, "since": None, "times": [], "lines": []}

    page = opened(open_page)

    expect(page.get_by_text("Nothing to compare with: commission it")).to_be_visible()


def test_a_chart_without_fields_has_no_lines(open_page: Opener, service: FakeService) -> None:
    service.answers[CHART] = {"watched": True, "since": None, "times": [], "lines": [{**LINES[0], "values": []}]}

    page = opened(open_page)

    expect(page.get_by_text("No fields yet.")).to_be_visible()
    expect(lines(page)).to_have_count(0)


def test_an_alarm_is_told_in_words_until_it_is_acknowledged(open_page: Opener, service: FakeService) -> None:
    scope = answers.SCOPE
    page = open_page("#/admin/microscopes", "admin")
    expect(page.get_by_text(ALARM["text"])).to_be_visible()
    service.answers[f"DELETE /microscopes/{ID}/alarm"] = {**scope, "state": "verified"}
    service.answers["GET /microscopes"] = {"microscopes": [{**scope, "state": "verified"}]}

    page.get_by_role("button", name="Acknowledge the change of scope 1").click()

    expect(page.get_by_text("Acknowledged. Another change raises a new alarm.")).to_be_visible()
    expect(page.get_by_text(ALARM["text"])).to_have_count(0)
    assert f"DELETE /microscopes/{ID}/alarm" in service.calls


def test_the_chart_bars_nobody(open_page: Opener) -> None:
    page = opened(open_page, viewport={"width": 1280, "height": 900}, color_scheme="light", reduced_motion="reduce")
    page.get_by_text("Values in a table").click()

    light = serious(page)
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 390, "height": 844})
    dark = serious(page)

    assert (light, dark) == ([], [])
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
