"""The printed proof, as another program reads it."""

from datetime import UTC, datetime

import pypdfium2

from hemascope.documents.pdf_proof import pdf_proof
from hemascope.domain.given_answers import GivenAnswer
from hemascope.domain.known_answers import KnownAnswer
from hemascope.domain.report import ModelReference
from hemascope.domain.verification import VerificationProof, VerifiedField, VerifiedSlide

MODEL = ModelReference(id="all-subtypes", version="1.0.1", sha256="a" * 64, preprocessing="b" * 64)


def proof_of(leukemia: int, benign: int, missed: int = 0, name: str = "slide") -> VerificationProof:
    known = [KnownAnswer.LEUKEMIA] * (leukemia + missed) + [KnownAnswer.BENIGN] * benign
    slides = []
    for number, answer in enumerate(known):
        given = GivenAnswer.SUSPICION if number < missed else GivenAnswer(answer)
        outcome = "indeterminate" if number < missed else "confident"
        field = VerifiedField(name="1.jpg", sha256=f"{number:064x}", outcome=outcome, label="Pre-B", answer=given)
        slides.append(VerifiedSlide(slide=f"{name}-{number}", known=answer, given_as=answer, answer=given, fields=(field,)))
    at = datetime(2026, 3, 1, 8, tzinfo=UTC)
    return VerificationProof.of(slides, profile="c" * 64, model=MODEL, at=at, by="Dr <b>", microscope="left")


def read(data: bytes) -> tuple[str, int]:
    document = pypdfium2.PdfDocument(data)
    page = document[0]
    reader = page.get_textpage()
    text, pages = " ".join(reader.get_text_bounded().split()), len(document)
    reader.close()
    page.close()
    document.close()
    return text, pages


def test_a_page_says_what_was_proved_on_which_slides_and_by_whom() -> None:
    proof = proof_of(29, 14)

    text, pages = read(pdf_proof(proof))

    assert pages == 1
    for words in ("PASSED", "Microscope left", "Dr <b>, 01 Mar 2026, 08:00 UTC", "all-subtypes/1.0.1", "c" * 64, proof.sha256):
        assert words in text
    assert "Sensitivity for leukemia, by slide 29 of 29 0 0 90.2 % 100.0 % from 90 %" in text
    assert "Specificity, by slide 14 of 14 0 0 80.7 % 100.0 % from 70 %" in text
    assert "leukemia, 29: slide-0, slide-1" in text
    assert "NOT PASSED" not in text
    assert "Signature for the hospital" in text


def test_a_proof_that_does_not_pass_says_what_is_needed() -> None:
    text, _ = read(pdf_proof(proof_of(10, 5, missed=1)))

    assert "NOT PASSED" in text
    assert (
        "Not verified Still needed: 35 more leukemia slides without a miss and 4 more benign slides without an error." in text
    )
    assert "slide-0 (leukemia): the model's answer is suspicion" in text


def test_many_slides_with_long_names_are_still_one_page() -> None:
    text, pages = read(pdf_proof(proof_of(300, 200, missed=200, name=60 * "W")))

    assert pages == 1
    assert "and 80 more: see the file" in text


def test_the_same_proof_gives_the_same_bytes() -> None:
    assert pdf_proof(proof_of(3, 3)) == pdf_proof(proof_of(3, 3))
