"""Known answers about slides: a table of them, and what each word in it means."""

import csv
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from hemascope.domain.disease import Disease
from hemascope.domain.errors import HemascopeError

_HEADER = ("slide", "answer")


class KnownAnswer(StrEnum):
    """What is known of a slide from elsewhere, such as flow cytometry or a signed-off reading."""

    LEUKEMIA = "leukemia"
    BENIGN = "benign"


class SlideAnswer(BaseModel):
    """What is known of a slide, and the word that said so: ``benign``, ``leukemia`` or a class."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    known: KnownAnswer
    given_as: str


def parse_answers(text: str, disease: Disease) -> dict[str, SlideAnswer]:
    """Read a table with the columns ``slide`` and ``answer``, separated by commas or semicolons; other columns are ignored.

    Raises
    ------
    HemascopeError
        Where columns are missing, an answer is unknown, or a slide has two.
    """
    lines = text.removeprefix("\ufeff").splitlines()
    separator = ";" if lines and ";" in lines[0] and "," not in lines[0] else ","
    rows = csv.DictReader(lines, delimiter=separator)
    columns = {str(name).strip().lower(): name for name in rows.fieldnames or ()}
    if missing := [name for name in _HEADER if name not in columns]:
        raise HemascopeError(f"The table of answers needs the columns slide and answer; missing: {', '.join(missing)}.")
    found: dict[str, SlideAnswer] = {}
    for row in rows:
        slide, word = ((row[columns[name]] or "").strip() for name in _HEADER)
        if not slide and not word:
            continue
        answer = read_answer(word, disease, f"line {rows.line_num} of the answers")
        if found.setdefault(slide, answer) != answer:
            raise HemascopeError(f"The table has two answers for the slide {slide}. Leave the right one.")
    return found


def read_answer(word: str, disease: Disease, where: str) -> SlideAnswer:
    """Read one answer: ``benign``, ``leukemia`` or the name of a class, in any case of letters.

    Raises
    ------
    HemascopeError
        Where it is none; ``where`` says which one.
    """
    if name := next((name for name in disease.class_names if name.casefold() == word.casefold()), None):
        return answer_of_class(name, disease)
    if word.casefold() in set(KnownAnswer):
        return SlideAnswer(known=KnownAnswer(word.casefold()), given_as=word.casefold())
    expected = ", ".join([*KnownAnswer, *disease.class_names])
    received = f"The answer {word!r} is unknown" if word else "There is no answer"
    raise HemascopeError(f"{received} in {where}. Write one of {expected}.")


def answer_of_class(name: str, disease: Disease) -> SlideAnswer:
    """The answer that a class of the model stands for: leukemia for each urgent one."""
    known = KnownAnswer.LEUKEMIA if name in disease.urgent_classes else KnownAnswer.BENIGN
    return SlideAnswer(known=known, given_as=name)
