"""Which ids and file names look like a person's name or date of birth, so that their sender is asked before they are stored.

Ids are pseudonyms. Nothing can tell a name from a word for certain, so this only asks. The rules, each with few false alarms
on what cameras and laboratories write:

- a salutation and a word (``Mrs Smith``), or a common given name as a word of its own (``hans_7.jpg``);
- two words beside each other that begin with a capital (``Peter Quint``) unless one is a word of the laboratory, the camera or
  the computer; an initial and such a word (``J. Smith``); DICOM's and HL7's form (``SMITH^JOHN``);
- a date of birth: eight digits or three numbers that are a day of the calendar. In a patient id any date counts. Slides and
  files are dated by the day they were made, so there only a year before 2000 counts, or a word such as *born* before the date.

Scripts without capitals (Arabic, Chinese, Hebrew and others) are not judged by the second rule, and the given names are those
of the list in ``given_names``. The rules err to silence there.
"""

import re
from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from itertools import pairwise

from pydantic import BaseModel, ConfigDict

from hemascope.domain.characters import compose
from hemascope.domain.given_names import GIVEN_NAMES, NO_NAME_STEMS, NO_NAMES, SALUTATIONS
from hemascope.domain.picture_file import SUFFIXES
from hemascope.domain.specimen import Specimen

_WORD = r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*"
_WORDS = re.compile(_WORD)
_BETWEEN = re.compile(r"[\s_,.-]{1,3}")  # what stands between the words of one name
_CAMEL = re.compile(r"(?<=[a-zß-öø-ÿ])(?=[A-ZÀ-ÖØ-Þ])")
_BEFORE_A_CAPITAL = re.compile(r"(?:Mc|Mac|[OD]['\u2019])(?=[^\W\d_]{2})")  # McDonald, O'Neill
_INITIAL = re.compile(rf"(?<!\w)[^\W\d_]\. ?(?P<after>{_WORD})|(?P<before>{_WORD}), ?[^\W\d_](?![\w'])")
_DICOM = re.compile(rf"{_WORD}\^{_WORD}")
_YEAR, _MONTH, _DAY = r"(?P<year>(?:19|20)\d\d)", r"(?P<month>\d{1,2})", r"(?P<day>\d{1,2})"
_SEPARATOR = r"(?P<separator>[./_ -] ?)"
_DATES = tuple(
    re.compile(rf"(?<!\d){pattern}(?!\d)")
    for pattern in (
        r"(?P<year>(?:19|20)\d\d)(?P<month>\d\d)(?P<day>\d\d)",
        r"(?P<day>\d\d)(?P<month>\d\d)(?P<year>(?:19|20)\d\d)",
        rf"{_YEAR}{_SEPARATOR}{_MONTH}(?P=separator){_DAY}",
        rf"{_DAY}{_SEPARATOR}{_MONTH}(?P=separator){_YEAR}",
        rf"{_MONTH}{_SEPARATOR}{_DAY}(?P=separator){_YEAR}",
    )
)
_SHORT_DATE = re.compile(r"(?<!\d)(?P<day>\d\d)\.(?P<month>\d\d)\.(?P<year>\d\d)(?!\d)")  # only where a patient is named
_BORN = re.compile(
    r"\*|(?<![^\W\d_])(?:born|birth|birthday|dob|geb|geboren|né|née|nacid[oa]|nat[oa])(?![^\W\d_])", re.IGNORECASE
)
_FIRST_DIGITAL_YEAR = 2000


class Likeness(StrEnum):
    """What an id or file name looks like."""

    NAME = "person_name"
    BIRTH_DATE = "birth_date"


