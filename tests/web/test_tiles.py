"""The tiles of a field on the report's page, in a real browser."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.support.tiled_reports import four_tiles
from tests.web import answers
from tests.web.fake_service import FakeService

Opener = Callable[..., Page]
REPORT = f"#/reports/{answers.LEUKEMIA}"


def cut(service: FakeService, **changed: object) -> None:
    """The report of the other tests, of a field of four tiles of a microscope with a ruler."""
    view = service.answers[f"GET /reports/{answers.LEUKEMIA}"]
    assert isinstance(view, dict)
    report = view["report"]
    report["result"] = dict(report["result"])
    four_tiles(report)
    for cell in report["evidence"]["cells"]:
        cell["diameter"] = 9.5
    report["result"] |= changed


def test_each_tile_has_a_row_and_the_one_that_speaks_against_the_label_is_named(
    open_page: Opener, service: FakeService
) -> None:
    cut(service)

    page = open_page(REPORT)

    rows = page.locator(".tile-card tbody tr")
    expect(rows).to_have_count(4)
    expect(rows.nth(0)).to_have_text("10\N{EN DASH}299, 0\N{EN DASH}224Benign, 90.0 %, not certain9")
    expect(rows.nth(1)).to_contain_text("Pro-B, 99.0 %")
    expect(rows.nth(2)).to_contain_text("No white cells.")
    expect(rows.nth(3)).to_contain_text("Could not be read. Refocus.")
    expect(page.locator(".tile-card .alarm")).to_have_text(
        "Tile 2 alone shows the Pro-B pattern, so no class is stated for the field."
    )


def test_cells_are_ringed_in_the_grid_of_the_field_and_sized_in_micrometres(open_page: Opener, service: FakeService) -> None:
    cut(service)

    page = open_page(REPORT)

    assert page.locator(".stage svg").get_attribute("viewBox") == "0 0 598 448"
    expect(page.locator(".cell-card thead")).to_contain_text("Diameter, µm")
    expect(page.locator(".cell-card tbody tr").first).to_contain_text("9.5")


def test_of_a_microscope_that_is_not_verified_no_tile_names_a_class(open_page: Opener, service: FakeService) -> None:
    cut(service, decision="unverified", recommendation="Read by eye: this microscope is not verified.")
    view = service.answers[f"GET /reports/{answers.LEUKEMIA}"]
    assert isinstance(view, dict)
    view["report"]["microscope"] = {"name": "scope 7", "state": "profiled"}

    page = open_page(REPORT)

    expect(page.locator(".tile-card tbody tr")).to_have_count(4)
    expect(page.locator(".tile-card")).not_to_contain_text("Pro-B")
    expect(page.locator(".tile-card .alarm")).to_have_count(0)


def test_a_picture_that_was_not_cut_has_no_table_of_tiles(open_page: Opener, service: FakeService) -> None:
    page = open_page(REPORT)

    expect(page.locator(".cell-card")).to_be_visible()
    expect(page.locator(".tile-card")).to_have_count(0)
    expect(page.locator(".cell-card thead")).to_contain_text("Area")
