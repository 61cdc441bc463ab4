"""The portal's API as an OpenAPI 3.1 document, generated from the table of routes."""

import inspect
import json
from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Any, Literal, get_args

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from hemascope.portal.problems import Problem
from hemascope.portal.requests import JsonBody, QueryString
from hemascope.portal.routes import PORTAL_API, REPORT_DOCUMENTS, Function, ReportFile, Route, Services

_Model = tuple[type[BaseModel], Literal["validation", "serialization"]]
_JSON, _PROBLEM = "application/json", "application/problem+json"
_TITLE = "Hemascope portal"
_DESCRIPTION = "Every request carries the identity token of the user pool. Its hospital decides whose data a caller reaches."
_VERSION = "1"


def openapi_text() -> str:
    """The document as it is written: indented, with a line feed at the end."""
    return json.dumps(openapi_document(), indent=2, ensure_ascii=False) + "\n"


def openapi_document() -> dict[str, Any]:
    """Describe every route of the portal."""
    routes = [*_operations(PORTAL_API), *_operations(REPORT_DOCUMENTS)]
    models: list[_Model] = [(Problem, "serialization")]
    for route, _ in routes:
        models += [(model, "serialization") for model in _response_models(route)]
        if isinstance(route.request, JsonBody):
            models.append((route.request.model, "validation"))
    references, definitions = models_json_schema(list(dict.fromkeys(models)), ref_template="#/components/schemas/{model}")
    paths: dict[str, dict[str, Any]] = {}
    for route, operation in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, operation, references)
    return {
        "openapi": "3.1.0",
        "info": {"title": _TITLE, "description": _DESCRIPTION, "version": _VERSION},
        "paths": paths,
        "components": {
            "schemas": dict(sorted(definitions["$defs"].items())),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
            "responses": {
                "problem": {
                    "description": "A problem as in RFC 9457: 400, 403, 404, 409, 422, 500 or 503",
                    "content": {_PROBLEM: {"schema": references[Problem, "serialization"]}},
                }
            },
        },
        "security": [{"token": []}],
    }


def _operations(function: Function[Services]) -> Iterator[tuple[Route[Any], Any]]:
    return ((route, function.operation(route)) for route in function.routes)


def _operation(route: Route[Any], operation: Any, references: Mapping[Any, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.__name__,
        "summary": (inspect.getdoc(operation) or "").partition("\n")[0],
        "description": f"For the roles {', '.join(sorted(route.roles))}.",
        "parameters": _path_parameters(route.path),
        "responses": {str(route.status): _success(route, references), "default": {"$ref": "#/components/responses/problem"}},
    }
    if isinstance(route.request, QueryString):
        described["parameters"] += _query_parameters(route.request)
    if isinstance(route.request, JsonBody):
        schema = references[route.request.model, "validation"]
        body = {"description": f"JSON with {route.request.expected}", "required": True, "content": {_JSON: {"schema": schema}}}
        described["requestBody"] = body
    return described


def _path_parameters(path: str) -> list[dict[str, Any]]:
    names = [part.strip("{}") for part in path.split("/") if part.startswith("{")]
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _query_parameters(request: QueryString) -> list[dict[str, Any]]:
    """Lists are written with commas between their items."""
    schema = request.model.model_json_schema(ref_template="#/components/schemas/{model}")
    definitions = schema.get("$defs", {})
    return [
        {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", ()),
            "explode": False,
            "schema": _inlined(parameter, definitions),
        }
        for name, parameter in schema["properties"].items()
    ]


def _inlined(schema: Any, definitions: dict[str, Any]) -> Any:
    """A schema without references, which stands for itself."""
    if isinstance(schema, list):
        return [_inlined(part, definitions) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    return {name: _inlined(part, definitions) for name, part in schema.items()}


def _success(route: Route[Any], references: Mapping[Any, Any]) -> dict[str, Any]:
    if isinstance(route.response, ReportFile):
        schema = {"type": "string", "format": "binary"}
        return {"description": "The file", "content": {route.response.media_type: {"schema": schema}}}
    schemas = [references[model, "serialization"] for model in _response_models(route)]
    if not schemas:
        return {"description": "Done"}
    return {"description": "Success", "content": {_JSON: {"schema": schemas[0] if len(schemas) == 1 else {"anyOf": schemas}}}}


def _response_models(route: Route[Any]) -> tuple[type[BaseModel], ...]:
    """The models of a response in JSON: several where its form depends on the caller's role."""
    if isinstance(route.response, UnionType):
        return get_args(route.response)
    return () if route.response is None or isinstance(route.response, ReportFile) else (route.response,)
