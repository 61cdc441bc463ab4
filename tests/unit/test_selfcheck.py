import copy
import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from hemascope.domain.errors import ArtifactError
from hemascope.model.classifier import Classifier
from hemascope.screening.selfcheck import main, replay


@pytest.fixture
def altered(classifier: Classifier, tmp_path: Path) -> Callable[[Callable[[dict], object]], Classifier]:
    """The shipped classifier with other golden predictions beside it."""

    def with_golden(change: Callable[[dict], object]) -> Classifier:
        golden = json.loads((classifier.artifact.folder / "golden.json").read_text())
        change(golden)
        (tmp_path / "golden.json").write_text(json.dumps(golden))
        other = copy.copy(classifier)
        other.artifact = dataclasses.replace(classifier.artifact, folder=tmp_path)
        return other

    return with_golden


def test_the_shipped_artifact_answers_here_what_it_answered_in_the_laboratory(classifier: Classifier) -> None:
    assert replay(classifier) == 4


def test_another_probability_fails(altered: Callable[..., Classifier]) -> None:
    def swap(golden: dict) -> None:
        probabilities = golden["predictions"][1]["probabilities"]
        probabilities["Pro-B"] = abs(probabilities["Pro-B"] - 0.03)

    with pytest.raises(ArtifactError, match="on the golden smear"):
        replay(altered(swap))


def test_a_probability_within_rounding_passes(altered: Callable[..., Classifier]) -> None:
    def nudge(golden: dict) -> None:
        probabilities = golden["predictions"][0]["probabilities"]
        probabilities["Pro-B"] = abs(probabilities["Pro-B"] - 0.01)

    assert replay(altered(nudge)) == 4


def test_another_cell_count_fails(altered: Callable[..., Classifier]) -> None:
    with pytest.raises(ArtifactError, match="expected 99 cells"):
        replay(altered(lambda golden: golden["predictions"][0].update(cell_count=99)))


def test_another_picture_fails(altered: Callable[..., Classifier]) -> None:
    def exchange(golden: dict) -> None:
        golden["predictions"][0]["jpeg_base64"] = golden["predictions"][1]["jpeg_base64"]

    with pytest.raises(ArtifactError, match="received another picture"):
        replay(altered(exchange))


def test_a_golden_class_that_the_model_does_not_know_fails(altered: Callable[..., Classifier]) -> None:
    with pytest.raises(ArtifactError, match="Mature B"):
        replay(altered(lambda golden: golden["predictions"][0]["probabilities"].update({"Mature B": 0.0})))


def test_no_golden_predictions_at_all_fail(altered: Callable[..., Classifier]) -> None:
    with pytest.raises(ArtifactError, match="expected golden predictions"):
        replay(altered(lambda golden: golden.update(predictions=[])))


def test_the_command_of_the_image_build_says_how_many_agree(
    classifier: Classifier, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HEMASCOPE_ARTIFACT", str(classifier.artifact.folder))

    status = main()

    assert (status, capsys.readouterr().out) == (0, "selfcheck: 4 golden predictions agree\n")


def test_the_command_of_the_image_build_fails_on_an_altered_artifact(
    classifier: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "1.0.0"
    shutil.copytree(classifier.artifact.folder, folder, ignore=shutil.ignore_patterns("weights.*", "figures"))
    (folder / "golden.json").write_text("{}")
    monkeypatch.setenv("HEMASCOPE_ARTIFACT", str(folder))

    status = main()

    assert status == 1
    assert capsys.readouterr().err.startswith("selfcheck: expected golden.json with sha256")


def test_the_command_of_the_image_build_asks_for_its_variable(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("HEMASCOPE_ARTIFACT", raising=False)

    status = main()

    assert (status, capsys.readouterr().err) == (2, "expected the variable HEMASCOPE_ARTIFACT, received none\n")
