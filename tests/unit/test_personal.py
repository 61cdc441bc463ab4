"""Which ids and file names their sender is asked about."""

import pytest

from hemascope.domain.personal import Likeness, likeness, likenesses, patient_likeness
from hemascope.domain.specimen import Specimen

NAMES = [
    *(
        "Maria Müller 12.03.1980",
        "Müller_Hans",
        "Mu\u0308ller_Gerd.jpg",
        "Mrs Smith",
        "mrs smith 3.tif",
        "Herr Schulz",
        "frau kaya 2",
    ),
    *(
        "Quint, Peter",
        "Smith, J.",
        "J. Smith",
        "SMITH^JOHN^A",
        "HansMueller.jpg",
        "mueller hans 3.jpg",
        "john_smith",
        "Jane Doe 1.png",
    ),
    *("Иван Петров", "Ramesh Kumar", "O'Neill Fergus", "O\u2019Neill Fergus", "McDonald Tavish", "Van Der Berg", "Ng Wei.bmp"),
]
BIRTH_DATES = [
    "12.03.1980.jpg",
    "1980-03-12",
    "12031980",
    "born 2019-03-12",
    "geb. 12.3.2019",
    "* 12. 3. 2019",
    "p_19800312_2.jpg",
]
USUAL = [
    *("WBC-Benign-001.jpg", "WBC-Malignant-Early-012.jpg", "WBC-Malignant-Pre-12.jpg", "WBC-Malignant-Pro-804.jpg"),
    *("UID_11_10_1_all.bmp", "Im001_1.jpg", "IMG_20240312_101522.jpg", "PXL_20240312_101522123.jpg", "DSCN0042.JPG"),
    *("Screenshot 2026-01-01 at 9.41.00\u202fAM.png", "Bildschirmfoto 2026-01-01 um 09.41.00.png", "photo (3).heic"),
    *("WhatsApp Image 2024-03-12 at 10.15.22.jpeg", "Unbenannt-1.tif", "Snap-1234.tif", "New Folder 2", "AxioCam HRc"),
    *(
        "slide 3 left",
        "Slide A Left",
        "Left Upper Quadrant",
        "Peripheral Blood Film",
        "May-Grünwald-Giemsa",
        "Wright-Giemsa 100x",
    ),
    *(
        "Pre-B Field 2",
        "Early Pre-B 3",
        "Zellkörper-Größe.tif",
        "simulated-00001.jpg",
        "S24-01234-A1-2",
        "血液 涂片.jpg",
        "می\u200cشود",
    ),
    *("9f86d081884c7d65", "f47ac10b-58cc-4372-a567-0e02b2c3d479", "slide 31.02.1980", "12.34.1980", "BM 2024-0117"),
]
PSEUDONYMS = [
    "p-0042",
    "p-7",
    "P2024-0117",
    "Anon_17",
    "Test Patient 3",
    "patient-1",
    "0117-2024-3",
    "case 7",
    "20241301",
    "1.2.3",
]


@pytest.mark.parametrize("text", NAMES)
def test_a_persons_name_is_asked_about_wherever_it_stands(text: str) -> None:
    assert (likeness(text), patient_likeness(text)) == (Likeness.NAME, Likeness.NAME)


@pytest.mark.parametrize("text", BIRTH_DATES)
def test_a_date_of_birth_is_asked_about_wherever_it_stands(text: str) -> None:
    assert (likeness(text), patient_likeness(text)) == (Likeness.BIRTH_DATE, Likeness.BIRTH_DATE)


@pytest.mark.parametrize("text", ["20190312", "2019-03-12", "12.03.80", "P20190312"])
def test_a_date_of_these_years_is_asked_about_only_as_a_patient(text: str) -> None:
    assert (likeness(text), patient_likeness(text)) == (None, Likeness.BIRTH_DATE)


@pytest.mark.parametrize("text", USUAL)
def test_what_cameras_and_laboratories_write_is_not_asked_about(text: str) -> None:
    assert likeness(text) is None


@pytest.mark.parametrize("text", PSEUDONYMS)
def test_a_pseudonym_is_not_asked_about(text: str) -> None:
    assert patient_likeness(text) is None


def test_all_that_a_sender_names_is_judged_and_none_of_it_repeated() -> None:
    specimen = Specimen(hospital="st-mary", patient="19800312", slide="c-1", field="Müller_Hans.jpg")

    found = likenesses(specimen)

    assert found.model_dump(exclude_none=True) == {"patient": Likeness.BIRTH_DATE, "field": Likeness.NAME}
    assert str(found) == "the patient id looks like a date of birth, the file name looks like a person's name"
    assert not likenesses(specimen.model_copy(update={"patient": "p-7", "field": "f.jpg"}))
