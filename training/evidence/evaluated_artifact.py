"""An artifact under evaluation: which smears it has not been trained on, and how it classifies them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hemascope.model.artifact import load_artifact
from hemascope.model.classifier import Classifier
from training.data.dataset import Sample, fingerprint
from training.data.split import PARTS, Split, load_split, without_copies
from training.evidence.evaluate import network_inputs, served

SPLIT = "split.json"
_SEEN = ("train", "validation")  # a model learns from one and is calibrated on the other


@dataclass
class EvaluatedArtifact:
    """An artifact, the split that it was trained on (None where that is of another data set), its answers so far."""

    classifier: Classifier
    split: Split | None
    trained_on: frozenset[str]  # paths, in whatever data set that was
    answers: dict[str, int] = field(default_factory=dict)

    @classmethod
    def open(cls, folder: Path, samples: Sequence[Sample]) -> "EvaluatedArtifact":
        """Load an artifact, and its stored split if that is of these samples."""
        file = folder / SPLIT
        classifier = Classifier(load_artifact(folder))
        content = json.loads(file.read_text())
        split = load_split(file, samples) if content["dataset"] == fingerprint(samples) else None
        return cls(classifier, split, frozenset(path for name in _SEEN for path in content["parts"][name]))

    def part(self, samples: Sequence[Sample], name: str | None) -> tuple[list[Sample], str]:
        """Samples of a part of its split (or ``all``), copies once, and a sentence that says what they are.

        All samples where ``name`` is None, or where the split is of another data set.
        """
        if self.split is None or name is None:
            known = sum(sample.path in self.trained_on for sample in samples)
            about = "All smears of the folder, copies once"
            if self.split is None:
                about += "; the artifact was trained on another data set"
            if known:
                about += f". {known} have the name of a smear that it was trained or calibrated on, so this is no fair test"
            return without_copies(samples), f"{about}."
        names = PARTS if name == "all" else (name,)
        chosen = without_copies([sample for part in names for sample in self.split.part(part)])
        what = "All parts" if name == "all" else f"The {name} part"
        return chosen, f"{what} of the artifact's own split, copies once."

    def unseen(self, split: Split, groups: Mapping[str, str]) -> list[Sample]:
        """Smears of another split's test part that the artifact can be evaluated on.

        All of them if that is the split it was trained on; else only smears of its own test part that share no field with
        one that it was trained or calibrated on.

        Raises
        ------
        ValueError
            Where the artifact was trained on another data set.
        """
        if self.split is None:
            raise ValueError("expected an artifact that was trained on this data set, received one of another")
        if split.digest == self.split.digest:
            return list(split.test)
        seen = {groups[path] for path in self.trained_on}
        own = {sample.path for sample in self.split.test}
        return [sample for sample in split.test if sample.path in own and groups[sample.path] not in seen]

    def answer(self, root: Path, samples: Sequence[Sample]) -> dict[str, int]:
        """Path -> class index of smears; each smear is classified once."""
        new = [sample for sample in samples if sample.path not in self.answers]
        for sample, inputs in zip(new, network_inputs(root, new, self.classifier), strict=True):
            self.answers[sample.path] = int(served(self.classifier, [inputs])[0].argmax())
        return {sample.path: self.answers[sample.path] for sample in samples}
