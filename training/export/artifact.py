"""Turns a trained network into a model artifact: LiteRT dynamic-range int8, manifest, golden predictions, card, figures."""

import base64
import hashlib
import json
import tempfile
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras
import numpy as np

from hemascope.domain.manifest import (
    CARD,
    COLOURS,
    FEATURES,
    GOLDEN,
    MANIFEST,
    MICROSCOPE_BASELINE,
    MICROSCOPE_REFERENCE,
    SERVED,
    WEIGHTS,
    DecisionSpec,
    Manifest,
)
from hemascope.domain.preprocessing import PreprocessingSpec, StainSpec
from hemascope.domain.quality import QualitySpec
from hemascope.domain.texts import texts_file
from hemascope.imaging.synthetic import draw_synthetic_smear, encode_jpeg
from hemascope.model.artifact import load_artifact
from hemascope.model.classifier import FEATURES as FEATURE_OUTPUT
from hemascope.model.classifier import Classifier, temper
from hemascope.screening.pipeline import screen
from hemascope.screening.selfcheck import SPECIMEN, Golden, GoldenPrediction
from training.data.dataset import DISEASE, labels_of
from training.data.split import without_copies
from training.data.training_data import TrainingData
from training.evidence.calibration import fit_colours, fit_prediction_set, fit_temperature
from training.evidence.evaluate import evaluate, in_float, network_inputs, served
from training.evidence.figures import draw_confusion_matrix, draw_learning_curves
from training.evidence.metrics import score
from training.export.card import sign_card, write_card
from training.export.microscope_baseline import add_baseline, reference_baseline
from training.export.microscope_reference import fit_reference
from training.export.quality import fit_quality, measure_all
from training.export.reference import fit_features, provisional_features, served_features
from training.export.texts import write_texts
from training.networks.explain import with_evidence
from training.networks.fusion import build_fusion
from training.networks.weights import FLOAT_WEIGHTS, load_weights, save_weights

INTENDED_USE = (
    "Decision support for staff of a hematology laboratory: a first look at single fields of peripheral blood smears, "
    "stained and photographed as in the data set. Not for diagnosis, not for other laboratories before commissioning."
)
SPLIT = "split.json"
_GOLDEN_SMEARS = ((1, 6), (2, 9), (3, 14), (4, 3))  # seed, white cells


@dataclass(frozen=True)
class ExportSettings:
    """What becomes an artifact."""

    fusion: Path  # weights of the whole network
    model_id: str = "all-subtypes"
    version: str = "1.0.0"
    minimum_confidence: float = 0.8
    missed_cost: float = 5.0  # of calling an urgent class another, where any other mistake costs 1


def export(data: TrainingData, settings: ExportSettings, root: Path) -> Path:
    """Write ``{root}/{model_id}/{version}/``; return that folder. An artifact with this version must not exist yet."""
    data = replace(data, spec=counting_by_stain(data.spec))
    folder = root / settings.model_id / settings.version
    folder.mkdir(parents=True)
    network = build_fusion(side=data.spec.input_size)
    load_weights(network, settings.fusion)
    save_weights(network, folder / FLOAT_WEIGHTS, np.float16)
    # What goes on from a clone starts from these weights, so they are what is converted and measured.
    load_weights(network, folder / FLOAT_WEIGHTS)
    served_network = with_evidence(network)
    (folder / WEIGHTS).write_bytes(convert(served_network))
    data.split.save(folder / SPLIT)
    write_texts(folder)
    training_pictures, training_labels = data.part("train")
    colours = fit_colours(training_pictures, training_labels, data.part("validation")[0])
    (folder / COLOURS).write_text(colours.model_dump_json() + "\n")
    (folder / GOLDEN).write_text('{"predictions": []}\n')
    (folder / CARD).write_text("")
    width = int(served_network.output[FEATURE_OUTPUT].shape[-1])
    (folder / FEATURES).write_bytes(provisional_features(len(DISEASE.classes), width).to_bytes())
    quality = fit_quality(measure_all(training_pictures, data.spec))
    reference = fit_reference(training_pictures, training_labels, data.spec, data.split.digest)
    (folder / MICROSCOPE_REFERENCE).write_text(reference.model_dump_json() + "\n")

    provisional = _write_manifest(folder, data, settings, _plain_decisions(settings), quality, {})
    classifier = Classifier(load_artifact(folder))
    validation = without_copies(data.split.validation)
    untempered = served(classifier, network_inputs(data.root, validation, classifier))
    labels = labels_of(validation)
    temperature = fit_temperature(labels, untempered)
    tempered = temper(untempered, temperature)
    features = [served_features(classifier, data.root, part) for part in (data.split.train, validation)]
    (folder / FEATURES).write_bytes(fit_features(features[0], training_labels, features[1], labels).to_bytes())
    decision = provisional.decision.model_copy(
        update={
            "temperature": round(temperature, 4),
            "prediction_set_threshold": round(fit_prediction_set(labels, tempered), 6),
        }
    )
    _write_manifest(folder, data, settings, decision, quality, {})
    classifier = Classifier(load_artifact(folder))
    (folder / GOLDEN).write_text(_golden(classifier).model_dump_json(indent=1) + "\n")
    add_baseline(folder, reference_baseline(data.root, data.split.train, classifier))
    metrics = measure(classifier, network, data)
    draw_confusion_matrix(metrics["test"]["confusion_matrix"], "Unseen smears", folder / "figures" / "confusion_matrix.png")
    steps = lineage(settings.fusion)
    draw_learning_curves({step.name: step / "log.csv" for step in steps}, folder / "figures" / "learning_curves.png")
    manifest = _write_manifest(folder, data, settings, decision, quality, metrics)
    write_card(folder, manifest, [read_step(step) for step in steps])
    sign_card(folder)
    return folder


