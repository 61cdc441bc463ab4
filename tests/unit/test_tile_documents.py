"""What documents and the command line say of the tiles of a field."""

import io
import json

import pypdfium2
import pytest
from pydantic import ValidationError

from hemascope.documents.labels import percent, tile_result, tiles_in_words
from hemascope.documents.pdf_report import pdf_report
from hemascope.documents.pictures import ReportPictures
from hemascope.domain.report import MicroscopeState, Report, ReportedMicroscope
from hemascope.domain.tiles import TileRow
from hemascope_cli.pictures.formats import WRITERS
from tests.support.fhir_bundles import bundle, observation
from tests.support.reviewed import pro_b
from tests.support.slide_fields import DISEASE, TEXTS
from tests.support.tiled_reports import TILES, four_tiles

COUNTS = "Judged by 4 tiles: 2 counted, 1 without white cells, 1 unreadable."
AGAINST = "Tile 2 alone shows Pro-B, so nothing is stated of the field."
CLOSED = ReportedMicroscope(name="scope 2", state=MicroscopeState.PROFILED)


@pytest.fixture
def report() -> Report:
    return Report.model_validate(four_tiles(json.loads(pro_b().to_json())))


@pytest.fixture
def unverified(report: Report) -> Report:
    content = json.loads(report.to_json())
    content["result"]["decision"] = "unverified"
    return Report.model_validate(content | {"microscope": CLOSED.model_dump(mode="json")})


def printed(report: Report) -> str:
    document = pypdfium2.PdfDocument(pdf_report(report, ReportPictures(None, None, {}), DISEASE, TEXTS))
    reader = document[0].get_textpage()
    text = " ".join(reader.get_text_bounded().split())
    reader.close()
    document.close()
    return text


def screened(report: Report) -> str:
    out = io.StringIO()
    WRITERS["text"](out, DISEASE).write("field.jpg", report)
    return out.getvalue()


def test_the_tile_that_speaks_against_the_label_is_named_in_words(report: Report) -> None:
    assert tiles_in_words(report) == f"{COUNTS} {AGAINST}"


def test_a_picture_that_was_not_cut_says_nothing_of_tiles() -> None:
    assert tiles_in_words(pro_b()) == ""


def test_of_a_microscope_that_is_not_verified_no_class_is_named(unverified: Report) -> None:
    assert tiles_in_words(unverified) == COUNTS
    assert "Pro-B" not in printed(unverified)
    assert "Pro-B" not in screened(unverified)


def test_a_tile_says_what_it_shows_or_why_it_was_left_out() -> None:
    rows = [TileRow.model_validate(tile) for tile in TILES]

    assert [tile_result(row, named=True) for row in rows] == [
        f"Benign, {percent(0.9)}, not certain",
        f"Pro-B, {percent(0.99)}",
        "without white cells",
        "unreadable: out of focus",
    ]
    assert tile_result(rows[1], named=False) == "counted"


def test_the_page_lists_the_tile_that_speaks_against_first(report: Report) -> None:
    text = printed(report)

    assert f"TILES {COUNTS} {AGAINST} Tile Columns and rows, pixels Shows Cells 2 299 to 598, 0 to 224 Pro-B" in text
    assert "unreadable: out of focus" in text


def test_the_page_of_a_field_of_many_tiles_is_one_page_and_lists_a_few(report: Report) -> None:
    content = json.loads(report.to_json())
    content["evidence"]["tiles"] = [TILES[place % 4] | {"number": place + 1} for place in range(49)]

    text = printed(Report.model_validate(content))

    assert "41 more: see the portal." in text
    assert "Page 1 of 1" in text


@pytest.mark.parametrize("version", ["R5", "R4B"])
def test_the_bundle_tells_of_the_tiles_beside_the_decision(report: Report, version: str) -> None:
    decision = observation(bundle(report, version=version), "decision")

    assert decision["note"] == [{"text": f"{COUNTS} {AGAINST}"}]


def test_the_command_line_prints_a_line_for_each_tile(report: Report) -> None:
    lines = screened(report).splitlines()

    assert lines[3] == f"  {COUNTS} {AGAINST}"
    assert lines[5] == f"    tile 2 (columns 299 to 598, rows 0 to 224): Pro-B, {percent(0.99)}; 3 cells"
    assert len(lines) == 8


@pytest.mark.parametrize(
    "changed", [{"use": "empty"}, {"use": "unreadable"}, {"use": "out_of_distribution"}, {"label": None}, {"is_stated": False}]
)
def test_only_a_tile_that_counts_states_a_class(changed: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="expected a"):
        TileRow.model_validate(TILES[1] | changed)
