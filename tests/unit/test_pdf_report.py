"""The printed page, as another program reads it: its text, its pictures, its pixels."""

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import pypdfium2
import pytest
from pypdfium2.raw import FPDF_PAGEOBJ_IMAGE

from hemascope.documents.fonts import printable
from hemascope.documents.pdf_report import pdf_report
from hemascope.documents.pictures import ReportPictures, to_print
from hemascope.domain.hospital import HospitalSettings
from hemascope.domain.report import MicroscopeState, Release, Report, ReportedMicroscope
from hemascope.domain.reviewed import Reviewed
from hemascope.imaging.overlay import encode_png
from tests.support.reviewed import BLURRED, pro_b, verdict
from tests.support.slide_fields import BENIGN, DISEASE, TEXTS, rejected_report, smear_report

PLAIN = encode_png(np.full((300, 400, 3), 200, np.uint8))
ALL = ReportPictures(PLAIN, PLAIN, {"original": PLAIN, "segmented": PLAIN})
ACCENT = (31, 78, 121)  # of a bar that may be read as an answer


class Printed:
    """A PDF file as PDFium reads it."""

    def __init__(self, data: bytes) -> None:
        self.document = pypdfium2.PdfDocument(data)
        self.page = self.document[0]
        reader = self.page.get_textpage()
        self.text = " ".join(reader.get_text_bounded().split())
        reader.close()

    @property
    def pictures(self) -> int:
        return len(list(self.page.get_objects(filter=[FPDF_PAGEOBJ_IMAGE])))

    def pixels(self) -> np.ndarray:
        return np.asarray(self.page.render(scale=4).to_numpy())[..., ::-1]

    def close(self) -> None:
        self.page.close()
        self.document.close()


@pytest.fixture
def shown() -> Iterator[Any]:
    opened: list[Printed] = []

    def show(report: Report, pictures: ReportPictures = ALL, *arguments: Any) -> Printed:
        opened.append(Printed(pdf_report(report, pictures, DISEASE, TEXTS, *arguments)))
        return opened[-1]

    yield show
    for document in opened:
        document.close()


def test_a_page_says_whose_smear_it_is_what_was_seen_and_what_next(shown: Any) -> None:
    page = shown(pro_b())

    assert len(page.document) == 1
    for words in ("p-7", "c-1", "field 1.jpg", "st-mary", "01 Mar 2026, 08:00 UTC", "all-subtypes/1.0.0", "PRELIMINARY"):
        assert words in page.text
    assert "Finding: Pro-B pattern" in page.text
    assert "probability 94.0 %" in page.text
    assert "advice on confident" in page.text
    assert "Stained cells counted 20" in page.text
    assert "Nobody has reviewed this report yet." in page.text
    assert "Decision support, not a diagnosis." in page.text
    assert "a" * 64 in page.text
    assert page.pictures == 4


def test_a_bar_is_as_long_as_its_probability(shown: Any) -> None:
    page = shown(smear_report("f.jpg", (0.2, 0.05, 0.05, 0.7)))

    coloured = _accent(page.pixels()[400:, 1000:])  # without the head
    # 118 points are the whole; a point is four pixels.
    shares = {round(float(item) / 4 / 118, 2) for item in coloured.sum(axis=1)}

    assert {0.05, 0.2, 0.7} <= shares
    assert max(shares) == 0.7


def _accent(pixels: np.ndarray) -> np.ndarray:
    """Where the colour of an answer is."""
    return np.abs(pixels.astype(int) - ACCENT).max(axis=2) < 12


@pytest.mark.parametrize("decision", ["indeterminate", "out_of_distribution", "poor_quality", "unverified"])
def test_without_an_answer_no_class_is_stated_and_no_bar_looks_like_one(shown: Any, decision: str) -> None:
    page = shown(pro_b(decision))

    assert "No class stated" in page.text
    assert "Finding:" not in page.text
    assert "no answer" in page.text
    sure = shown(pro_b())
    counted = [_accent(item.pixels()[:, 1300:]).sum() for item in (page, sure)]
    assert counted[0] < counted[1] / 4


@pytest.mark.parametrize("decision", ["poor_quality", "unverified"])
def test_of_a_microscope_that_is_not_verified_no_class_is_printed_at_all(shown: Any, decision: str) -> None:
    closed = ReportedMicroscope(name="scope 7", state=MicroscopeState.PROFILED)

    page = shown(pro_b(decision).model_copy(update={"microscope": closed}))

    assert "No class stated" in page.text
    assert not [name for name in DISEASE.class_names if name in page.text]


def test_what_is_beyond_a_limit_is_flagged(shown: Any) -> None:
    page = shown(pro_b("poor_quality", out_of_distribution_score=1.5, quality={**_quality(), "findings": [BLURRED]}))

    assert "training pictures 1.50 at most 1.00 beyond limit" in page.text
    assert "Quality gate: sharpness 12.5 at least 40 out of focus" in page.text
    assert "passed" not in page.text


def test_a_gate_that_found_nothing_is_passed(shown: Any) -> None:
    assert "Quality gate passed" in shown(pro_b()).text


def _quality() -> dict[str, Any]:
    return {"sharpness": 100.0, "brightness": 200.0, "contrast": 30.0, "figures": {"sharpness": 50.0}}


def test_a_rejected_picture_has_its_page_too(shown: Any) -> None:
    page = shown(rejected_report("notes.jpg"), ReportPictures())

    assert "REJECTED" in page.text
    assert "Reason: truncated. Details: expected all of it." in page.text
    assert "Send the picture again." in page.text
    assert "%" not in page.text
    assert page.pictures == 0


