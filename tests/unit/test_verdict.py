"""What a verdict may hold."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from hemascope.domain.review import Verdict

GOOD = {
    "number": 1,
    "kind": "correct",
    "label": "Pre-B",
    "comment": "Large nucleoli.\nSecond look\tneeded.",
    "reviewer": "8f0c",
    "at": datetime(2026, 3, 1, 8, 30, tzinfo=UTC),
    "model": "all-subtypes/1.0.1",
}


def test_a_verdict_is_stored_as_these_fields_and_no_others() -> None:
    assert Verdict.model_validate(GOOD).to_json() == (
        '{"kind":"correct","label":"Pre-B","comment":"Large nucleoli.\\nSecond look\\tneeded.","number":1,"reviewer":"8f0c",'
        '"at":"2026-03-01T08:30:00Z","model":"all-subtypes/1.0.1"}'
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"kind": "confirm"},
        {"label": None},
        {"label": ""},
        {"label": 101 * "x"},
        {"kind": "doubt"},
        {"number": 0},
        {"comment": 2001 * "x"},
        {"comment": "a\u0000b"},
        {"comment": "\u202eturned around"},
        {"comment": "\u001b[2J"},
        {"label": "Pre-B\r\nSet-Cookie: a=b"},
        {"label": "Pre-B\tno"},
        {"comment": "a\u2066b\u2069"},
        {"more": 1},
    ],
    ids=str,
)
def test_anything_else_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Verdict.model_validate(GOOD | changed)


@pytest.mark.parametrize(
    "comment", ["می\u200cشود", "👩\u200d⚕️ agrees", "a\nb\tc", "Voilà\u202f!", "見た\u3000同意", "\u200f\u05d0\u05d1"]
)
def test_a_comment_may_be_in_any_script(comment: str) -> None:
    assert Verdict.model_validate(GOOD | {"comment": comment}).comment == comment


@pytest.mark.parametrize("written", ["one\r\ntwo", "one\rtwo", "one\u2028two", "one\u2029two", "one\vtwo"])
def test_every_kind_of_line_break_is_stored_as_a_line_feed(written: str) -> None:
    assert Verdict.model_validate(GOOD | {"comment": written}).comment == "one\ntwo"


def test_a_decomposed_comment_is_stored_composed_and_may_be_as_long() -> None:
    assert Verdict.model_validate(GOOD | {"comment": 2000 * "e\u0301"}).comment == 2000 * "\u00e9"


def test_two_thousand_characters_are_a_comment_whatever_they_look_like() -> None:
    comment = ("<script>alert(1)</script>" + 2000 * "血")[:2000]

    assert Verdict.model_validate(GOOD | {"comment": comment}).comment == comment
