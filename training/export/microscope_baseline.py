"""How the reference microscope photographs while nothing changes: a file of the model artifact, made from the training part."""

from collections.abc import Sequence
from pathlib import Path

from hemascope.domain.drift import Baseline
from hemascope.domain.manifest import MICROSCOPE_BASELINE
from hemascope.model.classifier import Classifier
from hemascope.screening.baseline import measure_baseline
from training.data.dataset import Sample
from training.evidence.commissioning_draws import slide_of
from training.export.microscope_reference import add_file

FIELDS = 800  # judged at most, from all over the part: more change no limit by a tenth


def reference_baseline(root: Path, training: Sequence[Sample], classifier: Classifier) -> Baseline:
    """Judge smears of the training part as the service does.

    Raises
    ------
    ValueError
        Where none of them can be measured.
    """
    count = min(FIELDS, len(training))
    chosen = [training[place * len(training) // count] for place in range(count)]
    baseline = measure_baseline(((slide_of(sample), (root / sample.path).read_bytes()) for sample in chosen), None, classifier)
    if baseline is None:
        raise ValueError("expected smears that can be measured, received none")
    return baseline


def add_baseline(folder: Path, baseline: Baseline) -> Path:
    """Write the baseline into an artifact's folder, and its digest into the manifest."""
    return add_file(folder, MICROSCOPE_BASELINE, baseline.model_dump_json() + "\n")