def test_the_smear_of_nobody_has_a_page(shown: Any) -> None:
    report = rejected_report("x.jpg").model_copy(update={"specimen": None, "issued_at": None})

    text = shown(report, ReportPictures()).text

    assert "Patient (pseudonym) unknown" in text
    assert "Issued not recorded" in text


def test_a_confirmed_report_is_final_and_names_the_reviewer(shown: Any) -> None:
    page = shown(pro_b(), ALL, Reviewed([verdict(comment="Large blasts.")], Release.FINAL, 1))

    assert "FINAL" in page.text
    assert "1. confirmed by 8f0c, 01 Mar 2026, 09:30 UTC. Large blasts." in page.text


def test_a_reviewers_label_stands_above_the_models(shown: Any) -> None:
    page = shown(pro_b(), ALL, Reviewed([verdict(), verdict("correct", "Pre-B", 2)], Release.AMENDED, 2))

    assert "AMENDED" in page.text
    assert "After review: Pre-B pattern" in page.text
    assert "whose answer was: Pro-B, 94.0 %, confident" in page.text
    assert "Finding:" not in page.text
    assert "THE MODEL'S ADVICE, BEFORE THE CORRECTION" in page.text


def test_a_correction_that_is_not_released_changes_no_headline(shown: Any) -> None:
    settings = HospitalSettings(reviewers=2)

    page = shown(pro_b(), ALL, Reviewed([verdict("correct", "Pre-B")]), settings)

    assert "Finding: Pro-B pattern" in page.text
    assert "1. corrected to Pre-B pattern" in page.text
    assert "when two reviewers have given the same verdict" in page.text


def test_what_was_confirmed_after_a_correction_is_the_models_answer_again(shown: Any) -> None:
    said = [verdict("correct", "Pre-B"), verdict(number=2)]

    page = shown(pro_b(), ALL, Reviewed(said, Release.AMENDED, 2))

    assert "AMENDED" in page.text
    assert "Finding: Pro-B pattern" in page.text
    assert "After review" not in page.text


def test_long_ids_and_many_long_comments_are_still_one_page(shown: Any) -> None:
    content = pro_b().model_dump(mode="json", by_alias=True)
    content["specimen"] = dict.fromkeys(("hospital", "patient", "slide", "field"), 250 * "W")
    many = [verdict("correct", "Pre-B", number, comment=400 * "word ") for number in range(1, 9)]

    page = shown(
        Report.model_validate(content), ALL, Reviewed(many, Release.AMENDED, 8), HospitalSettings(telephone="+49 30 1234")
    )

    assert len(page.document) == 1
    assert "8. corrected to Pre-B pattern" in page.text
    assert "… (in full: portal)" in page.text
    assert "5 earlier: see the portal." in page.text
    assert "Questions: +49 30 1234" in page.text


@pytest.mark.parametrize("pictures", [ReportPictures(None, PLAIN), ReportPictures(b"no picture", PLAIN)])
def test_a_picture_that_is_gone_is_said_to_be_gone(shown: Any, pictures: ReportPictures) -> None:
    page = shown(pro_b(), pictures)

    assert "This picture is not available any more." in page.text
    assert page.pictures == 1


def test_a_huge_picture_is_printed_small_and_in_its_shape() -> None:
    printed = to_print(encode_png(np.full((600, 2400, 3), 200, np.uint8)))

    assert printed is not None
    assert (printed.width, printed.height) == (720, 180)
    assert cv2.imdecode(np.frombuffer(printed.data, np.uint8), cv2.IMREAD_COLOR).shape == (180, 720, 3)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hôpital Жуков Ω", "Hôpital Жуков Ω"),
        ("血液 7", "[U+8840][U+6DB2] 7"),
        ("אב", "[U+05D0][U+05D1]"),
        ("u\u0308ber", "über"),
        ("x\u0323", "x[U+0323]"),
        ("one\ntwo\t three", "one two three"),
        ("\U0001f9ea", "[U+1F9EA]"),
        ("a\u200cb\u200ec\u00add\ufe0f", "a[U+200C]b[U+200E]c[U+00AD]d[U+FE0F]"),
        ("Voilà\u202f!\u3000a  b", "Voilà ! a b"),
    ],
)
def test_a_character_that_the_font_lacks_is_its_code_point(text: str, expected: str) -> None:
    assert printable(text) == expected


def test_blanks_of_an_id_are_told_apart() -> None:
    written = ("a b", "a  b", "a\u00a0b", "a\u202fb", "a\u3000b")

    printed = [printable(text, exact=True) for text in written]

    assert printed == ["a b", "a [U+0020]b", "a[U+00A0]b", "a[U+202F]b", "a[U+3000]b"]


def test_what_a_sender_wrote_is_no_markup(shown: Any) -> None:
    content = pro_b().model_dump(mode="json", by_alias=True)
    content["specimen"]["field"] = '<b>50% & <img src="x">.jpg'

    page = shown(Report.model_validate(content), ALL, Reviewed([verdict(comment="</para> & <a>")], Release.FINAL, 1))

    assert '<b>50% & <img src="x">.jpg' in page.text
    assert "</para> & <a>" in page.text


def test_the_same_report_gives_the_same_bytes_and_brings_its_fonts() -> None:
    first, second = (pdf_report(smear_report("f.jpg", BENIGN), ALL, DISEASE, TEXTS) for _ in range(2))

    assert first == second
    assert first.count(b"/FontFile2") == 2
    assert b"/Lang (en)" in first
