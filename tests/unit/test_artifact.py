import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hemascope.domain.errors import ArtifactError
from hemascope.domain.quality import QualityReason
from hemascope.model.artifact import Artifact, load_artifact
from hemascope.model.classifier import Classifier
from hemascope.model.feature_reference import FeatureReference

Edit = Callable[[dict], object]
SERVED = ["model.tflite", "golden.json", "texts.en.json", "colour_reference.json", "feature_reference.npz"]


@pytest.fixture
def copy(artifact: Artifact, tmp_path: Path) -> Path:
    folder = tmp_path / "1.0.0"
    shutil.copytree(artifact.folder, folder, ignore=shutil.ignore_patterns("weights.*", "figures"))
    return folder


def edit(path: Path, change: Edit) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def edit_and_sign(folder: Path, name: str, change: Edit) -> None:
    """Change a file as somebody would who knows that the manifest holds its digest."""
    edit(folder / name, change)
    sign(folder, name)


def sign(folder: Path, name: str) -> None:
    digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    edit(folder / "manifest.json", lambda manifest: manifest["files"].update({name: digest}))


def test_an_unaltered_copy_without_laboratory_files_loads(copy: Path, artifact: Artifact) -> None:
    loaded = load_artifact(copy)

    assert loaded.reference == artifact.reference
    assert loaded.reference.name == f"all-subtypes/{artifact.manifest.version}"


@pytest.mark.parametrize("name", SERVED)
def test_an_altered_file_is_refused(copy: Path, name: str) -> None:
    with (copy / name).open("ab") as file:
        file.write(b" ")

    with pytest.raises(ArtifactError, match=f"expected {name} with sha256"):
        load_artifact(copy)


@pytest.mark.parametrize("name", [*SERVED, "manifest.json"])
def test_a_missing_file_is_refused(copy: Path, name: str) -> None:
    (copy / name).unlink()

    with pytest.raises(ArtifactError, match=name):
        load_artifact(copy)


@pytest.mark.parametrize("name", SERVED)
def test_a_file_that_the_manifest_does_not_vouch_for_is_refused(copy: Path, name: str) -> None:
    edit(copy / "manifest.json", lambda manifest: manifest["files"].pop(name))

    with pytest.raises(ArtifactError, match=name):
        load_artifact(copy)


def test_another_preprocessing_under_the_old_hash_is_refused(copy: Path) -> None:
    edit(copy / "manifest.json", lambda manifest: manifest["preprocessing"].update(mark_width=0.3))

    with pytest.raises(ArtifactError, match=r"expected preprocessing [0-9a-f]{12} \(the running code\)"):
        load_artifact(copy)


def test_another_preprocessing_hash_is_refused(copy: Path) -> None:
    edit(copy / "manifest.json", lambda manifest: manifest.update(preprocessing_sha256="0" * 64))

    with pytest.raises(ArtifactError, match="received 000000000000"):
        load_artifact(copy)


@pytest.mark.parametrize("texts", ["recommendation", "patient"])
def test_texts_without_one_of_the_classes_are_refused(copy: Path, texts: str) -> None:
    edit_and_sign(copy, "texts.en.json", lambda content: content[texts].pop("Pro-B"))

    with pytest.raises(ArtifactError, match="Pro-B"):
        load_artifact(copy)


@pytest.mark.parametrize(("texts", "missing"), [("caution", "poor_quality"), ("advice", "too_small")])
def test_texts_without_words_for_a_decision_or_a_rejection_are_refused(copy: Path, texts: str, missing: str) -> None:
    edit_and_sign(copy, "texts.en.json", lambda content: content[texts].pop(missing))

    with pytest.raises(ArtifactError, match=missing):
        load_artifact(copy)


@pytest.mark.parametrize("junk", [b"", b"not JSON", b"[]", b"{}", b'{"schema": "hemascope.manifest/1"}', b"\xff\xfe"])
def test_a_manifest_that_is_none_is_refused(copy: Path, junk: bytes) -> None:
    (copy / "manifest.json").write_bytes(junk)

    with pytest.raises(ArtifactError, match="expected a model artifact in"):
        load_artifact(copy)


@pytest.mark.parametrize("what", ["name", "folder"])
def test_two_classes_of_one_name_or_folder_are_refused(copy: Path, what: str) -> None:
    edit(copy / "manifest.json", lambda manifest: manifest["disease"]["classes"][0].update({what: "Pre"}))
    edit(copy / "manifest.json", lambda manifest: manifest["disease"]["classes"][1].update({what: "Pre"}))

    with pytest.raises(ArtifactError, match=f"expected a {what} of its own for each class"):
        load_artifact(copy)


