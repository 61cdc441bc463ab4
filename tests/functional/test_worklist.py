"""The worklist and the states of uploads, through the function's own entry."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from hemascope.domain.ledger import LedgerRow
from hemascope.domain.report import Decision, State
from hemascope.domain.specimen import ObjectVersion
from hemascope.model.artifact import Artifact
from tests.support.fakes import START, FixedClassifier
from tests.support.portal_world import SMEAR, UNKNOWN, PortalWorld, account, content
from tests.support.rows import row

CLINICIAN, TECHNICIAN = account("clinician"), account("technician")
Ask = Callable[..., dict[str, Any]]


def put(portal: PortalWorld, number: int, slide: str = "c-1", hospital: str = "st-mary", **changed: Any) -> LedgerRow:
    """A row of so many minutes after the start; plain as most are, but for what is changed."""
    version = ObjectVersion(bucket="uploads", key=f"smears/{hospital}/p-7/{slide}/{number}.jpg", version_id="v1")
    plain = {"object": version, "object_id": version.object_id, "hospital": hospital, "slide": slide, "urgent": False}
    moment = {"finished_at": START + timedelta(minutes=number)}
    portal.ledger.rows.append(row(**(plain | moment | {"decision": Decision.CONFIDENT} | changed)))
    return portal.ledger.rows[-1]


def listed(answer: dict[str, Any]) -> list[str]:
    return [row["specimen"]["field"].removesuffix(".jpg") for row in content(answer)["rows"]]


def test_a_row_says_what_was_decided_and_whether_somebody_has_acknowledged_it(ask: Ask, portal: PortalWorld) -> None:
    put(portal, 1, urgent=True, acknowledged_at=START)
    put(portal, 2, decision=None)

    rows = content(ask("GET /reports", CLINICIAN))["rows"]

    assert [(row["decision"], row["acknowledged"], row["release"]) for row in rows] == [
        (None, False, "preliminary"),
        ("confident", True, "preliminary"),
    ]


@pytest.mark.parametrize(
    ("query", "files"),
    [
        ({"state": "rejected"}, ["4"]),
        ({"decision": "confident"}, ["3", "2", "1"]),
        ({"urgent": "1"}, ["5", "2"]),
        ({"slide": "c-2"}, ["5", "3"]),
        ({"slide": "c-2", "decision": "indeterminate"}, ["5"]),
        ({"slide": "c-2", "urgent": "1"}, ["5"]),
        ({"slide": "c-9"}, []),
        ({"slide": "c/2"}, []),
        ({"state": "", "decision": "", "slide": ""}, ["5", "4", "3", "2", "1"]),
    ],
)
def test_the_worklist_is_filtered_newest_first(ask: Ask, portal: PortalWorld, query: dict[str, str], files: list[str]) -> None:
    put(portal, 3, "c-2", urgent=True, acknowledged_at=START)
    put(portal, 1)
    put(portal, 2, urgent=True)
    put(portal, 4, state=State.REJECTED, decision=None)
    put(portal, 5, "c-2", urgent=True, decision=Decision.INDETERMINATE)
    put(portal, 6, "c-2", "st-joseph", urgent=True)

    assert listed(ask("GET /reports", CLINICIAN, query=query)) == files


def test_a_slide_of_many_fields_comes_in_pages(ask: Ask, portal: PortalWorld) -> None:
    for number in range(70):
        put(portal, number)

    first = ask("GET /reports", CLINICIAN, query={"slide": "c-1"})
    second = ask("GET /reports", CLINICIAN, query={"slide": "c-1", "cursor": content(first)["cursor"]})

    assert (len(listed(first)), listed(first) + listed(second)) == (50, [str(number) for number in range(69, -1, -1)])
    assert content(second)["cursor"] is None


def test_a_slide_of_more_reports_than_anybody_photographs_is_a_bad_request(ask: Ask, portal: PortalWorld) -> None:
    for number in range(501):
        put(portal, number)

    assert ask("GET /reports", CLINICIAN, query={"slide": "c-1"})["statusCode"] == 400


@pytest.mark.parametrize("name", ["state", "decision", "urgent"])
def test_a_wrong_filter_is_named_and_not_repeated(ask: Ask, name: str) -> None:
    answer = ask("GET /reports", CLINICIAN, query={name: "Jane Doe"})

    assert answer["statusCode"] == 400
    assert content(answer)["detail"].endswith(f"wrong: {name}.")
    assert "Jane" not in answer["body"]


def test_states_tell_how_far_each_smear_has_come_and_why_not_further(
    ask: Ask, portal: PortalWorld, artifact: Artifact, smear: bytes
) -> None:
    notes = SMEAR.model_copy(update={"version_id": "v2"})
    portal.screen(smear, FixedClassifier(artifact, 0.01, 0.02, 0.96, 0.01))
    portal.screen(b"no picture", FixedClassifier(artifact, 0.25, 0.25, 0.25, 0.25), notes)
    failed = put(portal, 1, state=State.FAILED, report_key=None)
    foreign = put(portal, 2, hospital="st-joseph", state=State.REJECTED)
    ids = [SMEAR.object_id, notes.object_id, failed.object_id, foreign.object_id, UNKNOWN]

    answer = content(ask("GET /states", TECHNICIAN, query={"ids": ",".join(ids)}))

    assert [answer["states"][object_id] for object_id in ids] == ["reported", "rejected", "failed", "waiting", "waiting"]
    assert set(answer["reasons"]) == {notes.object_id}
    assert answer["reasons"][notes.object_id]["reason"] == "unsupported_format"
    assert answer["reasons"][notes.object_id]["advice"] == portal.texts.advice["unsupported_format"]


def test_a_report_counts_more_than_a_newer_models_failure(ask: Ask, portal: PortalWorld) -> None:
    good = put(portal, 1)
    later = {"model": "all-subtypes/2.0.0", "state": State.FAILED, "report_key": None, "finished_at": START + timedelta(days=1)}
    portal.ledger.rows.append(good.model_copy(update=later))

    answer = content(ask("GET /states", TECHNICIAN, query={"ids": good.object_id}))

    assert answer["states"] == {good.object_id: "reported"}


@pytest.mark.parametrize("ids", [None, "", "Jane Doe", f"{UNKNOWN},", ",".join(f"{number:032x}" for number in range(51))])
def test_states_of_no_ids_or_of_too_many_are_a_bad_request_and_nothing_is_looked_up(
    ask: Ask, portal: PortalWorld, ids: str | None
) -> None:
    answer = ask("GET /states", TECHNICIAN, query={"ids": ids} if ids is not None else None)

    assert (answer["statusCode"], portal.ledger.asked) == (400, [])
