"""The parts of the printed page, each made from the report alone."""

from datetime import UTC, datetime
from io import BytesIO
from typing import Any

from reportlab.graphics.shapes import Drawing, Rect, String
from reportlab.lib.colors import HexColor, white
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Image, Paragraph, Spacer, Table

from hemascope.documents.fonts import BOLD, REGULAR, markup, printable
from hemascope.documents.labels import REASONS, certainty, headline, in_words, percent, spell_out, tile_result, tiles_in_words
from hemascope.documents.pictures import Print, ReportPictures, to_print
from hemascope.domain.disease import Disease
from hemascope.domain.report import Decision, Evidence, Release, Report, Result
from hemascope.domain.review import Verdict
from hemascope.domain.reviewed import Reviewed
from hemascope.domain.tiles import TileRow, TileUse

WIDTH = 178 * mm
INK, QUIET, LINE, PALE = HexColor("#16202c"), HexColor("#5a6675"), HexColor("#b9c2cc"), HexColor("#f1f4f7")
ACCENT, CAUTION = HexColor("#1f4e79"), HexColor("#9a5b00")

_TEXT = ParagraphStyle("text", fontName=REGULAR, fontSize=9, leading=12, textColor=INK, splitLongWords=1)
_SMALL = ParagraphStyle("small", parent=_TEXT, fontSize=7.5, leading=9.5)
_LABEL = ParagraphStyle("label", parent=_SMALL, textColor=QUIET)
_SECTION = ParagraphStyle("section", parent=_TEXT, fontName=BOLD, fontSize=8, leading=10, textColor=ACCENT, spaceAfter=2)
_HEADLINE = ParagraphStyle("headline", parent=_TEXT, fontName=BOLD, fontSize=14, leading=17, spaceAfter=3)
_PLAIN = [
    ("LEFTPADDING", (0, 0), (-1, -1), 0),
    ("RIGHTPADDING", (0, 0), (-1, -1), 4),
    ("TOPPADDING", (0, 0), (-1, -1), 1.2),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 1.2),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
]
_HEAT_MAPS = 2  # one below the other
_VERDICTS = 3  # the newest; the portal shows all
_TILES = 8  # rows
_COMMENT = 220  # characters of each


def section(title: str) -> Any:
    """Heading of a part."""
    return Paragraph(title.upper(), _SECTION)


def moment(at: datetime | None) -> str:
    """Date and time for people, in UTC, since a report may be read anywhere."""
    return f"{at.astimezone(UTC):%d %b %Y, %H:%M} UTC" if at else "not recorded"


def identity(report: Report, sample: str) -> Any:
    """Whose smear it is, and which report."""
    specimen = report.specimen
    left = [
        ("Patient (pseudonym)", specimen.patient if specimen else "unknown"),
        ("Slide", specimen.slide if specimen else "unknown"),
        ("Field of view", specimen.field if specimen else "unknown"),
        ("Microscope", (specimen and specimen.microscope) or "not named"),
        ("Hospital", specimen.hospital if specimen else "unknown"),
    ]
    right = [
        ("Report id", report.object_id),
        ("Issued", moment(report.issued_at)),
        ("Specimen", f"{sample}, one field of view"),
        ("Model", report.model.name),
        ("Weights", f"SHA-256 {report.model.sha256[:16]}"),
    ]
    rows = [
        [Paragraph(a, _LABEL), Paragraph(markup(b, exact=True), _SMALL), Paragraph(c, _LABEL), Paragraph(markup(d), _SMALL)]
        for (a, b), (c, d) in zip(left, right, strict=True)
    ]
    return Table(rows, colWidths=[30 * mm, 58 * mm, 18 * mm, 72 * mm], style=_PLAIN)


