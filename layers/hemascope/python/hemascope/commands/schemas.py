"""Publishes the contracts as JSON Schema."""

import json
from pathlib import Path

from pydantic import BaseModel

from hemascope.contracts.acquisition import Acquisition
from hemascope.contracts.case import CaseStatement, CaseSummary
from hemascope.contracts.hospital import HospitalSettings
from hemascope.contracts.notice import Notice
from hemascope.contracts.report import PatientSummary, Report
from hemascope.contracts.verdict import Verdict
from hemascope.model.artifact import Manifest

PUBLISHED: dict[str, type[BaseModel]] = {
    "report": Report,
    "patient-summary": PatientSummary,
    "case-statement": CaseStatement,
    "case-summary": CaseSummary,
    "acquisition": Acquisition,
    "verdict": Verdict,
    "notice": Notice,
    "hospital": HospitalSettings,
    "manifest": Manifest,
}


def schema_text(contract: type[BaseModel]) -> str:
    """JSON Schema of a contract as it is written: indented, with a line feed at the end."""
    return json.dumps(contract.model_json_schema(by_alias=True, mode="serialization"), indent=2, ensure_ascii=False) + "\n"


def write_schemas(folder: Path) -> list[Path]:
    """Write ``{name}.schema.json`` of every published contract."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, contract in PUBLISHED.items():
        path = folder / f"{name}.schema.json"
        path.write_text(schema_text(contract), encoding="utf-8")
        written.append(path)
    return written
