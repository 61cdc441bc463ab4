"""The proof of a microscope's answers on one page, for the hospital's signature. The same input gives the same bytes."""

from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from typing import Any

from reportlab.lib.colors import white
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Frame, KeepInFrame, Paragraph, Spacer, Table

from hemascope.documents.fonts import BOLD, REGULAR, markup, register
from hemascope.documents.pdf_sections import ACCENT, CAUTION, INK, LINE, PALE, QUIET, WIDTH, moment, section
from hemascope.domain.known_answers import KnownAnswer
from hemascope.domain.specimen import is_object_id
from hemascope.domain.verification import MeasuredShare, VerificationProof, VerifiedSlide, slides_needed

_MARGIN, _HEAD, _FOOT = 16 * mm, 24 * mm, 36 * mm
_TEXT = ParagraphStyle("proof", fontName=REGULAR, fontSize=9, leading=12, textColor=INK, splitLongWords=1)
_SMALL = ParagraphStyle("proof small", parent=_TEXT, fontSize=7.5, leading=9.5)
_LABEL = ParagraphStyle("proof label", parent=_SMALL, textColor=QUIET)
_HEADLINE = ParagraphStyle("proof headline", parent=_TEXT, fontName=BOLD, fontSize=14, leading=17, spaceAfter=3)
_PLAIN = [("LEFTPADDING", (0, 0), (-1, -1), 0), ("VALIGN", (0, 0), (-1, -1), "TOP")]
_NAMES = 120  # slides that are listed of each kind; the file has all


def pdf_proof(proof: VerificationProof, names: Mapping[str, str] | None = None) -> bytes:
    """Print a proof on one page of A4: what was shown, on which slides, against which limits, with lines for a signature.

    Parameters
    ----------
    names
        What people call the slides, where the proof names them by digests; of the others the digest's beginning is printed.
    """
    register()
    file = BytesIO()
    page = Canvas(file, pagesize=A4, invariant=1, lang="en", pageCompression=1)
    page.setTitle(f"Hemascope verification {proof.sha256[:16]}")
    page.setAuthor("Hemascope")
    _head(page, proof)
    _foot(page, proof)
    width, height = A4[0] - 2 * _MARGIN, A4[1] - _HEAD - _FOOT
    frame = Frame(_MARGIN, _FOOT, width, height, leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0)
    frame.addFromList([KeepInFrame(width, height, _story(proof, names or {}), mode="shrink")], page)
    page.showPage()
    page.save()
    return file.getvalue()


def _story(proof: VerificationProof, names: Mapping[str, str]) -> list[Any]:
    slides = [(_shown(slide.slide, names), slide) for slide in proof.slides]
    parts: list[list[Any]] = [
        [_identity(proof)],
        [_result(proof)],
        [section("Figures"), _figures(proof)],
        [section("Slides that were not right"), *_paragraphs(_not_right(slides))],
        [section("Slides"), *_paragraphs(_all_slides(slides))],
    ]
    return [block for part in parts for block in (*part, Spacer(0, 3.5 * mm))]


def _identity(proof: VerificationProof) -> Any:
    rows = [
        ("Microscope", proof.microscope or "not named"),
        ("Verified by", f"{proof.by}, {moment(proof.at)}"),
        ("Model", f"{proof.model.name}, SHA-256 {proof.model.sha256}"),
        ("Profile", f"SHA-256 {proof.profile}"),
    ]
    cells = [[Paragraph(label, _LABEL), Paragraph(markup(value, exact=True), _SMALL)] for label, value in rows]
    return Table(cells, colWidths=[30 * mm, WIDTH - 30 * mm], style=_PLAIN)


def _result(proof: VerificationProof) -> Any:
    if proof.passed:
        said = "With this profile and this model, the limits below are reached on slides whose answer is known."
    else:
        said = f"Still needed: {' and '.join(slides_needed(proof.figures))}."
    lines = [Paragraph("Verified" if proof.passed else "Not verified", _HEADLINE), Paragraph(said, _TEXT)]
    style = [
        ("BACKGROUND", (0, 0), (-1, -1), PALE),
        ("LINEBEFORE", (0, 0), (0, -1), 3, ACCENT if proof.passed else CAUTION),
        ("LEFTPADDING", (0, 0), (0, -1), 10),
        ("TOPPADDING", (0, 0), (-1, -1), 7),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 7),
    ]
    return Table([[lines]], colWidths=[WIDTH], style=style)


