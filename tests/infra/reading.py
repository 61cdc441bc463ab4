"""Reads synthesized templates (resources by type and name, statements and their actions), and settings."""

import os
import re
from collections.abc import Mapping
from typing import Any
from unittest.mock import patch

from infra.settings import Settings

Resources = dict[str, dict[str, Any]]


def of_type(resources: Resources, kind: str) -> Resources:
    found = {name: resource for name, resource in resources.items() if resource["Type"] == kind}
    assert found, f"no {kind} in the templates"
    return found


def statements(resources: Resources, kind: str) -> list[dict[str, Any]]:
    documents = [resource["Properties"]["PolicyDocument"] for resource in of_type(resources, kind).values()]
    return [statement for document in documents for statement in document["Statement"]]


def named(resources: Resources, kind: str, field: str, name: str) -> dict[str, Any]:
    """Properties of the resource of this name."""
    (found,) = [
        resource["Properties"] for resource in of_type(resources, kind).values() if resource["Properties"].get(field) == name
    ]
    return found


def actions_of(statement: dict[str, Any]) -> list[str]:
    actions = statement["Action"]
    return [actions] if isinstance(actions, str) else list(actions)


def allowing_statements(value: Any) -> list[dict[str, Any]]:
    """Every policy statement that allows something, wherever it stands in a resource."""
    if isinstance(value, list):
        return [found for item in value for found in allowing_statements(item)]
    if not isinstance(value, dict):
        return []
    own = [value] if value.get("Effect") == "Allow" and ("Action" in value or "NotAction" in value) else []
    return own + [found for item in value.values() for found in allowing_statements(item)]


def plain(value: Any) -> Any:
    """The value with each intrinsic as readable text: ``arn:${AWS::Partition}:...``, ``${Ingest.Uploads.Arn}``."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    intrinsic: tuple[str, Any] = next(iter(value.items())) if len(value) == 1 else ("", None)
    function, argument = intrinsic
    if function == "Fn::Join":
        return str(argument[0]).join(plain(argument[1]))
    if function == "Ref":
        return "${" + _short(argument) + "}"
    if function == "Fn::GetAtt":
        return "${" + f"{_short(argument[0])}.{argument[1]}" + "}"
    if function == "Fn::ImportValue":
        stack, export = argument.split(":", 1)
        output = re.fullmatch(r"ExportsOutput(?:FnGetAtt|Ref)(\w+?[0-9A-F]{8})(\w*?)[0-9A-F]{8}", export)
        assert output, export
        name, attribute = output.groups()
        return "${" + ".".join(part for part in (stack.rsplit("-", 1)[1], _short(name), attribute) if part) + "}"
    return {key: plain(item) for key, item in value.items()}


def _short(logical_id: str) -> str:
    return re.sub(r"[0-9A-F]{8}$", "", logical_id)


def read_settings(variables: Mapping[str, str]) -> Settings:
    """Settings of an environment that consists of these variables."""
    with patch.dict(os.environ, variables, clear=True):
        return Settings.read()
