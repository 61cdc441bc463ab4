"""The second lock against train/serve skew: inputs in training equal those in the serving function, bit for bit."""

from pathlib import Path

import numpy as np
import pytest

from hemascope.domain.preprocessing import PreprocessingSpec
from hemascope.domain.specimen import Specimen
from hemascope.imaging.synthetic import draw_synthetic_smear, encode_jpeg
from hemascope.model.artifact import Artifact
from hemascope.model.classifier import Classifier
from hemascope.screening.pipeline import screen
from tests.support.fakes import FixedClassifier
from training.data.batches import SmearBatches
from training.data.dataset import CLASS_FOLDERS, Sample, labels_of, load_working_pictures, read_dataset
from training.evidence.evaluate import network_inputs, served
from training.export.artifact import counting_by_stain

SPECIMEN = Specimen(hospital="h", patient="p", slide="c", field="f")


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small data set of drawn smears, of other sizes than the working square too."""
    root = tmp_path_factory.mktemp("drawn")
    for label, folder in enumerate(CLASS_FOLDERS):
        (root / "Original" / folder).mkdir(parents=True)
        for number in range(3):
            smear = draw_synthetic_smear(10 * label + number, side=(224, 300, 180)[number])
            (root / "Original" / folder / f"{number}.jpg").write_bytes(encode_jpeg(smear))
    return root


def check_parity(root: Path, samples: list[Sample], artifact: Artifact) -> None:
    spec = artifact.manifest.preprocessing
    training = SmearBatches(
        load_working_pictures(root, samples, spec), labels_of(samples), spec, batch=5, seed=1, augmented=False
    )
    network = FixedClassifier(artifact, 0.25, 0.25, 0.25, 0.25)

    for sample in samples:
        assert screen((root / sample.path).read_bytes(), SPECIMEN, network).report.result is not None

    batches = [training[index] for index in range(len(training))]
    for name in ("original", "segmented"):
        seen_in_training = np.concatenate([inputs[name] for inputs, _ in batches])
        seen_in_serving = np.stack([getattr(inputs, name) for inputs in network.asked])
        assert seen_in_training.dtype == seen_in_serving.dtype == np.float32
        assert seen_in_training.tobytes() == seen_in_serving.tobytes()
    assert np.concatenate([labels for _, labels in batches]).tolist() == [sample.label for sample in samples]


def test_training_sees_drawn_smears_as_serving_does(drawn: Path, artifact: Artifact) -> None:
    check_parity(drawn, read_dataset(drawn), artifact)


@pytest.mark.dataset
def test_training_sees_real_smears_as_serving_does(dataset: Path, artifact: Artifact) -> None:
    check_parity(dataset, read_dataset(dataset)[::50], artifact)


def test_the_artifact_was_trained_on_what_the_code_makes_today(artifact: Artifact) -> None:
    # Cells are numbered since a revision after the training, which does not change what the network sees: test_separate.py.
    assert artifact.manifest.preprocessing == counting_by_stain(PreprocessingSpec())


def test_evaluation_answers_what_serving_answers(drawn: Path, classifier: Classifier) -> None:
    samples = read_dataset(drawn)

    probabilities = served(classifier, network_inputs(drawn, samples, classifier))

    for sample, expected in zip(samples, probabilities, strict=True):
        result = screen((drawn / sample.path).read_bytes(), SPECIMEN, classifier).report.result
        assert result is not None
        assert list(result.probabilities.values()) == pytest.approx(expected.tolist(), abs=1e-12)


def test_an_augmented_smear_is_segmented_after_its_augmentation(drawn: Path, artifact: Artifact) -> None:
    from hemascope.imaging.model_input import to_network_inputs
    from training.data.augment import augment

    spec, samples = artifact.manifest.preprocessing, read_dataset(drawn)
    pictures = load_working_pictures(drawn, samples, spec)
    training = SmearBatches(pictures, labels_of(samples), spec, batch=4, seed=7, augmented=True)
    training.epoch = 3

    pair = training.pair(5)

    expected = to_network_inputs(augment(pictures[5], training.rng(5)), spec)
    assert (pair.segmented == expected.segmented).all()
    assert (pair.original == expected.original).all()
