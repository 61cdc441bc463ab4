"""Fields of a slide as the tests write them down: what one report says, in a line."""

from datetime import UTC, datetime
from typing import Any

from hemascope.domain.report import Report
from hemascope.domain.slide import SlideReport
from hemascope.model.folder import ArtifactFolder
from hemascope.slides.fields import SlideField
from hemascope.slides.statement import build_slide_report
from hemascope_cli.project import artifact_folder

_SHIPPED = ArtifactFolder.open(artifact_folder(None))
DISEASE, TEXTS = _SHIPPED.disease, _SHIPPED.texts("en")
CLASSES = ("Benign", "Early Pre-B", "Pre-B", "Pro-B")
URGENT = ("Early Pre-B", "Pre-B", "Pro-B")
BENIGN, EARLY, PRE, PRO = (
    tuple(0.94 if place == index else 0.02 for place in range(4)) for index in range(4)
)  # confident, each for one class


def smear_report(
    name: str,
    probabilities: tuple[float, ...] = BENIGN,
    cells: int = 20,
    decision: str = "confident",
    *,
    likely: tuple[str, ...] | None = None,
    slide: str = "c-1",
    patient: str = "p-7",
    version: str = "1.0.0",
    object_id: str | None = None,
    minute: int | None = 0,
) -> Report:
    """A report on one field."""
    label = CLASSES[probabilities.index(max(probabilities))]
    content: dict[str, Any] = {
        "object_id": object_id or f"id of {name}",
        "specimen": {"hospital": "st-mary", "patient": patient, "slide": slide, "field": name},
        "state": "reported",
        "issued_at": None if minute is None else datetime(2026, 3, 1, 8, minute, tzinfo=UTC),
        "result": {
            "label": label,
            "probabilities": dict(zip(CLASSES, probabilities, strict=True)),
            "confidence": max(probabilities),
            "prediction_set": likely or (label,),
            "conformal_set": (label,),
            "decision": decision,
            "recommendation": f"advice on {decision}",
        },
        "evidence": {
            "cell_count": cells,
            "mask_coverage": 0.2,
            "quality": {"sharpness": 100.0, "brightness": 200.0, "contrast": 30.0, "figures": {"sharpness": 0.15}},
            "out_of_distribution_score": 0.4,
            "feature_score": 0.25,
            "cells": [cell_row(number) for number in range(1, cells + 1)],
        },
        "model": {"id": "all-subtypes", "version": version, "sha256": "a" * 64, "preprocessing": "b" * 64},
    }
    return Report.model_validate(content)


def cell_row(number: int) -> dict[str, Any]:
    """One counted cell."""
    place = {"row": 50.0, "column": 60.0, "area": 300}
    return {"number": number, **place, "roundness": 0.8, "brightness": 120.0, "evidence_share": 0.0}


def rejected_report(name: str) -> Report:
    """A report on a picture that could not be judged."""
    refusal = {"reason": "truncated", "message": "expected all of it", "advice": "Send the picture again."}
    whole = smear_report(name).model_dump(mode="json")
    return Report.model_validate(whole | {"state": "rejected", "result": None, "evidence": None, "rejection": refusal})


def field(name: str, *arguments: Any, **named: Any) -> SlideField:
    """A field with such a report."""
    return of_report(smear_report(name, *arguments, **named))


def of_report(report: Report) -> SlideField:
    """A field with this report, called as its file is."""
    assert report.specimen is not None
    return SlideField(report.specimen.field, report.object_id, report)


def state(*fields: SlideField) -> SlideReport:
    """What the fields say together, in English."""
    return build_slide_report(fields, URGENT, TEXTS.slide)
