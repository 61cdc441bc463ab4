"""Nothing foreign is stated before a verification has passed: a small version of ``--parts foreign``."""

from pathlib import Path

import pytest

from hemascope.domain.profile import MicroscopeProfile
from hemascope.imaging.overlay import encode_png
from hemascope.imaging.synthetic import draw_synthetic_smear
from hemascope.model.artifact import Artifact
from hemascope.model.classifier import Classifier
from training.data.dataset import read_dataset
from training.data.ood_images import PER_KIND
from training.data.split import load_split
from training.evidence import microscope_report
from training.evidence.microscope_foreign import (
    ForeignSource,
    commission_foreign_source,
    find_foreign_sources,
    is_closed,
    judge_foreign_source,
)

CLOSED = {"unknown", "profiled", "suspended"}


def test_its_profile_is_fitted_to_every_second_slide() -> None:
    assert ForeignSource("scope", ("a", "b", "a", "c"), (b"",) * 4).fitted == [0, 2, 3]


def test_at_most_so_many_pictures_of_each_source(tmp_path: Path) -> None:
    for number in range(9):
        (tmp_path / f"{number}.jpg").write_bytes(str(number).encode())

    cells, *drawn = find_foreign_sources(tmp_path, None, 3)

    assert (cells.slides, cells.files) == (("0", "3", "6"), (b"0", b"3", b"6"))
    assert [len(found.files) for found in drawn] == [3] * 5
    assert PER_KIND == 40


@pytest.mark.parametrize("state", ["unknown", "suspended", "failed"])
def test_one_confident_answer_where_none_may_be_is_told(state: str) -> None:
    states = {name: {"unverified": 2} for name in CLOSED}
    row = {
        "source": "scope", "pictures": 2, "refused": ["unlike"], "guards": {"confident": 1, "poor_quality": 1}, "beyond": 1,
        "states": states, "failed": {"decisions": {"unverified": 2}}, "passed": {"confident": 2},
    }  # fmt: skip
    assert is_closed(row)
    assert "Confident where none may be: 0." in "\n".join(microscope_report.foreign_sources([row], markdown=True))

    if state == "failed":
        row["failed"] = {"decisions": {"confident": 1}}
    else:
        states[state] = {"confident": 1}

    assert not is_closed(row)
    assert "Confident where none may be: 1." in "\n".join(microscope_report.foreign_sources([row], markdown=True))


def test_drawn_smears_are_closed_too(classifier: Classifier) -> None:
    smears = ForeignSource("drawn", ("1", "2"), tuple(encode_png(draw_synthetic_smear(number)) for number in (1, 2)))

    found = judge_foreign_source(smears, classifier, MicroscopeProfile())

    assert is_closed(found)
    assert set(found["states"]) == CLOSED
    assert found["failed"]["against"] == "the proof says that this microscope's answers are not good enough"


@pytest.mark.dataset
def test_nothing_foreign_is_confident_before_a_verification_has_passed(dataset: Path, classifier: Classifier) -> None:
    white_cells = dataset.parent / "whitecells"
    cells, *others = find_foreign_sources(dataset / "OtherLab", white_cells if white_cells.is_dir() else None, 1)

    profile, refused = commission_foreign_source(cells, classifier)
    found = [judge_foreign_source(source, classifier, profile) for source in (cells, *others)]

    assert "poor_quality" in refused
    assert len(found) >= 6
    assert all(is_closed(row) for row in found)


@pytest.mark.dataset
def test_only_a_proof_that_passed_opens_even_the_models_own_smears(
    dataset: Path, artifact: Artifact, classifier: Classifier
) -> None:
    unseen = [sample for sample in load_split(artifact.folder / "split.json", read_dataset(dataset)).test if sample.label == 2]
    smears = ForeignSource("own", ("1", "2"), tuple((dataset / sample.path).read_bytes() for sample in unseen[:2]))

    found = judge_foreign_source(smears, classifier, MicroscopeProfile())

    assert is_closed(found)
    assert found["states"] == {state: {"unverified": 2} for state in CLOSED}
    assert found["failed"]["decisions"] == {"unverified": 2}
    assert found["passed"] == found["guards"] == {"confident": 2}
