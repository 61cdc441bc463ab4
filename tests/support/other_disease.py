"""A second disease: an artifact of two classes, from a tiny network and texts of its own. Its medicine is made up."""

import hashlib
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from hemascope.domain.errors import RejectionReason
from hemascope.domain.manifest import CARD, COLOURS, FEATURES, GOLDEN, MANIFEST, TEXTS, WEIGHTS
from hemascope.domain.quality import QualityReason
from hemascope.imaging.synthetic import draw_synthetic_smear, encode_jpeg
from hemascope.model.artifact import Artifact
from hemascope.model.feature_reference import FeatureReference

NAMES = ("Uninfected", "Parasitized")
# Words of the shipped disease.
FORBIDDEN = r"(?i)leuk|blast|lymphob|hematogone|benign|pre-b|pro-b|flow cytometry|specialist in hematology"
UNINFECTED, PARASITIZED = (encode_jpeg(draw_synthetic_smear(1, cells=number)) for number in (2, 14))
_WIDTH = 6
_MESSAGE = {
    "headline": "The laboratory has looked for parasites.",
    "explanation": "A computer program looked at your blood.",
    "next_step": "Please call your clinic today.",
}
_DISEASE = {
    "classes": [
        {"name": "Uninfected", "folder": "Uninfected", "display": "No parasites"},
        {
            "name": "Parasitized",
            "folder": "Parasitized",
            "display": "Malaria parasites",
            "urgent": True,
            "codes": [{"system": "https://laboratory.example/codes", "code": "parasitized", "display": "Malaria parasites"}],
        },
    ],
    "report_code": {
        "system": "http://loinc.org",
        "code": "32700-7",
        "display": "Microscopic observation [Identifier] in Blood by Malaria smear",
    },
    "specimen_codes": [{"system": "http://snomed.info/sct", "code": "119297000", "display": "Blood specimen"}],
}


def make_artifact(shipped: Artifact, folder: Path) -> Path:
    """Write ``folder/malaria/1.0.0`` with the preprocessing and the quality limits of the shipped artifact; return it."""
    made = folder / "malaria" / "1.0.0"
    made.mkdir(parents=True)
    (made / WEIGHTS).write_bytes(_tiny_network(shipped.manifest.preprocessing.input_size))
    (made / FEATURES).write_bytes(_features().to_bytes())
    (made / COLOURS).write_text(shipped.colours.model_copy(update={"accepted_distance": 1e9}).model_dump_json())
    (made / TEXTS).write_text(json.dumps(_texts()))
    (made / GOLDEN).write_text('{"predictions": []}')
    (made / CARD).write_text("# malaria 1.0.0\n\nMade in a test.\n")
    manifest = shipped.manifest.model_dump(mode="json", by_alias=True)
    manifest |= {
        "id": "malaria",
        "version": "1.0.0",
        "disease": _DISEASE,
        "files": {name: _digest(made / name) for name in (WEIGHTS, FEATURES, COLOURS, TEXTS, GOLDEN)},
        "documents": {CARD: _digest(made / CARD)},
        "laboratory_files": {},
        "data": {},
        "metrics": {},
        "intended_use": "Tests.",
    }
    manifest["decision"]["temperature"] = 1.0
    (made / MANIFEST).write_text(json.dumps(manifest))
    return made


def _tiny_network(side: int) -> bytes:
    """Calls a smear parasitized where more than a twentieth of it is covered by stained cells; LiteRT flat buffer."""
    import tensorflow as tf

    class Network(tf.Module):  # type: ignore[misc]
        @tf.function(  # type: ignore[untyped-decorator]
            input_signature=[
                tf.TensorSpec((1, side, side, 3), tf.float32, "original"),
                tf.TensorSpec((1, side, side, 3), tf.float32, "segmented"),
            ]
        )
        def serve(self, original: Any, segmented: Any) -> dict[str, Any]:
            pooled = [tf.reduce_mean(picture, axis=(1, 2)) for picture in (original, segmented)]
            covered = tf.reduce_mean(tf.cast(tf.reduce_max(segmented, axis=-1) > 0.0, tf.float32), axis=(1, 2))
            logit = 400.0 * (covered - 0.05)
            maps = [
                tf.reduce_mean(tf.nn.avg_pool2d(picture, side // 8, side // 8, "VALID"), -1)
                for picture in (original, segmented)
            ]
            return {
                "probabilities": tf.nn.softmax(tf.stack([-logit, logit], axis=-1)),
                "features": tf.concat(pooled, axis=-1),
                "original_map": maps[0],
                "segmented_map": maps[1],
            }

    network = Network()
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(network, folder, signatures={"serving_default": network.serve})
        return bytes(tf.lite.TFLiteConverter.from_saved_model(folder).convert())


def _features() -> FeatureReference:
    """Accepts every picture; typical of none of the classes."""
    return FeatureReference(
        scale=np.ones(_WIDTH, np.float32),
        means=np.zeros((2, _WIDTH), np.float32),
        directions=np.eye(1, _WIDTH, dtype=np.float32),
        variances=np.ones(1, np.float32),
        rest=np.array(1.0, np.float32),
        accepted=np.array(1e9, np.float32),
        typical=np.full(2, 1e-6, np.float32),
    )


def _texts() -> dict[str, Any]:
    findings = ("suspected", "doubtful", "not_suspected", "no_answer")
    return {
        "language": "en",
        "title": "Search of a thin blood film for malaria parasites",
        "specimen": "Thin blood film",
        "recommendation": {"Uninfected": "No parasites were found.", "Parasitized": "Parasites were found. Start treatment."},
        "caution": dict.fromkeys(("indeterminate", "out_of_distribution", "poor_quality", "unverified"), "Repeat the film."),
        "caution_urgent": "Parasites are possible. Repeat the film today.",
        "patient": dict.fromkeys(NAMES, _MESSAGE),
        "patient_unclear": _MESSAGE,
        "patient_rejected": _MESSAGE,
        "patient_disclaimer": "A computer's first look.",
        "advice": dict.fromkeys(map(str, RejectionReason), "Send another picture."),
        "quality": dict.fromkeys(map(str, QualityReason), "Photograph the film again."),
        "slide": {
            "finding": {name: f"Malaria: {name.replace('_', ' ')}." for name in findings},
            "pattern": {"Uninfected": "No parasites in $cells cells.", "Parasitized": "Parasites in the film."},
            "no_pattern": "The fields disagree.",
            "tier": dict.fromkeys(("insufficient", "screening", "pattern"), "Cells are counted."),
            "counts": "$fields of $all fields count.",
            "recommendation": dict.fromkeys(findings, "Ask the parasitologist."),
            "suspicion": "probability of parasites",
            "suspicious": "parasites are possible",
            "no_cells": "Choose another field.",
            "failed": "Send the picture again.",
            "repeated": "A picture counts once.",
            "other_model": "Another model judged this field.",
            "patient": dict.fromkeys(findings, _MESSAGE),
            "patient_disclaimer": "A computer's first look.",
        },
    }


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
