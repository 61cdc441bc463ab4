"""The table of who may ask what, driven through the function's own entry."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hemascope.domain.microscope import Microscope, Suspension
from hemascope.model.artifact import Artifact
from hemascope.portal import routes as portal_routes
from hemascope.portal.identity import person_of
from tests.functional.access_table import ACCOUNTS, IDS, NOBODIES, ROUTES, Route
from tests.support.api_calls import find_route
from tests.support.fakes import START, FixedClassifier
from tests.support.portal_world import SMEAR, PortalWorld, account, opened

REVIEWED, FRESH = (SMEAR.model_copy(update={"version_id": version}) for version in ("v2", "v3"))
PORTAL_ROUTES = portal_routes.ROUTES
Ask = Callable[..., dict[str, Any]]
CASES = [
    pytest.param(route, claims, int(status), id=f"{who}: {route.request} {route.query or ''}")
    for route in ROUTES
    for (who, claims), status in zip(ACCOUNTS.items(), route.statuses.split(), strict=True)
]


@pytest.fixture(scope="module")
def screened(artifact: Artifact, smear: bytes) -> PortalWorld:
    portal = PortalWorld()
    for version in (SMEAR, REVIEWED, FRESH):
        portal.screen(smear, FixedClassifier(artifact, 0.01, 0.02, 0.96, 0.01), version)
    return portal


@pytest.fixture
def portal(screened: PortalWorld) -> PortalWorld:
    portal = PortalWorld(screened.model)
    portal.ledger.rows, portal.reports.pictures = list(screened.ledger.rows), screened.reports.pictures
    return portal


@pytest.fixture
def names(artifact: Artifact) -> dict[str, str]:
    ids = {"smear": SMEAR.object_id, "reviewed": REVIEWED.object_id, "fresh": FRESH.object_id}
    return IDS | ids | {"model": artifact.reference.name}


@pytest.fixture
def ask(root: Path, portal: PortalWorld, names: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Ask:
    call = opened(root, portal, monkeypatch)

    def asking(route: Route, claims: dict[str, str] | None) -> int:
        request, body = route.filled(names)
        answer = call(request, claims, json.dumps(body) if request.startswith(("POST", "PUT")) else None, route.query or None)
        return int(answer["statusCode"])

    scope = Microscope(hospital="st-mary", name="scope 1")
    portal.microscopes.store(scope)
    closed = Microscope(hospital="st-mary", name="scope 2", suspension=Suspension(reason="drift", at=START, by="drift"))
    portal.microscopes.store(closed)
    names.update({"microscope": scope.digest, "suspended": closed.digest})
    portal.accounts.invite("st-mary", "mia@hospital.example", "technician", None)
    opinion = {"model": names["model"], "kind": "confirm"}
    reviewed = call(f"POST /reports/{REVIEWED.object_id}/verdicts", account("clinician", sub="ann"), json.dumps(opinion))
    assert reviewed["statusCode"] == 201
    return asking


@pytest.mark.parametrize(("route", "claims", "status"), CASES)
def test_each_account_may_do_what_the_table_says(ask: Ask, route: Route, claims: dict | None, status: int) -> None:
    assert ask(route, claims) == status


@pytest.mark.parametrize("who", NOBODIES)
def test_an_unclear_account_may_nothing(ask: Ask, who: str) -> None:
    assert {ask(route, NOBODIES[who]) for route in ROUTES} == {403}


@pytest.mark.parametrize("claims", [account("clinician", patient="p-9"), account("clinician staff")])
def test_what_else_stands_in_an_account_changes_nothing(ask: Ask, claims: dict[str, str]) -> None:
    column = list(ACCOUNTS).index("clinician")

    assert [ask(route, claims) for route in ROUTES] == [int(route.statuses.split()[column]) for route in ROUTES]


def test_what_was_refused_has_changed_nothing_and_shown_nothing(ask: Ask, portal: PortalWorld) -> None:
    before, entries = list(portal.ledger.rows), len(portal.audit.kept)

    for claims in (*NOBODIES.values(), account("clinician", "st-joseph"), account("patient", patient="p-71")):
        for route in ROUTES:
            ask(route, claims)

    assert (portal.ledger.rows, len(portal.audit.kept)) == (before, entries)


def key_of(request: str) -> str:
    """The route that a line of the table asks for."""
    method, _, path = request.partition(" ")
    return find_route(method, re.sub(r"\{(\w+)\}", r"\1", path)).key


def test_every_route_is_in_the_table() -> None:
    assert {key_of(line.request) for line in ROUTES} == {route.key for route in PORTAL_ROUTES}
    assert len(CASES) >= 120


@pytest.mark.parametrize("route", PORTAL_ROUTES, ids=lambda route: route.key)
def test_the_table_lets_the_roles_of_a_route_in_and_nobody_else(route: portal_routes.Route[Any]) -> None:
    statuses = [line.statuses.split() for line in ROUTES if key_of(line.request) == route.key]
    for column, claims in enumerate(ACCOUNTS.values()):
        role = person_of(claims).role if claims else None
        answers = {line[column] for line in statuses}

        assert answers == {"403"} if role not in route.roles else claims["custom:hospital"] != "st-mary" or answers != {"403"}
