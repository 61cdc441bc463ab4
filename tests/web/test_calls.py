"""Every call that the pages make names a route of the service, and sends what it takes."""

import json
import re
from pathlib import Path

import pytest

from hemascope.portal.requests import JsonBody
from hemascope.portal.routes import ROUTES

_ROW = re.compile(r"^  (\w+): (\[.*\]),$", re.MULTILINE)


@pytest.fixture(scope="module")
def calls(root: Path) -> dict[str, tuple[str, list[str]]]:
    """Route and sent names of each call in ``api.mjs``."""
    text = (root / "web" / "api.mjs").read_text(encoding="utf-8")
    table = text.partition("const calls = {\n")[2].partition("\n};")[0]
    rows = {name: json.loads(row) for name, row in _ROW.findall(table)}
    assert len(rows) == len(table.splitlines())
    return {name: (route, sent) for name, (route, *sent) in rows.items()}


def test_every_call_names_a_route_and_every_route_is_called(calls: dict[str, tuple[str, list[str]]]) -> None:
    assert sorted(route for route, _ in calls.values()) == sorted(route.key for route in ROUTES)


def test_a_call_sends_names_that_its_route_takes_and_all_that_it_needs(calls: dict[str, tuple[str, list[str]]]) -> None:
    routes = {route.key: route for route in ROUTES}
    for key, sent in calls.values():
        request = routes[key].request
        fields = request.model.model_fields if request else {}

        assert set(sent) <= set(fields), key
        assert {name for name, field in fields.items() if field.is_required()} <= set(sent), key
        assert key.startswith("GET ") is not isinstance(request, JsonBody) or request is None, key


def test_all_settings_of_a_hospital_are_sent_since_they_are_replaced_as_a_whole(
    calls: dict[str, tuple[str, list[str]]],
) -> None:
    (settings,) = [route.request for route in ROUTES if route.key == "PUT /hospital"]

    assert settings is not None
    assert set(calls["setHospital"][1]) == set(settings.model.model_fields)


def test_the_pages_make_no_other_call(root: Path, calls: dict[str, tuple[str, list[str]]]) -> None:
    pages = [path for path in sorted((root / "web").rglob("*.mjs")) if path.name != "api.mjs"]
    called = {name for path in pages for name in re.findall(r"\bapi\.(\w+)\(", path.read_text(encoding="utf-8"))}
    api = (root / "web" / "api.mjs").read_text(encoding="utf-8")
    methods = dict(re.findall(r"^  (\w+) = .*\bcalls\.(\w+)\b", api, re.MULTILINE))

    assert called == set(methods)
    assert methods == {name: name for name in calls}
    assert api.count("fetch(") == 1
    assert [path.name for path in pages if "config.api" in path.read_text(encoding="utf-8")] == ["app.mjs"]