def result(report: Report, reviewed: Reviewed, disease: Disease) -> Any:
    """What was found and how sure the model is, the probabilities beside it."""
    lines = [Paragraph(markup(headline(report, reviewed, disease)), _HEADLINE)]
    lines.append(Paragraph(markup(certainty(report, reviewed)), _TEXT))
    if report.rejection:
        lines.append(Paragraph(f"<b>Reason:</b> {markup(spell_out(report.rejection.reason))}.", _TEXT))
        lines.append(Paragraph(f"<b>Details:</b> {markup(report.rejection.message)}.", _TEXT))
    found = report.result
    answered = found is not None and found.decision is Decision.CONFIDENT and not reviewed.label
    style = [
        ("BACKGROUND", (0, 0), (-1, -1), PALE),
        ("LINEBEFORE", (0, 0), (0, -1), 3, ACCENT if answered else CAUTION),
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
        ("LEFTPADDING", (0, 0), (0, -1), 10),
        ("TOPPADDING", (0, 0), (-1, -1), 7),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 7),
    ]
    if found is None or not report.shows_classes:
        return Table([[lines]], colWidths=[WIDTH], style=style)
    return Table([[lines, _bars(found, answered)]], colWidths=[92 * mm, 86 * mm], style=style)


def _bars(found: Result, answered: bool) -> Drawing:
    """A bar for each probability. They are grey where they are no answer."""
    high, name, full = 15.0, 66.0, 118.0
    drawing = Drawing(82 * mm, high * len(found.probabilities))
    colour = ACCENT if answered else QUIET
    for place, (label, probability) in enumerate(reversed(found.probabilities.items())):
        bottom = place * high
        font = BOLD if answered and label == found.label else REGULAR
        drawing.add(String(0, bottom + 4, printable(label), fontName=font, fontSize=8, fillColor=INK))
        drawing.add(Rect(name, bottom + 3, full, 7.5, fillColor=white, strokeColor=LINE, strokeWidth=0.4))
        if probability * full >= 0.3:
            drawing.add(Rect(name, bottom + 3, full * probability, 7.5, fillColor=colour, strokeColor=None))
        drawing.add(String(name + full + 5, bottom + 4, percent(probability), fontName=font, fontSize=8, fillColor=INK))
    return drawing


def advice(report: Report, reviewed: Reviewed) -> list[Any]:
    """What next. The model's advice does not know of a correction."""
    text = report.result.recommendation if report.result else report.rejection.advice if report.rejection else ""
    title = "The model's advice, before the correction" if reviewed.label else "What next"
    return [section(title), Paragraph(markup(text), _TEXT)]


def pictures(given: ReportPictures) -> list[Any]:
    """The smear and the cells that were counted, large; what the network looked at, small."""
    large, small, gap = 70 * mm, 33 * mm, 2.5 * mm
    row: list[Any] = [
        [_picture(to_print(data), large), Paragraph(title, _LABEL)]
        for title, data in (("Smear as photographed", given.smear), ("Counted cells, numbered", given.overlay))
    ]
    heat: list[Any] = []
    for branch, data in sorted(given.heat_maps.items())[:_HEAT_MAPS]:
        heat += [_picture(to_print(data), small), Paragraph(f"Heat map, {markup(branch)}", _LABEL), Spacer(0, 1 * mm)]
    table = Table([[*row, heat or ""]], colWidths=[large + gap, large + gap, small], style=_PLAIN)
    return [section("Pictures"), table]


def _picture(picture: Print | None, side: float) -> Any:
    if picture is None:
        missing = Paragraph("This picture is not available any more.", _LABEL)
        return Table([[missing]], colWidths=[side], rowHeights=[side / 2], style=[("BOX", (0, 0), (-1, -1), 0.4, LINE)])
    scale = side / max(picture.width, picture.height)
    shown = Image(BytesIO(picture.data), picture.width * scale, picture.height * scale)
    shown.hAlign = "LEFT"
    return shown


def evidence(report: Report) -> list[Any]:
    """What the result rests on: figures, their limits, and a flag where one is beyond its limit."""
    if report.evidence is None or report.result is None:
        return []
    head = [Paragraph(title, _LABEL) for title in ("Measure", "Value", "Limit", "Flag")]
    body = [
        [Paragraph(markup(text), _SMALL) for text in line[:3]] + [Paragraph(f"<b>{markup(line[3])}</b>", _SMALL)]
        for line in _figures(report.evidence, report.result if report.shows_classes else None)
    ]
    style = [*_PLAIN, ("LINEBELOW", (0, 0), (-1, -2), 0.3, LINE)]
    return [section("Evidence"), Table([head, *body], colWidths=[70 * mm, 44 * mm, 32 * mm, 32 * mm], style=style)]