def _figures(proof: VerificationProof) -> Any:
    found, limits = proof.figures, proof.limits
    certain = f"{100 * limits.certainty:g} % certain"
    head = ("Measure", "Right", "Wrong", "No answer", f"From ({certain})", f"To ({certain})", "Limit")
    rows = [
        _row("Sensitivity for leukemia, by slide", found.sensitivity, f"from {100 * limits.sensitivity:g} %"),
        _row("Specificity, by slide", found.specificity, f"from {100 * limits.specificity:g} %"),
        _row("Sensitivity for leukemia, by field", found.sensitivity_by_field, "not judged"),
        _row("Specificity, by field", found.specificity_by_field, "not judged"),
    ]
    cells = [[Paragraph(title, _LABEL) for title in head], *([Paragraph(text, _SMALL) for text in row] for row in rows)]
    widths = [58 * mm, 20 * mm, 15 * mm, 18 * mm, 24 * mm, 22 * mm, 21 * mm]
    return Table(cells, colWidths=widths, style=[*_PLAIN, ("LINEBELOW", (0, 0), (-1, -2), 0.3, LINE)])


def _row(name: str, share: MeasuredShare, limit: str) -> tuple[str, ...]:
    bounds = (f"{100 * share.lower:.1f} %", f"{100 * share.upper:.1f} %")
    return (name, f"{share.right} of {share.total}", str(share.wrong), str(share.unanswered), *bounds, limit)


def _shown(slide: str, names: Mapping[str, str]) -> str:
    return names.get(slide, slide[:12] if is_object_id(slide) else slide)


def _not_right(slides: Iterable[tuple[str, VerifiedSlide]]) -> list[str]:
    found = [(name, slide) for name, slide in slides if slide.counted and not slide.is_right]
    lines = [f"{name} ({slide.given_as}): the model's answer is {slide.answer}" for name, slide in found[:_NAMES]]
    if more := len(found) - len(lines):
        lines.append(f"and {more} more: see the file")
    return lines or ["none"]


def _all_slides(slides: Sequence[tuple[str, VerifiedSlide]]) -> list[str]:
    kinds = [(str(known), [name for name, slide in slides if slide.counted and slide.known is known]) for known in KnownAnswer]
    kinds.append(("not counted", [name for name, slide in slides if not slide.counted]))
    return [
        f"{kind}, {len(names)}: {', '.join(names[:_NAMES])}{', … (in full: the file)' if len(names) > _NAMES else ''}"
        for kind, names in kinds
        if names
    ]


def _paragraphs(lines: Iterable[str]) -> list[Any]:
    return [Paragraph(markup(line), _SMALL) for line in lines]


def _head(page: Canvas, proof: VerificationProof) -> None:
    top, right = A4[1] - 13 * mm, A4[0] - _MARGIN
    page.setFillColor(ACCENT)
    page.setFont(BOLD, 15)
    page.drawString(_MARGIN, top - 4, "Hemascope")
    page.setFillColor(INK)
    page.setFont(REGULAR, 9)
    page.drawString(_MARGIN + 31 * mm, top - 4, "Verification of a microscope")
    word = "PASSED" if proof.passed else "NOT PASSED"
    page.setFont(BOLD, 9)
    wide = page.stringWidth(word, BOLD, 9) + 12
    page.roundRect(right - wide, top - 8, wide, 15, 3, stroke=0, fill=1)
    page.setFillColor(white)
    page.drawCentredString(right - wide / 2, top - 4, word)
    page.setStrokeColor(ACCENT)
    page.setLineWidth(0.8)
    page.line(_MARGIN, top - 21, right, top - 21)


def _foot(page: Canvas, proof: VerificationProof) -> None:
    right, line = A4[0] - _MARGIN, 15 * mm
    page.setStrokeColor(LINE)
    page.setLineWidth(0.5)
    page.setFillColor(QUIET)
    page.setFont(REGULAR, 7)
    for left, width, what in ((0, 70, "Name"), (76, 62, "Signature for the hospital"), (144, 34, "Date")):
        start = _MARGIN + left * mm
        page.line(start, line + 26, start + width * mm, line + 26)
        page.drawString(start, line + 17, what)
    page.line(_MARGIN, line, right, line)
    page.setFillColor(INK)
    page.setFont(BOLD, 8.5)
    page.drawString(_MARGIN, line - 11, "It proves what was photographed: these slides, this stain, this lamp.")
    page.setFillColor(QUIET)
    page.setFont(REGULAR, 6.5)
    page.drawString(_MARGIN, line - 21, f"Proof SHA-256 {proof.sha256}, Hemascope {proof.software}")
    page.drawRightString(right, line - 21, "Page 1 of 1")
