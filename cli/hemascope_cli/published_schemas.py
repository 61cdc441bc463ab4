"""Publishes the contracts as JSON Schema, and the portal's API as an OpenAPI document."""

import json
from pathlib import Path

from pydantic import BaseModel

from hemascope.domain.acquisition import Acquisition
from hemascope.domain.hospital import HospitalSettings
from hemascope.domain.manifest import Manifest
from hemascope.domain.notification import Notification
from hemascope.domain.profile import MicroscopeProfile
from hemascope.domain.report import PatientSummary, Report
from hemascope.domain.review import Verdict
from hemascope.domain.slide import SlideReport, SlideSummary
from hemascope_cli.openapi import openapi_text

PUBLISHED: dict[str, type[BaseModel]] = {
    "report": Report,
    "patient-summary": PatientSummary,
    "slide-report": SlideReport,
    "slide-summary": SlideSummary,
    "acquisition": Acquisition,
    "microscope-profile": MicroscopeProfile,
    "verdict": Verdict,
    "notification": Notification,
    "hospital": HospitalSettings,
    "manifest": Manifest,
}


def schema_text(contract: type[BaseModel]) -> str:
    """JSON Schema of a contract as it is written: indented, with a line feed at the end."""
    return json.dumps(contract.model_json_schema(by_alias=True, mode="serialization"), indent=2, ensure_ascii=False) + "\n"


def write_schemas(folder: Path) -> list[Path]:
    """Write ``{name}.schema.json`` of every published contract, and ``openapi.json`` of the portal's API."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, contract in PUBLISHED.items():
        path = folder / f"{name}.schema.json"
        path.write_text(schema_text(contract), encoding="utf-8")
        written.append(path)
    path = folder / "openapi.json"
    path.write_text(openapi_text(), encoding="utf-8")
    return [*written, path]
