"""Test-time augmentation: the eight orientations of a square smear."""

import numpy as np

from hemascope.imaging.model_input import NetworkInputs
from hemascope.imaging.segment import Segmentation
from hemascope.model.artifact import Artifact
from training.evidence.evaluate import orientations, served


class CornerNetwork:
    """Answers the class whose number stands in the picture's first corner."""

    def __init__(self, artifact: Artifact) -> None:
        self.artifact = artifact

    def probabilities(self, inputs: NetworkInputs) -> np.ndarray:
        return 0.96 * np.eye(4)[int(inputs.original[0, 0, 0] // 3)] + 0.01


def test_eight_views_are_the_eight_orientations_and_their_probabilities_are_averaged(artifact: Artifact) -> None:
    numbers = np.arange(12, dtype=np.float32).reshape(2, 2, 3)
    inputs = NetworkInputs(numbers, -numbers, Segmentation.of_mask(np.zeros((2, 2), bool)), np.zeros((2, 2, 3), np.uint8))
    corner = CornerNetwork(artifact)

    views = orientations(inputs)

    assert len({view.original.tobytes() for view in views}) == 8
    assert all((view.original == -view.segmented).all() for view in views)
    np.testing.assert_allclose(served(corner, [inputs]), [[0.97, 0.01, 0.01, 0.01]])
    np.testing.assert_allclose(served(corner, [inputs], views=8), [[0.25, 0.25, 0.25, 0.25]])
