"""What is known of a microscope's slides: what reviewers signed off, and a table that an administrator has."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from hemascope.domain.characters import compose
from hemascope.domain.disease import Disease
from hemascope.domain.errors import HemascopeError
from hemascope.domain.known_answers import KnownAnswer, SlideAnswer, answer_of_class, parse_answers
from hemascope.domain.ledger import LedgerRow
from hemascope.domain.microscope_fields import MicroscopeField
from hemascope.domain.report import Decision, Release, State
from hemascope.portal.problems import BadRequest
from hemascope.portal.report_repository import ReportRepository

_READERS = 8  # reports that are read in parallel
_SHOWN = 5  # slides that a problem names
_T = TypeVar("_T")
Slides = Mapping[str, Sequence[MicroscopeField]]  # digest of the slide -> its fields


@dataclass(frozen=True)
class SignedOffLabels:
    """The class that reviewers released for a row: their correction, or the model's confident answer that they confirmed."""

    repository: ReportRepository

    def label_of(self, row: LedgerRow) -> str | None:
        """The class; None where it was confirmed that none can be stated."""
        verdict = self.repository.verdict(row, row.released_verdict_number)
        if verdict.label is not None:
            return verdict.label
        result = self.repository.report(row).result
        return result.label if result and result.decision is Decision.CONFIDENT else None

    def answers(self, slides: Slides, disease: Disease) -> dict[str, SlideAnswer]:
        """The slides whose answer follows from what was signed off.

        One field of leukemia makes a slide one. A slide is benign only if every field of it was signed off as that: in a field
        that nobody looked at there may be blasts. Pictures that could not be judged can't be signed off, and are left out.
        """
        released = {row.object_id: row for fields in slides.values() for field in fields if (row := _released(field.rows))}
        with ThreadPoolExecutor(_READERS) as readers:
            labels = dict(zip(released, readers.map(self.label_of, released.values()), strict=True))
        found = {}
        for digest, fields in slides.items():
            if answer := _answer([labels.get(field.object.object_id) for field in fields if _is_judged(field.rows)], disease):
                found[digest] = answer
        return found


def _is_judged(rows: Sequence[LedgerRow]) -> bool:
    return any(row.state is State.REPORTED for row in rows)


def _released(rows: Sequence[LedgerRow]) -> LedgerRow | None:
    """The row that was released last, where several models' were."""
    released = [row for row in rows if row.release is not Release.PRELIMINARY]
    return max(released, key=lambda row: row.released_at or row.finished_at, default=None)


def _answer(labels: Sequence[str | None], disease: Disease) -> SlideAnswer | None:
    urgent = {label for label in labels if label in disease.urgent_classes}
    if urgent:
        name = urgent.pop()
        return SlideAnswer(known=KnownAnswer.LEUKEMIA, given_as=KnownAnswer.LEUKEMIA if urgent else name)
    known = {label for label in labels if label is not None}
    return answer_of_class(known.pop(), disease) if len(known) == 1 and None not in labels else None


def read_table(text: str, slides: Slides, disease: Disease) -> dict[str, SlideAnswer]:
    """Read a table of answers about slides of this microscope: digest of the slide -> answer.

    Raises
    ------
    BadRequest
        Where it is none, or a slide in it has no pictures of this microscope, or is of several patients.
    """
    try:
        named = parse_answers(text, disease)
    except HemascopeError as error:
        raise BadRequest(f"The table of answers can't be read: {error}") from None
    digests: dict[str, list[str]] = {}
    for digest, fields in slides.items():
        digests.setdefault(fields[0].specimen.slide, []).append(digest)
    found = {name: digests.get(compose(name), []) for name in named}
    _refuse("have no pictures of this microscope. Correct their ids, or leave them out", found, lambda digests: not digests)
    _refuse("are of several patients. Leave them out, or tick them in the list", found, lambda digests: len(digests) > 1)
    answers: dict[str, SlideAnswer] = {}
    given = {name: [answers.setdefault(found[name][0], answer), answer] for name, answer in named.items()}
    _refuse("have two answers, under one name in two spellings. Leave the right one", given, _differ)
    return answers


def _differ(answers: Sequence[SlideAnswer]) -> bool:
    return answers[0] != answers[1]


def _refuse(fault: str, found: Mapping[str, Sequence[_T]], is_wrong: Callable[[Sequence[_T]], bool]) -> None:
    wrong = [name for name, of_it in found.items() if is_wrong(of_it)]
    if wrong:
        more = f" and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        raise BadRequest(f"These slides {fault}: {', '.join(wrong[:_SHOWN])}{more}.")
