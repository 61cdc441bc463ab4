"""Which unlabelled fields a simulated microscope is commissioned with: never a smear that is judged, nor one of its field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hemascope.domain.profile import ProfileLimits
from training.data.dataset import Sample
from training.data.duplicates import file_number
from training.data.split import Split

DRAWS = 5
SLIDE = 20  # consecutive file numbers of a class that stand for a slide: the data set has no slide numbers
_SEED = 14
# Draws that commissioning would refuse for their number of slides alone are measured all the same.
UNCOUNTED = ProfileLimits(minimum_fields=1, minimum_slides=1)
# No limit at all: what a profile would do that commissioning refuses.
OPEN = UNCOUNTED.model_copy(
    update={
        "largest_clipped": 1.0,
        "largest_uncorrected_score": 1000.0,
        "largest_corrected_score": 1000.0,
        "smallest_quality_passed": 0.0,
    }
)


@dataclass(frozen=True)
class Kind:
    """How fields are drawn: how many, and whether of any smears, of one class, or neighbours on one slide."""

    name: str
    fields: int
    of: str = "any"

    @property
    def limits(self) -> ProfileLimits:
        """The product's own where it would accept so many fields, else without the counts."""
        return ProfileLimits() if self.of == "any" and self.fields >= ProfileLimits().minimum_fields else UNCOUNTED


FULL = Kind("60 fields", 60)
KINDS = (FULL, Kind("30 fields", 30), Kind("10 fields", 10), Kind("one class", 40, "class"), Kind("10 neighbours", 10, "slide"))


def draw(kind: Kind, number: int, split: Split, groups: Mapping[str, str]) -> list[Sample]:
    """The fields of one draw, slide by slide.

    They are of the validation part; neighbours, of which it holds too few, of the training part too.

    Parameters
    ----------
    number
        Of the draw, from 0. The same number draws the same fields.
    groups
        Path -> group of fields that overlap.
    """
    tested = {groups[sample.path] for sample in split.test}
    parts = (split.validation, split.train) if kind.of == "slide" else (split.validation,)
    pool = sorted((sample for part in parts for sample in part if groups[sample.path] not in tested), key=_place)
    chance = np.random.default_rng((_SEED, number))
    if kind.of == "slide":
        start = int(chance.integers(0, len(pool) - kind.fields))
        return pool[start : start + kind.fields]
    if kind.of == "class":
        labels = sorted({sample.label for sample in pool})
        pool = [sample for sample in pool if sample.label == labels[number % len(labels)]]
    chosen = chance.permutation(len(pool))[: kind.fields]
    return [pool[place] for place in sorted(chosen)]


def slide_of(sample: Sample) -> str:
    """What stands for the slide of a smear.

    Examples
    --------
    >>> slide_of(Sample("Original/Pre/WBC-Malignant-Pre-041.jpg", 2, ""))
    '2-2'
    """
    return f"{sample.label}-{file_number(sample) // SLIDE}"


def of_other_slides(tested: Sequence[Sample], drawn: Sequence[Sample]) -> np.ndarray:
    """Whether each tested smear is of a slide that no drawn field is of: (n,), bool."""
    slides = {slide_of(sample) for sample in drawn}
    return np.array([slide_of(sample) not in slides for sample in tested], np.bool_)


def _place(sample: Sample) -> tuple[int, int, str]:
    return sample.label, file_number(sample), sample.path
