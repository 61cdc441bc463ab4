"""Real smears in other colour spaces, depths, layouts and formats: answers of the plain files, none where a part is lost."""

from pathlib import Path

import pytest

from hemascope.model.classifier import Classifier
from tests.reencoded import VARIANTS, chosen, compare

pytestmark = pytest.mark.dataset


def test_smears_encoded_anew_are_answered_as_the_plain_ones_and_damaged_ones_are_not(
    classifier: Classifier, dataset: Path
) -> None:
    counts, holes = compare(chosen(dataset, 4), classifier)

    assert {name: counts[name, "confident and different"] for name in VARIANTS} == dict.fromkeys(VARIANTS, 0)
    assert holes.refused == holes.made == 12
