"""Who may ask what: every route x every kind of account, through the function's own entry."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hemascope.adapters.local_worker import load_handler
from hemascope.model.artifact import Artifact
from tests.fakes import FixedClassifier
from tests.portal_world import CONTEXT, SMEAR, UNKNOWN, Portal, account, request

UPLOAD = '{"patient": "p-7", "case": "c-1", "file": "field 1.jpg"}'
Ask = Callable[..., dict[str, Any]]

ROUTES = (
    "GET /me",
    "POST /uploads",
    "GET /reports",
    f"GET /reports/{SMEAR.object_id}",
    f"GET /reports/{UNKNOWN}",
    "GET /cases",
)
# The smear is of patient p-7 in the hospital st-mary.
ACCESS = {
    "technician": (account("technician"), (200, 201, 200, 200, 404, 200)),
    "clinician": (account("clinician"), (200, 201, 200, 200, 404, 200)),
    "admin": (account("admin"), (200, 403, 200, 200, 404, 200)),
    "the patient": (account("patient", patient="p-7"), (200, 403, 403, 200, 404, 200)),
    "another patient": (account("patient", patient="p-71"), (200, 403, 403, 403, 404, 404)),
    "foreign technician": (account("technician", "st-joseph"), (200, 201, 200, 403, 404, 404)),
    "foreign clinician": (account("clinician", "st-joseph"), (200, 201, 200, 403, 404, 404)),
    "foreign admin": (account("admin", "st-joseph"), (200, 403, 200, 403, 404, 404)),
    "foreign patient of the same id": (account("patient", "st-joseph", "p-7"), (200, 403, 403, 403, 404, 404)),
    "clinician with a patient's id": (account("clinician", patient="p-9"), (200, 201, 200, 200, 404, 200)),
    "clinician in a group that is no role": (account("clinician staff"), (200, 201, 200, 200, 404, 200)),
    "clinician without a hospital": (account("clinician", None), (403, 403, 403, 403, 403, 403)),
    "clinician of an empty hospital": (account("clinician", ""), (403, 403, 403, 403, 403, 403)),
    "clinician of two hospitals": (account("clinician", "st-mary/st-joseph"), (403, 403, 403, 403, 403, 403)),
    "patient without an id": (account("patient"), (403, 403, 403, 403, 403, 403)),
    "account of two roles": (account("patient clinician", patient="p-7"), (403, 403, 403, 403, 403, 403)),
    "account of a role that only looks like one": (account("clinicians"), (403, 403, 403, 403, 403, 403)),
    "account in another writing": (account("CLINICIAN"), (403, 403, 403, 403, 403, 403)),
    "account without a role": (account(""), (403, 403, 403, 403, 403, 403)),
    "access token": (account("clinician") | {"token_use": "access"}, (403, 403, 403, 403, 403, 403)),
    "token of no kind": ({"cognito:groups": "[clinician]", "custom:hospital": "st-mary"}, (403, 403, 403, 403, 403, 403)),
    "no claims": ({}, (403, 403, 403, 403, 403, 403)),
    "no authorizer": (None, (403, 403, 403, 403, 403, 403)),
}
NAMES = ("me", "upload", "list", "report", "unknown", "case")
CASES = [
    pytest.param(route, claims, status, id=f"{who}: {name}")
    for who, (claims, statuses) in ACCESS.items()
    for name, route, status in zip(NAMES, ROUTES, statuses, strict=True)
]


@pytest.fixture(scope="module")
def portal(artifact: Artifact, smear: bytes) -> Portal:
    portal = Portal()
    portal.screen(smear, FixedClassifier(artifact, 0.01, 0.02, 0.96, 0.01))
    return portal


@pytest.fixture
def ask(root: Path, portal: Portal, monkeypatch: pytest.MonkeyPatch) -> Ask:
    handler = load_handler(root / "lambdas" / "portal_api" / "handler.py")
    monkeypatch.setitem(handler.__globals__, "desk", lambda: portal.desk)
    return lambda *arguments, **named: handler(request(*arguments, **named), CONTEXT)


@pytest.mark.parametrize(("route", "claims", "status"), CASES)
def test_each_account_may_do_what_the_table_says(ask: Ask, route: str, claims: dict | None, status: int) -> None:
    query = {"case": "c-1"} if route == "GET /cases" else None

    answer = ask(route, claims, UPLOAD if route.startswith("POST") else None, query)

    assert answer["statusCode"] == status
