"""A link for programs that may be cut off at any moment: it stores what was said, once."""

import json
from typing import Any

import pytest

from hemascope.domain.upload import SignedPut
from hemascope.portal.identity import Person, Role
from hemascope.portal.problems import BadRequest
from tests.support.portal_world import Portal

TECHNICIAN = Person(account="8f0c", role=Role.TECHNICIAN, hospital="st-mary")
NAMES = {"patient": "p-7", "slide": "c-1", "field": "f.jpg"}


def test_a_program_that_says_what_it_sends_gets_a_link_that_stores_it_once() -> None:
    body = json.dumps(NAMES | {"sha256": "00" * 31 + "ff", "size": 5})

    answer = Portal().desk.open_upload(TECHNICIAN, body)

    checksum = "A" * 41 + "P8="
    assert answer.put == SignedPut(
        url="https://uploads.example/smears/st-mary/p-7/c-1/f.jpg",
        headers={"x-amz-checksum-sha256": checksum, "content-length": "5", "if-none-match": "*"},
    )


def test_a_browser_that_says_nothing_gets_the_form_alone() -> None:
    assert Portal().desk.open_upload(TECHNICIAN, json.dumps(NAMES)).put is None


@pytest.mark.parametrize(
    "said",
    [
        {"sha256": "0" * 64},
        {"size": 5},
        {"sha256": "0" * 63, "size": 5},
        {"sha256": "G" * 64, "size": 5},
        {"sha256": "0" * 64, "size": 0},
        {"sha256": "0" * 64, "size": 33_554_433},
    ],
)
def test_half_a_statement_of_what_is_sent_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(BadRequest):
        Portal().desk.open_upload(TECHNICIAN, json.dumps(NAMES | said))
