"""The OpenAPI document of the portal: valid, as committed, and as the use cases are typed."""

import json
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from hemascope.portal.identity import Person
from hemascope.portal.routes import PORTAL_API, REPORT_DOCUMENTS, ROUTES, ReportFile, Route
from hemascope_cli.openapi import openapi_document, openapi_text

OPERATIONS = [
    pytest.param(route, function.operation(route), id=route.key)
    for function in (PORTAL_API, REPORT_DOCUMENTS)
    for route in function.routes
]


def test_the_document_is_valid_openapi() -> None:
    assert [error.message for error in OpenAPIV31SpecValidator(openapi_document()).iter_errors()] == []


def test_the_committed_document_is_the_generated_one(root: Path) -> None:
    committed = (root / "docs" / "contracts" / "openapi.json").read_text(encoding="utf-8")

    assert committed == openapi_text(), "openapi.json is out of date: run `hemascope schemas` and commit it"


def test_every_route_is_described_and_every_operation_has_its_own_name() -> None:
    paths = openapi_document()["paths"]
    described = {
        f"{method.upper()} {path}": operation for path, methods in paths.items() for method, operation in methods.items()
    }

    assert set(described) == {route.key for route in ROUTES}
    assert len({operation["operationId"] for operation in described.values()}) == len(ROUTES)


def test_a_route_is_described_by_its_models() -> None:
    paths = openapi_document()["paths"]
    slides, users = paths["/slides"]["get"], paths["/users"]["post"]

    assert [(parameter["name"], parameter["required"]) for parameter in slides["parameters"]] == [
        ("slide", True),
        ("patient", False),
    ]
    assert slides["responses"]["200"]["content"]["application/json"]["schema"] == {
        "anyOf": [{"$ref": "#/components/schemas/SlideView"}, {"$ref": "#/components/schemas/PatientSlideView"}]
    }
    assert users["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/NewAccount"}
    assert users["description"] == "For the roles admin."
    assert json.dumps(paths["/states"]["get"]["parameters"][0]["schema"]["items"]["pattern"]) == '"^[0-9a-f]{32}$"'


@pytest.mark.parametrize(("route", "operation"), OPERATIONS)
def test_a_rows_models_are_those_of_its_use_case(route: Route[Any], operation: Any) -> None:
    hints = get_type_hints(operation)
    returned = hints.pop("return")
    parameters = [name.strip("{}") for name in route.path.split("/") if name.startswith("{")]
    request = [] if route.request is None else [route.request.model]

    expected = bytes if isinstance(route.response, ReportFile) else type(None) if route.response is None else route.response
    assert returned == expected
    assert list(hints.values()) == [Person, *[str for _ in parameters], *request]
    assert list(hints)[1 : 1 + len(parameters)] == parameters
