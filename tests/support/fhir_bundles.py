"""FHIR bundles of reports, and what the tests look for in them."""

import json
from collections.abc import Iterator
from typing import Any

from hemascope.documents.fhir import fhir_bundle
from hemascope.domain.report import Report
from hemascope.domain.reviewed import UNREVIEWED, Reviewed
from tests.support.slide_fields import DISEASE, TEXTS


def bundle(report: Report, reviewed: Reviewed = UNREVIEWED, version: Any = "R5") -> dict[str, Any]:
    return json.loads(fhir_bundle(report, DISEASE, TEXTS, reviewed, version))


def resources(content: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in content["entry"] if entry["resource"]["resourceType"] == kind]


def observations(content: dict[str, Any], code: str) -> list[dict[str, Any]]:
    return [resource for resource in resources(content, "Observation") if resource["code"]["coding"][0]["code"] == code]


def observation(content: dict[str, Any], code: str) -> dict[str, Any]:
    (found,) = observations(content, code)
    return found


def walk(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        yield part
        part = list(part.values())
    if isinstance(part, list):
        for member in part:
            yield from walk(member)
