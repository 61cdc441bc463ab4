import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from hemascope.domain.errors import RejectionReason
from hemascope.domain.report import PatientSummary, Report

MODEL = {"id": "all-subtypes", "version": "1.0.0", "sha256": "a" * 64, "preprocessing": "b" * 64}
PLACE = {"number": 1, "row": 3.5, "column": 4.0, "area": 60}
CELL = {**PLACE, "roundness": 0.9, "brightness": 120.0, "evidence_share": 0.2}
SPECIMEN = {"hospital": "st-mary", "patient": "p-7", "slide": "c-1", "field": "f.jpg"}


def result(**changed: Any) -> dict[str, Any]:
    return {
        "label": "Pre-B",
        "probabilities": {"Benign": 0.1, "Early Pre-B": 0.1, "Pre-B": 0.7, "Pro-B": 0.1},
        "confidence": 0.7,
        "prediction_set": ["Pre-B"],
        "conformal_set": [],
        "decision": "confident",
        "recommendation": "Ask for flow cytometry.",
        **changed,
    }


def reported(**changed: Any) -> dict[str, Any]:
    return {
        "schema": "hemascope.report/2",
        "object_id": "0f" * 16,
        "specimen": SPECIMEN,
        "state": "reported",
        "issued_at": datetime(2026, 3, 1, 8, 30, tzinfo=UTC).isoformat(),
        "result": result(),
        "evidence": {
            "cell_count": 1,
            "mask_coverage": 0.2,
            "quality": {"sharpness": 100.0, "brightness": 200.0, "contrast": 30.0, "figures": {}},
            "out_of_distribution_score": 0.4,
            "feature_score": 0.3,
            "cells": [CELL],
        },
        "model": MODEL,
        **changed,
    }


def rejected(**changed: Any) -> dict[str, Any]:
    refusal = {"reason": "truncated", "message": "expected all", "advice": "Send it again."}
    return {**reported(), "state": "rejected", "result": None, "evidence": None, "rejection": refusal, **changed}


@pytest.mark.parametrize("content", [reported(), rejected(), rejected(specimen=None)])
def test_a_report_survives_its_own_json(content: dict[str, Any]) -> None:
    report = Report.model_validate(content)

    assert Report.model_validate_json(report.to_json()) == report
    assert json.loads(report.to_json())["schema"] == "hemascope.report/2"


def test_a_report_is_one_line_preliminary_and_no_diagnosis() -> None:
    text = Report.model_validate(reported()).to_json()

    assert "\n" not in text
    assert json.loads(text)["release"] == "preliminary"
    assert json.loads(text)["disclaimer"] == "decision support, not a diagnosis"


@pytest.mark.parametrize(
    "content",
    [
        reported(result=None),
        reported(evidence=None),
        reported(rejection=rejected()["rejection"]),
        rejected(rejection=None),
        rejected(result=result()),
        reported(state="failed"),
        reported(surprise="field"),
        reported(disclaimer="a diagnosis"),
        reported(schema="hemascope.report/3"),
        reported(model={**MODEL, "sha256": "short"}),
    ],
    ids=lambda content: f"{content['state']}-{len(content)}",
)
def test_half_a_report_or_a_strange_one_is_refused(content: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Report.model_validate(content)


@pytest.mark.parametrize(
    "changed",
    [
        {"label": "Mature B"},
        {"prediction_set": ["Pre-B", "Mature B"]},
        {"probabilities": {"Benign": 0.5, "Pre-B": 0.7}},
        {"probabilities": {"Benign": -0.1, "Pre-B": 1.1}},
        {"confidence": 1.2},
        {"decision": "certain"},
    ],
)
def test_a_result_that_contradicts_itself_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Report.model_validate(reported(result=result(**changed)))


def test_reports_do_not_change_once_made() -> None:
    report = Report.model_validate(reported())

    with pytest.raises(ValidationError, match="frozen"):
        report.object_id = "other"  # type: ignore[misc]


def test_the_patients_summary_has_no_room_for_internals() -> None:
    fields = set(PatientSummary.model_fields)

    assert not fields & {"result", "probabilities", "label", "evidence", "model", "specimen", "confidence"}


def test_rejection_reasons_are_part_of_the_contract() -> None:
    assert sorted(RejectionReason) == [
        "blank",
        "corrupt",
        "empty_file",
        "file_too_large",
        "invalid_key",
        "several_pictures",
        "too_many_pixels",
        "too_small",
        "truncated",
        "unsupported_colour",
        "unsupported_format",
    ]


def with_cells(*cells: dict[str, Any]) -> dict[str, Any]:
    whole = reported()
    return {**whole, "evidence": {**whole["evidence"], "cell_count": 2, "cells": cells}}


def test_a_report_holds_a_row_for_each_counted_cell() -> None:
    report = Report.model_validate(with_cells(CELL, {**CELL, "number": 2}))

    assert report.evidence is not None
    assert [cell.number for cell in report.evidence.cells] == [1, 2]
    assert Report.model_validate_json(report.to_json()) == report


@pytest.mark.parametrize("cells", [(), (CELL,), (CELL, CELL), (CELL, {**CELL, "number": 3}), ({**CELL, "roundness": 1.2},)])
def test_rows_that_are_not_those_of_the_counted_cells_are_refused(cells: tuple[dict[str, Any], ...]) -> None:
    with pytest.raises(ValidationError):
        Report.model_validate(with_cells(*cells))
