"""What the model said of a field, and of a slide whose fields it judged."""

from collections.abc import Iterable
from enum import StrEnum

from hemascope.domain.report import Decision


class GivenAnswer(StrEnum):
    """What the model said.

    Of a field: ``leukemia`` and ``benign`` are confident answers, ``suspicion`` is an indeterminate answer that leaves an
    urgent class possible, ``none`` is everything else. Of a slide: see :func:`answer_of_slide`.
    """

    LEUKEMIA = "leukemia"
    BENIGN = "benign"
    SUSPICION = "suspicion"
    NONE = "none"


POSSIBLE: dict[str, set[GivenAnswer]] = {
    Decision.CONFIDENT: {GivenAnswer.LEUKEMIA, GivenAnswer.BENIGN},
    Decision.INDETERMINATE: {GivenAnswer.SUSPICION, GivenAnswer.NONE},
}  # of a field, by its outcome; elsewhere none


def answer_of_slide(answers: Iterable[GivenAnswer]) -> GivenAnswer:
    """The answer of a slide, from those of its fields that count.

    One confident leukemia flags the slide, as it does in service. Else one confident benign makes it benign, whatever the other
    fields leave open: on a leukemia slide that is the dangerous answer, and on a benign slide the model withholds its answer in
    one field of six even on the reference microscope.

    Examples
    --------
    >>> benign, leukemia, suspicion, none = map(GivenAnswer, ("benign", "leukemia", "suspicion", "none"))
    >>> [str(answer_of_slide(answers)) for answers in ([benign, leukemia], [benign, suspicion], [suspicion, none], [none], [])]
    ['leukemia', 'benign', 'suspicion', 'none', 'none']
    """
    found = set(answers)
    order = (GivenAnswer.LEUKEMIA, GivenAnswer.BENIGN, GivenAnswer.SUSPICION)
    return next((answer for answer in order if answer in found), GivenAnswer.NONE)
