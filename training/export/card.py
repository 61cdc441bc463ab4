"""Writes ``MODEL_CARD.md``: from a manifest, whose numbers were measured at export, and from the evidence found later."""

import hashlib
from pathlib import Path
from typing import Any

from hemascope.domain.manifest import CARD, MANIFEST, Manifest

_EVIDENCE, _LIMITS = "## Evidence: ", "## Limits"
_SEEN = {
    "photographed": "Both in the colours as photographed; the mask follows each smear's own stain.",
    "balanced": "Both with the smear's own empty slide made white; the mask follows each smear's own stain.",
    "normalized": "Both in the colours of a reference stain, to which each smear is brought by its own anchors.",
}


def write_card(folder: Path, manifest: Manifest, recipe: list[dict[str, Any]]) -> None:
    """Write the card beside the manifest. ``recipe`` holds what was run, in order."""
    parts = manifest.metrics
    size = (folder / "model.tflite").stat().st_size / 1e6
    lines = [
        f"# {manifest.id} {manifest.version}",
        "",
        "**Decision support, not a diagnosis.**",
        "",
        manifest.intended_use,
        "",
        "## Network",
        "",
        "VGG16 (to `block5_conv3`) on the smear, DenseNet-121 (to `conv4_block9_0_bn`) on the segmented smear, pooled,",
        "concatenated, seven dense layers, softmax: Islam et al., Sensors 24 (2024) 4420.",
        *([_SEEN[manifest.preprocessing.stain.network_sees]] if manifest.preprocessing.stain else []),
        f"18,598,836 parameters; served by LiteRT with dynamic-range int8 weights ({size:.1f} MB).",
        "The backbones were not pretrained on ImageNet but on the training smears themselves.",
        "",
        "## Data",
        "",
        f"{manifest.data['name']}: the development part.",
        (
            f"Split {manifest.data['smears']['train']} / {manifest.data['smears']['test']} / "
            f"{manifest.data['smears']['validation']} (train / test / validation), stratified by class, "
            "byte-identical copies on"
        ),
        (
            f"one side; split sha256 `{manifest.data['split_sha256'][:16]}`, "
            f"data sha256 `{manifest.data['dataset_sha256'][:16]}`."
        ),
        "Validation chose between runs and set temperature and thresholds; no training step saw validation or test.",
        "",
        "## As served, on unseen smears, copies removed",
        "",
        "| part | smears | accuracy | precision | recall | F1 | specificity | calibration error |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
        *(_row(name, parts[name]) for name in ("test", "validation")),
        "",
        "Precision, recall, F1 and specificity are means over the classes (macro); calibration error is the expected",
        "calibration error over 15 bins.",
        "",
        "| class | precision | recall | F1 | specificity | mean cell count |",
        "| --- | --- | --- | --- | --- | --- |",
        *(
            f"| {name} | {_percent(scores['precision'])} | {_percent(scores['recall'])} | {_percent(scores['f1'])} "
            f"| {_percent(scores['specificity'])} | {parts['test']['mean_cell_count'][name]:.1f} |"
            for name, scores in parts["test"]["per_class"].items()
        ),
        "",
        "![confusion matrix of the test part](figures/confusion_matrix.png)",
        "",
        _matrix(manifest.disease.class_names, parts["test"]["confusion_matrix"]),
        "",
        f"{_percent(parts['decisions_equal_to_float'])} of the {parts['float']['smears']} unseen decisions equal those of the",
        f"float network, whose accuracy on them is {_percent(parts['float']['accuracy'])}.",
        f"Mistakes on the test part, by file: {', '.join(parts['test']['mistakes']) or 'none'}.",
        "",
        "## How it was made",
        "",
        "Steps of `python -m training`, in order, with their settings:",
        "",
        "| step | settings | accuracy on validation |",
        "| --- | --- | --- |",
        *(_step(step) for step in recipe),
        "",
        "![learning curves](figures/learning_curves.png)",
        "",
        f"{_LIMITS}: who must not rely on it",
        "",
        "- One hospital, one archive of 89 patients without patient numbers: neighbouring pictures come from the same slide,",
        "  so a random split flatters. Twelve global colour figures alone reach about 96 % here; the network may read the",
        "  stain as much as the cell. Robustness to other stains and lamps is what a section on shifts above says of it;",
        "  without that section none has been established.",
        "- A picture whose colours are unlike the training pictures is called `out_of_distribution`. That guard looks at",
        "  colour only.",
        "- Subtypes are patterns that need flow cytometry to confirm. Patients must not rely on it without a physician.",
        "",
        "Made with " + ", ".join(f"{name} {number}" for name, number in manifest.libraries.items()) + ".",
    ]
    (folder / CARD).write_text("\n".join(lines) + "\n")


def add_evidence(folder: Path, title: str, text: str) -> None:
    """Put what was measured after export into the card, before its limits; a section of that title is replaced.

    Raises
    ------
    ValueError
        Where the folder's card has no section about limits: it is not one of :func:`write_card`.
    """
    card, limits, rest = (folder / CARD).read_text().partition(_LIMITS)
    if not limits:
        raise ValueError(f"expected a section '{_LIMITS}' in {folder / CARD}, found none")
    first, *sections = card.split(_EVIDENCE)
    kept = [section for section in sections if not section.startswith(f"{title}\n")]
    parts = [first, *(f"{_EVIDENCE}{section}" for section in [*kept, f"{title}\n\n{text}\n\n"])]
    (folder / CARD).write_text("".join(parts) + limits + rest)
    sign_card(folder)


def sign_card(folder: Path) -> None:
    """Write the digest of the card into the manifest beside it."""
    manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    documents = manifest.documents | {CARD: hashlib.sha256((folder / CARD).read_bytes()).hexdigest()}
    signed = manifest.model_copy(update={"documents": documents})
    (folder / MANIFEST).write_text(signed.model_dump_json(by_alias=True, indent=1) + "\n")


def _row(name: str, part: dict[str, Any]) -> str:
    figures = [
        part[figure] for figure in ("accuracy", "precision", "recall", "f1", "specificity", "expected_calibration_error")
    ]
    return f"| {name} | {part['smears']} | " + " | ".join(_percent(figure) for figure in figures) + " |"


def _step(step: dict[str, Any]) -> str:
    settings = ", ".join(f"{name} {value}" for name, value in step["settings"].items())
    return f"| {step['step']} | {settings} | {_percent(step['result']['accuracy'])} |"


def _matrix(classes: tuple[str, ...], matrix: list[list[int]]) -> str:
    head = "| truth \\ answer | " + " | ".join(classes) + " |"
    rows = [f"| {name} | " + " | ".join(str(count) for count in row) + " |" for name, row in zip(classes, matrix, strict=True)]
    return "\n".join([head, "| --- " * (len(classes) + 1) + "|", *rows])


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"