def tiles(report: Report) -> list[Any]:
    """The tiles of a field that was cut: those that speak against its label first, then those that were not read."""
    told = tiles_in_words(report)
    if not told or report.evidence is None:
        return []
    rows, named = report.evidence.tiles, report.shows_classes
    ordered = sorted(rows, key=lambda tile: (not (named and tile.forbids), tile.use is TileUse.COUNTED, tile.number))[:_TILES]
    head = [Paragraph(title, _LABEL) for title in ("Tile", "Columns and rows, pixels", "Shows", "Cells")]
    body = [[Paragraph(markup(text), _SMALL) for text in _tile(tile, named=named)] for tile in ordered]
    if len(rows) > _TILES:
        told += f" {len(rows) - _TILES} more: see the portal."
    style = [*_PLAIN, ("LINEBELOW", (0, 0), (-1, -2), 0.3, LINE)]
    table = Table([head, *body], colWidths=[14 * mm, 60 * mm, 84 * mm, 20 * mm], style=style)
    return [section("Tiles"), Paragraph(markup(told), _SMALL), table]


def _tile(tile: TileRow, *, named: bool) -> tuple[str, str, str, str]:
    place = f"{tile.left} to {tile.left + tile.width}, {tile.top} to {tile.top + tile.height}"
    return str(tile.number), place, tile_result(tile, named=named), str(tile.cell_count)


def _figures(found: Evidence, stated: Result | None) -> list[tuple[str, str, str, str]]:
    quality = found.quality
    lines = [
        ("Stained cells counted", str(found.cell_count), "", ""),
        ("Stained area of the picture", percent(found.mask_coverage), "", ""),
        _distance("Distance of the colours from the training pictures", found.out_of_distribution_score),
        _distance("Distance of the network's features from the training pictures", found.feature_score),
    ]
    if stated is not None:
        lines.append(("Possible classes", ", ".join(stated.prediction_set), "", ""))
        lines.append(("Classes that the smear is typical of", ", ".join(stated.conformal_set) or "none", "", ""))
    if found.source is not None:
        lines.append(("File as received", in_words(found.source), "", ""))
    measured = f"{quality.sharpness:.0f} / {quality.brightness:.0f} / {quality.contrast:.0f}"
    lines.append(("Sharpness / brightness / contrast of the picture", measured, "", ""))
    for finding in quality.findings:
        side = "at least" if finding.value < finding.limit else "at most"
        lines.append(
            (
                f"Quality gate: {spell_out(finding.figure)}",
                f"{finding.value:.3g}",
                f"{side} {finding.limit:.3g}",
                REASONS[finding.reason],
            )
        )
    if not quality.findings:
        lines.append(("Quality gate", "passed", "", ""))
    return lines


def _distance(name: str, score: float) -> tuple[str, str, str, str]:
    return name, f"{score:.2f}", "at most 1.00", "beyond limit" if score > 1.0 else ""


def review(reviewed: Reviewed, reviewers: int, disease: Disease) -> list[Any]:
    """The newest verdicts."""
    newest = sorted(reviewed.verdicts, key=lambda verdict: verdict.number, reverse=True)
    lines = [_verdict(verdict, disease) for verdict in newest[:_VERDICTS]]
    if len(newest) > _VERDICTS:
        lines.append(f"{len(newest) - _VERDICTS} earlier: see the portal.")
    if not lines:
        lines = ["Nobody has reviewed this report yet."]
    if reviewers > 1 and reviewed.release is Release.PRELIMINARY:
        lines.append("This hospital releases a report when two reviewers have given the same verdict.")
    return [section("Review"), *(Paragraph(line, _SMALL) for line in lines)]


def _verdict(verdict: Verdict, disease: Disease) -> str:
    what = "confirmed" if verdict.label is None else f"corrected to {disease.display(verdict.label)}"
    comment = verdict.comment or ""
    if len(comment) > _COMMENT:
        comment = comment[:_COMMENT] + "… (in full: portal)"
    line = f"<b>{verdict.number}. {markup(what)}</b> by {markup(verdict.reviewer)}, {moment(verdict.at)}."
    return f"{line} {markup(comment)}" if comment else line
