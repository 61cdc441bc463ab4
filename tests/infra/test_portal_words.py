"""What of a model the portal's function has beside its code."""

import json
from pathlib import Path

import pytest

from tests.infra.reading import Resources, of_type

pytestmark = pytest.mark.synth


def test_the_portal_knows_the_models_words_and_card_and_not_its_network(resources: Resources, assembly: Path) -> None:
    layers, functions = (of_type(resources, f"AWS::Lambda::{kind}") for kind in ("LayerVersion", "Function"))
    (layer,) = [found for name, found in layers.items() if name.startswith("portal/Words")]
    (function,) = [found for name, found in functions.items() if name.startswith("portal/Answer")]
    variables = function["Properties"]["Environment"]["Variables"]
    digest = layer["Properties"]["Content"]["S3Key"].removesuffix(".zip")
    assets = json.loads((assembly / "Hemascope-dev-Portal.assets.json").read_text())["files"]
    folder = assembly / assets[digest]["source"]["path"]

    assert sorted(path.name for path in folder.rglob("*")) == [
        "MODEL_CARD.md",
        "manifest.json",
        "microscope_baseline.json",
        "texts.en.json",
    ]
    assert (variables["HEMASCOPE_ARTIFACT"], variables["HEMASCOPE_LANGUAGE"]) == ("/opt", "en")