@pytest.mark.parametrize("missing", ["quality", "disease", "documents"])
def test_a_manifest_that_lacks_a_part_is_refused(copy: Path, missing: str) -> None:
    edit(copy / "manifest.json", lambda manifest: manifest.pop(missing))

    with pytest.raises(ArtifactError, match=missing):
        load_artifact(copy)


def test_a_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="expected a model artifact in"):
        load_artifact(tmp_path / "nowhere")


def with_feature_reference(folder: Path, classes: int, width: int = 1024) -> None:
    reference = FeatureReference(
        scale=np.ones(width, np.float32),
        means=np.zeros((classes, width), np.float32),
        directions=np.eye(2, width, dtype=np.float32),
        variances=np.ones(2, np.float32),
        rest=np.float32(1.0),
        accepted=np.float32(1.0),
        typical=np.ones(classes, np.float32),
    )
    (folder / "feature_reference.npz").write_bytes(reference.to_bytes())
    sign(folder, "feature_reference.npz")


def test_a_feature_reference_of_other_classes_is_refused(copy: Path) -> None:
    with_feature_reference(copy, classes=3)

    with pytest.raises(ArtifactError, match="expected features of 4 classes, received 3"):
        load_artifact(copy)


def test_an_altered_feature_reference_is_refused(copy: Path) -> None:
    with_feature_reference(copy, classes=4)
    with (copy / "feature_reference.npz").open("ab") as file:
        file.write(b" ")

    with pytest.raises(ArtifactError, match=r"expected feature_reference\.npz with sha256"):
        load_artifact(copy)


def test_a_file_that_is_no_feature_reference_is_refused(copy: Path) -> None:
    (copy / "feature_reference.npz").write_bytes(b"no arrays")
    sign(copy, "feature_reference.npz")

    with pytest.raises(ArtifactError, match="expected a feature reference"):
        load_artifact(copy)


def test_a_feature_reference_of_another_width_is_refused(copy: Path) -> None:
    with_feature_reference(copy, classes=4, width=512)

    with pytest.raises(ArtifactError, match=r"expected 512 features, as in the reference, received \(1024,\)"):
        Classifier(load_artifact(copy))


@pytest.mark.parametrize("cost", [0.5, -1.0])
def test_a_missed_leukemia_never_costs_less_than_another_mistake(copy: Path, cost: float) -> None:
    edit(copy / "manifest.json", lambda manifest: manifest["decision"].update(missed_cost=cost))

    with pytest.raises(ArtifactError, match="missed_cost"):
        load_artifact(copy)


def test_a_network_of_another_input_size_is_refused(copy: Path) -> None:
    from hemascope.domain.preprocessing import PreprocessingSpec

    spec = PreprocessingSpec(input_size=96)
    change = {"preprocessing": spec.model_dump(mode="json"), "preprocessing_sha256": spec.digest}
    edit(copy / "manifest.json", lambda manifest: manifest.update(change))

    with pytest.raises(ArtifactError, match=r"'original': \(96, 96, 3\).*received.*128"):
        Classifier(load_artifact(copy))


def test_a_network_with_another_number_of_classes_is_refused(copy: Path) -> None:
    mature = {"name": "Mature B", "folder": "Mature", "display": "Mature B pattern"}
    edit(copy / "manifest.json", lambda manifest: manifest["disease"]["classes"].append(mature))

    def name_the_class(texts: dict) -> None:
        for part in (texts["recommendation"], texts["patient"], texts["slide"]["pattern"]):
            part["Mature B"] = part["Pro-B"]

    edit_and_sign(copy, "texts.en.json", name_the_class)
    with_feature_reference(copy, classes=5)

    with pytest.raises(ArtifactError, match=r"expected 5 probabilities, received \(4,\)"):
        Classifier(load_artifact(copy))


def test_weights_that_are_no_network_are_refused(copy: Path) -> None:
    (copy / "model.tflite").write_bytes(b"these are no weights" * 100)
    sign(copy, "model.tflite")

    with pytest.raises(ArtifactError, match="expected a LiteRT network"):
        Classifier(load_artifact(copy))


def test_a_quality_gate_without_words_for_its_reasons_is_refused(copy: Path) -> None:
    edit_and_sign(copy, "texts.en.json", lambda texts: texts["quality"].pop("out_of_focus"))

    with pytest.raises(ArtifactError, match="quality advice"):
        load_artifact(copy)


def test_a_quality_gate_with_its_words_loads(copy: Path) -> None:
    limits = {"limits": [{"figure": "sharpness", "reason": "out_of_focus", "low": 0.05}]}
    edit(copy / "manifest.json", lambda manifest: manifest.update({"quality": limits}))

    loaded = load_artifact(copy)

    assert loaded.manifest.quality.limits[0].low == 0.05
    assert set(loaded.texts.quality) == set(QualityReason)