class Likenesses(BaseModel):
    """What the ids and the file name of a picture look like; None where nothing is suspected."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    patient: Likeness | None = None
    slide: Likeness | None = None
    field: Likeness | None = None

    def __bool__(self) -> bool:
        """Whether anything is suspected."""
        return any((self.patient, self.slide, self.field))

    def __str__(self) -> str:
        """A part of a sentence; it repeats nothing of the texts.

        Examples
        --------
        >>> str(Likenesses(patient=Likeness.BIRTH_DATE, field=Likeness.NAME))
        "the patient id looks like a date of birth, the file name looks like a person's name"
        """
        found = ((_PARTS[part], likeness) for part, likeness in self if likeness)
        return ", ".join(f"the {part} looks like {_LIKE[likeness]}" for part, likeness in found)


_PARTS = {"patient": "patient id", "slide": "slide id", "field": "file name"}
_LIKE = {Likeness.NAME: "a person's name", Likeness.BIRTH_DATE: "a date of birth"}


def likenesses(specimen: Specimen) -> Likenesses:
    """Judge everything that a sender names.

    Examples
    --------
    >>> likenesses(Specimen(hospital="h", patient="19800312", slide="c-1", field="IMG_20240312_101522.jpg")).patient
    <Likeness.BIRTH_DATE: 'birth_date'>
    """
    return Likenesses(
        patient=patient_likeness(specimen.patient), slide=likeness(specimen.slide), field=likeness(specimen.field)
    )


def patient_likeness(text: str) -> Likeness | None:
    """Judge a patient id.

    Examples
    --------
    >>> [patient_likeness(text) for text in ("p-0042", "P2024-0117", "case 7", "0117-2024-3", "Anon_17")]
    [None, None, None, None, None]
    >>> [str(patient_likeness(text)) for text in ("19800312", "12.03.80", "P_2019-03-12", "Mrs Smith", "Müller_Hans")]
    ['birth_date', 'birth_date', 'birth_date', 'person_name', 'person_name']
    """
    text = compose(text)
    if _looks_like_a_name(text):
        return Likeness.NAME
    dated = any(_years(text)) or any(_is_day(found, 1900) for found in _SHORT_DATE.finditer(text))
    return Likeness.BIRTH_DATE if dated else None


def likeness(text: str) -> Likeness | None:
    """Judge a slide id or a file name, which may hold the day it was made.

    Examples
    --------
    >>> names = ("WBC-Malignant-Pro-804.jpg", "IMG_20240312_101522.jpg", "slide 3 left", "血液 涂片.jpg", "Blood Smear 2.png")
    >>> [likeness(name) for name in names]
    [None, None, None, None, None]
    >>> [str(likeness(name)) for name in ("Maria Müller 12.03.1980", "mueller_19800312.jpg", "geb 2019-03-12", "DOE^JANE")]
    ['person_name', 'birth_date', 'birth_date', 'person_name']
    """
    text = _without_suffix(compose(text))
    if _looks_like_a_name(text):
        return Likeness.NAME
    dated = any(year < _FIRST_DIGITAL_YEAR for year in _years(text)) or (_BORN.search(text) and any(_years(text)))
    return Likeness.BIRTH_DATE if dated else None


def _without_suffix(text: str) -> str:
    stem, _, suffix = text.rpartition(".")
    return stem if f".{suffix.lower()}" in SUFFIXES else text


def _years(text: str) -> Iterator[int]:
    """Years of the dates in a text."""
    for pattern in _DATES:
        for found in pattern.finditer(text):
            if _is_day(found, 0):
                yield int(found["year"])


def _is_day(found: re.Match[str], century: int) -> bool:
    try:
        date(century + int(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError:
        return False
    return True


def _looks_like_a_name(text: str) -> bool:
    words = list(_WORDS.finditer(text))
    parts = [part.lower() for word in words for part in (word[0], *_CAMEL.split(word[0]))]
    if _DICOM.search(text) or any(part in GIVEN_NAMES for part in parts):
        return True
    if any(_is_name(found["after"] or found["before"]) for found in _INITIAL.finditer(text)):
        return True
    for first, second in pairwise(words):
        if not _BETWEEN.fullmatch(text, first.end(), second.start()):
            continue
        salutation = first[0].lower() in SALUTATIONS and len(second[0]) > 1 and second[0].lower() not in NO_NAMES
        if salutation or (_is_name(first[0]) and _is_name(second[0])):
            return True
    return False


def _is_name(word: str) -> bool:
    """Whether a word is a capital and small letters, and none that laboratories and cameras write."""
    plain, small = _BEFORE_A_CAPITAL.sub("", word), word.lower()
    known = small in NO_NAMES or small.startswith(NO_NAME_STEMS) or small.endswith(NO_NAME_STEMS)
    return plain[:1].isupper() and plain[1:].islower() and not known
