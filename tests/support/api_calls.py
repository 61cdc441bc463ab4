"""Checks requests to the portal's API against its table of routes."""

import json
import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from hemascope.portal.requests import JsonBody
from hemascope.portal.routes import ROUTES, Route


def find_route(method: str, path: str) -> Route[Any]:
    """The route that serves a request; an AssertionError where there is none."""
    found = [
        route for route in ROUTES if route.method == method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", route.path), path)
    ]
    assert len(found) == 1, f"{method} {path} is no route"
    return found[0]


def check_call(method: str, address: str, body: Any = None) -> Route[Any]:
    """Assert that a request names a route and sends what it takes: no unknown name, and values that its model accepts.

    A cursor is opaque to whoever sends it, so any text may stand for one.
    """
    parts = urlsplit(address)
    route, query = find_route(method, parts.path), dict(parse_qsl(parts.query))
    taken = set(route.request.model.model_fields) if route.request else set()
    sent = query if body is None else body
    assert set(sent) <= taken, f"{route.key} does not take {sorted(set(sent) - taken)}"
    if isinstance(route.request, JsonBody):
        assert not query, f"{route.key} takes no query"
        route.request.parse(json.dumps(body))
    elif route.request:
        assert body is None, f"{route.key} takes no body"
        route.request.parse({name: value for name, value in query.items() if name != "cursor"})
    return route
