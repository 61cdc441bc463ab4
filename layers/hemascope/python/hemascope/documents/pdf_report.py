"""The report on one page, as a laboratory prints it. The same input gives the same bytes."""

from io import BytesIO
from typing import Any

from reportlab.lib.colors import white
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Frame, KeepInFrame, Spacer

from hemascope.documents import pdf_sections as blocks
from hemascope.documents.fonts import BOLD, REGULAR, printable, register
from hemascope.documents.labels import REJECTED, RELEASE
from hemascope.documents.pictures import ReportPictures
from hemascope.domain.disease import Disease
from hemascope.domain.hospital import HospitalSettings
from hemascope.domain.report import Release, Report
from hemascope.domain.reviewed import UNREVIEWED, Reviewed
from hemascope.domain.texts import Texts

_MARGIN = 16 * mm
_HEAD, _FOOT = 24 * mm, 20 * mm


def pdf_report(
    report: Report,
    pictures: ReportPictures,
    disease: Disease,
    texts: Texts,
    reviewed: Reviewed = UNREVIEWED,
    settings: HospitalSettings | None = None,
) -> bytes:
    """Print a report on one page of A4.

    Parameters
    ----------
    report
        As stored; also of a rejected picture.
    pictures
        Files as stored. In the place of one that is gone, a sentence says so.
    disease, texts
        Display names and title of the served model.
    reviewed
        Verdicts on the report: a stored report itself never changes.
    settings
        The hospital's telephone, and how many reviewers must agree.
    """
    register()
    chosen = settings or HospitalSettings()
    file = BytesIO()
    # Invariant: no time of day and no random id in the file.
    page = Canvas(file, pagesize=A4, invariant=1, lang="en", pageCompression=1)
    page.setTitle(f"Hemascope report {report.object_id}")
    page.setAuthor("Hemascope")
    page.setSubject(report.disclaimer)
    _head(page, texts.title, report, reviewed.release)
    _foot(page, report, chosen)
    width, height = A4[0] - 2 * _MARGIN, A4[1] - _HEAD - _FOOT
    frame = Frame(_MARGIN, _FOOT, width, height, leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0)
    # Whatever is in it, it is one page: long ids and comments make everything smaller.
    story = _story(report, pictures, disease, texts, reviewed, chosen)
    frame.addFromList([KeepInFrame(width, height, story, mode="shrink")], page)
    page.showPage()
    page.save()
    return file.getvalue()


def _story(
    report: Report,
    pictures: ReportPictures,
    disease: Disease,
    texts: Texts,
    reviewed: Reviewed,
    settings: HospitalSettings,
) -> list[Any]:
    parts = [
        [blocks.identity(report, texts.specimen)],
        [blocks.result(report, reviewed, disease)],
        blocks.advice(report, reviewed),
        blocks.pictures(pictures) if report.result else [],
        blocks.tiles(report),
        blocks.evidence(report),
        blocks.review(reviewed, settings.reviewers, disease) if report.result or reviewed.verdicts else [],
    ]
    return [block for part in parts if part for block in (*part, Spacer(0, 3.5 * mm))]


def _head(page: Canvas, title: str, report: Report, release: Release) -> None:
    top = A4[1] - 13 * mm
    page.setFillColor(blocks.ACCENT)
    page.setFont(BOLD, 15)
    page.drawString(_MARGIN, top - 4, "Hemascope")
    page.setFillColor(blocks.INK)
    page.setFont(REGULAR, 9)
    page.drawString(_MARGIN + 31 * mm, top - 4, printable(title))
    word, meaning = RELEASE[release] if report.result else REJECTED
    right = A4[0] - _MARGIN
    page.setFont(BOLD, 9)
    wide = page.stringWidth(word, BOLD, 9) + 12
    page.roundRect(right - wide, top - 8, wide, 15, 3, stroke=0, fill=1)
    page.setFillColor(white)
    page.drawCentredString(right - wide / 2, top - 4, word)
    page.setFillColor(blocks.QUIET)
    page.setFont(REGULAR, 7)
    page.drawRightString(right, top - 17, meaning)
    page.setStrokeColor(blocks.ACCENT)
    page.setLineWidth(0.8)
    page.line(_MARGIN, top - 21, right, top - 21)


def _foot(page: Canvas, report: Report, settings: HospitalSettings) -> None:
    right, line = A4[0] - _MARGIN, 15 * mm
    page.setStrokeColor(blocks.LINE)
    page.setLineWidth(0.5)
    page.line(_MARGIN, line, right, line)
    page.setFillColor(blocks.INK)
    page.setFont(BOLD, 8.5)
    disclaimer = report.disclaimer[0].upper() + report.disclaimer[1:]
    page.drawString(_MARGIN, line - 11, f"{disclaimer}. Made by a computer program from a picture alone.")
    if settings.telephone:
        page.setFont(REGULAR, 8.5)
        page.drawRightString(right, line - 11, f"Questions: {printable(settings.telephone)}")
    page.setFillColor(blocks.QUIET)
    page.setFont(REGULAR, 6.5)
    page.drawString(_MARGIN, line - 21, f"Model {report.model.name}, sha256 {report.model.sha256}")
    page.drawRightString(right, line - 21, "Page 1 of 1")