def counting_by_stain(spec: PreprocessingSpec) -> PreprocessingSpec:
    """The specification that serves: it numbers cells by their stain; the network sees what it saw in training."""
    return spec.model_copy(update={"counting": None if spec.stain else StainSpec(network_sees="photographed")})


def lineage(weights: Path) -> list[Path]:
    """Folders of the runs that led to a weights file, first things first: a run's settings name the files it began with."""
    folders: dict[Path, None] = {}
    for value in json.loads((weights.parent / "settings.json").read_text())["settings"].values():
        if isinstance(value, str) and value.endswith(".npz"):
            folders |= dict.fromkeys(lineage(Path(value)))
    return [*folders, weights.parent]


def read_step(folder: Path) -> dict[str, Any]:
    """Name, settings and result on validation of one run."""
    settings = json.loads((folder / "settings.json").read_text())["settings"]
    shown = {name: Path(value).parent.name if str(value).endswith(".npz") else value for name, value in settings.items()}
    return {"step": folder.name, "settings": shown, "result": json.loads((folder / "result.json").read_text())}


def convert(network: keras.Model, quantized: bool = True) -> bytes:
    """LiteRT flat buffer with a signature (``original``, ``segmented``): dynamic-range int8 weights, or all float32."""
    import tensorflow as tf

    with tempfile.TemporaryDirectory() as folder:
        network.export(folder, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        converter.optimizations = [tf.lite.Optimize.DEFAULT] if quantized else []
        return bytes(converter.convert())


def measure(classifier: Classifier, network: keras.Model, data: TrainingData) -> dict[str, Any]:
    """Score the artifact on validation and test without copies, and count decisions that differ from the float network."""
    seen = {sample.sha256 for sample in data.split.train}
    parts = {name: without_copies(data.split.part(name)) for name in ("validation", "test")}
    leaked = [sample.path for part in parts.values() for sample in part if sample.sha256 in seen]
    if leaked:
        raise ValueError(f"expected no copy of a training smear among the unseen, found {leaked}")
    unseen = [sample for part in parts.values() for sample in part]
    inputs = network_inputs(data.root, unseen, classifier)
    as_served, as_float = served(classifier, inputs), in_float(network, inputs)
    same = as_served.argmax(axis=1) == as_float.argmax(axis=1)
    return {name: evaluate(classifier, data.root, part) for name, part in parts.items()} | {
        "float": {"accuracy": score(labels_of(unseen), as_float)["accuracy"], "smears": len(unseen)},
        "decisions_equal_to_float": float(same.mean()),
    }


def _plain_decisions(settings: ExportSettings) -> DecisionSpec:
    return DecisionSpec(
        temperature=1.0,
        minimum_confidence=settings.minimum_confidence,
        prediction_set_threshold=0.5,
        missed_cost=settings.missed_cost,
    )


def _golden(classifier: Classifier) -> Golden:
    predictions = []
    for seed, cells in _GOLDEN_SMEARS:
        jpeg = encode_jpeg(draw_synthetic_smear(seed, side=224, cells=cells))
        report = screen(jpeg, SPECIMEN, classifier).report
        assert report.result is not None
        assert report.evidence is not None
        predictions.append(
            GoldenPrediction(
                sha256=hashlib.sha256(jpeg).hexdigest(),
                jpeg_base64=base64.b64encode(jpeg).decode(),
                cell_count=report.evidence.cell_count,
                probabilities=report.result.probabilities,
            )
        )
    return Golden(predictions=predictions)


def _write_manifest(
    folder: Path,
    data: TrainingData,
    settings: ExportSettings,
    decision: DecisionSpec,
    quality: QualitySpec,
    metrics: dict[str, Any],
) -> Manifest:
    manifest = Manifest(
        id=settings.model_id,
        version=settings.version,
        disease=DISEASE,
        files={name: _sha256(folder / name) for name in _served(folder)},
        documents={CARD: _sha256(folder / CARD)},
        laboratory_files={name: _sha256(folder / name) for name in (FLOAT_WEIGHTS, SPLIT)},
        preprocessing=data.spec,
        preprocessing_sha256=data.spec.digest,
        decision=decision,
        quality=quality,
        data={
            "name": "Acute Lymphoblastic Leukemia (ALL) image dataset, Taleqani Hospital, DOI 10.34740/KAGGLE/DSV/2175623",
            "dataset_sha256": data.split.dataset,
            "split_sha256": data.split.digest,
            "split_seed": data.split.seed,
            "smears": {name: len(data.split.part(name)) for name in ("train", "test", "validation")},
        },
        metrics=metrics,
        libraries={
            name: version(name) for name in ("tensorflow", "keras", "ai-edge-litert", "numpy", "opencv-python-headless")
        },
        intended_use=INTENDED_USE,
    )
    (folder / MANIFEST).write_text(manifest.model_dump_json(by_alias=True, indent=1) + "\n")
    return manifest


def _served(folder: Path) -> list[str]:
    """Names of the files that serving reads, the texts of every language among them."""
    optional = (texts_file("*"), MICROSCOPE_BASELINE)  # the baseline is measured with the finished model
    return sorted(SERVED | {MICROSCOPE_REFERENCE} | {path.name for name in optional for path in folder.glob(name)})


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
