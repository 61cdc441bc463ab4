"""Which ids and file names the portal stores, asks about, and takes for the same."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from hemascope.portal.http import logger
from tests.support.portal_world import PortalWorld, account, content, opened

CLINICIAN = account("clinician")

Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def log() -> Any:
    kept = StringIO()
    before = logger.registered_handler.setStream(kept)
    yield kept
    logger.registered_handler.setStream(before)


@pytest.fixture
def ask(root: Path, log: StringIO, monkeypatch: pytest.MonkeyPatch) -> Ask:
    return opened(root, PortalWorld(), monkeypatch)


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ({"patient": "19800312"}, {"patient": "birth_date"}),
        ({"slide": "Mrs Smith"}, {"slide": "person_name"}),
        ({"field": "Mu\u0308ller_Hans.jpg", "patient": "Quint, P."}, {"patient": "person_name", "field": "person_name"}),
    ],
)
def test_names_of_people_are_stored_only_where_the_sender_says_that_they_are_none(
    ask: Ask, log: StringIO, names: dict[str, str], found: dict[str, str]
) -> None:
    body = {"patient": "p-7", "slide": "c-1", "field": "f.jpg"} | names

    asked = ask("POST /uploads", CLINICIAN, json.dumps(body))
    confirmed = ask("POST /uploads", CLINICIAN, json.dumps(body | {"names_confirmed": True}))

    assert (asked["statusCode"], confirmed["statusCode"]) == (422, 201)
    problem = content(asked)
    assert (problem["code"], problem["names"]) == ("unconfirmed_names", found)
    assert problem["detail"].endswith("Expected pseudonyms, or names_confirmed where it identifies nobody.")
    said = asked["body"] + log.getvalue()
    assert not [text for text in ("19800312", "Smith", "Hans", "Quint") if text in said]


def test_both_forms_of_an_id_lead_to_one_key(ask: Ask) -> None:
    forms = ("\u00e9\u304c.jpg", "e\u0301\u304b\u3099.jpg")

    keys = [
        content(ask("POST /uploads", CLINICIAN, json.dumps(dict.fromkeys(("patient", "slide", "field"), form))))["key"]
        for form in forms
    ]

    assert keys == ["smears/st-mary/\u00e9\u304c.jpg/\u00e9\u304c.jpg/\u00e9\u304c.jpg"] * 2
