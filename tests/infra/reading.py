"""Reads synthesized templates: resources by type and name, statements and their actions."""

from typing import Any

Resources = dict[str, dict[str, Any]]


def of_type(resources: Resources, kind: str) -> Resources:
    found = {name: one for name, one in resources.items() if one["Type"] == kind}
    assert found, f"no {kind} in the templates"
    return found


def statements(resources: Resources, kind: str) -> list[dict[str, Any]]:
    documents = [one["Properties"]["PolicyDocument"] for one in of_type(resources, kind).values()]
    return [statement for document in documents for statement in document["Statement"]]


def named(resources: Resources, kind: str, field: str, name: str) -> dict[str, Any]:
    """Properties of the resource of this name."""
    (found,) = [one["Properties"] for one in of_type(resources, kind).values() if one["Properties"].get(field) == name]
    return found


def actions_of(statement: dict[str, Any]) -> list[str]:
    actions = statement["Action"]
    return [actions] if isinstance(actions, str) else list(actions)
