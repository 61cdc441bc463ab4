"""Reviewers at work, through the function's own entry: verdicts beside the report, two people, release, amendment."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hemascope.domain.errors import TransientError
from hemascope.domain.hospital import HospitalSettings
from hemascope.domain.ledger import LedgerRow
from hemascope.domain.report import Release
from hemascope.domain.review import Verdict
from hemascope.domain.specimen import ObjectVersion
from hemascope.model.artifact import Artifact
from tests.support.fakes import START, FixedClassifier
from tests.support.portal_world import SMEAR, PortalWorld, account, content, opened

ANN, BOB = (account("clinician", sub=name) for name in ("ann", "bob"))
REPORT = f"GET /reports/{SMEAR.object_id}"
VERDICTS = f"POST /reports/{SMEAR.object_id}/verdicts"
RELEASE = f"POST /reports/{SMEAR.object_id}/release"
CONFIRM = {"kind": "confirm"}
CORRECT = {"kind": "correct", "label": "Benign", "comment": "Hematogones, see field 3."}
LACKING = "Expected the same verdict of two people before the release."

Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def portal(artifact: Artifact, smear: bytes) -> PortalWorld:
    portal = PortalWorld()
    portal.screen(smear, FixedClassifier(artifact, 0.01, 0.02, 0.96, 0.01))
    decide(portal, "confident")
    return portal


def decide(portal: PortalWorld, decision: str) -> None:
    """Have the report on the smear say so of its Pre-B, whatever the model thinks of drawn pictures."""
    key = ObjectVersion(bucket="reports", key=portal.ledger.rows[0].report_key)
    report = json.loads(portal.reports.pictures[key])
    report["result"] |= {"decision": decision, "label": "Pre-B", "prediction_set": ["Pre-B"]}
    portal.reports.pictures[key] = json.dumps(report).encode()


@pytest.fixture
def model(artifact: Artifact) -> str:
    return artifact.reference.name


@pytest.fixture
def ask(root: Path, portal: PortalWorld, model: str, monkeypatch: pytest.MonkeyPatch) -> Ask:
    call = opened(root, portal, monkeypatch)

    def asking(
        route: str, claims: dict[str, str], body: dict[str, Any] | None = None, query: dict[str, str] | None = None
    ) -> dict[str, Any]:
        text = json.dumps({"model": model} | (body or {})) if route.startswith("POST") else None
        return call(route, claims, text, query)

    return asking


def need_two(portal: PortalWorld) -> None:
    portal.hospitals.change("st-mary", HospitalSettings(reviewers=2))


def test_a_verdict_is_numbered_dated_and_signed_and_has_a_file_of_its_own(ask: Ask, portal: PortalWorld, model: str) -> None:
    before = dict(portal.reports.pictures)

    answer = ask(VERDICTS, ANN, CORRECT)

    notified = {**CORRECT, "number": 1, "reviewer": "ann", "at": "2026-03-01T08:30:00Z", "model": model}
    assert answer["statusCode"] == 201
    assert content(answer) == notified
    assert {key: json.loads(stored) for key, (stored, _) in portal.reports.files.items()} == {
        f"verdicts/{SMEAR.object_id}/{model}/1.json": notified
    }
    assert portal.reports.pictures == before


def test_the_report_shows_verdicts_in_their_order_and_still_the_models_answer(ask: Ask) -> None:
    ask(VERDICTS, ANN, CONFIRM)
    ask(VERDICTS, BOB, CORRECT)

    shown = content(ask(REPORT, ANN))

    assert [(verdict["number"], verdict["reviewer"], verdict["kind"], verdict["label"]) for verdict in shown["verdicts"]] == [
        (1, "ann", "confirm", None),
        (2, "bob", "correct", "Benign"),
    ]
    assert shown["report"]["result"]["label"] == "Pre-B"
    assert shown["release"] == shown["report"]["release"] == "preliminary"


@pytest.mark.parametrize(("verdict", "release"), [(CONFIRM, "final"), (CORRECT, "amended")])
def test_a_confirmed_report_is_released_as_final_a_corrected_one_as_amended(
    ask: Ask, portal: PortalWorld, verdict: dict[str, str], release: str
) -> None:
    ask(VERDICTS, ANN, verdict)
    portal.clock.time = START + timedelta(hours=1)

    answer = ask(RELEASE, BOB)

    shown = content(ask(REPORT, ANN))
    assert (answer["statusCode"], content(answer)) == (200, {"release": release})
    assert shown["release"] == shown["report"]["release"] == release
    assert portal.ledger.rows[0].released_at == START + timedelta(hours=1)


def test_nothing_is_released_that_nobody_has_judged(ask: Ask, portal: PortalWorld) -> None:
    answer = ask(RELEASE, ANN)

    assert (answer["statusCode"], content(answer)["title"]) == (409, "Conflict")
    assert content(answer)["detail"] == "Expected a verdict before the release: confirm or correct the answer first."
    assert portal.ledger.rows[0].release is Release.PRELIMINARY


@pytest.mark.parametrize(
    ("second", "expected"),
    [((ANN, CONFIRM), LACKING), ((BOB, CORRECT), LACKING), ((BOB, CONFIRM), {"release": "final"})],
    ids=["the same person", "another word", "a second person"],
)
def test_two_people_must_say_the_same_where_the_hospital_wants_it(
    ask: Ask, portal: PortalWorld, second: tuple[dict[str, str], dict[str, str]], expected: object
) -> None:
    need_two(portal)
    ask(VERDICTS, ANN, CONFIRM)
    ask(VERDICTS, *second)

    answer = content(ask(RELEASE, ANN))

    assert answer.get("detail", answer) == expected


def test_a_verdict_after_the_release_amends_it_at_once(ask: Ask) -> None:
    ask(VERDICTS, ANN, CONFIRM)
    ask(RELEASE, ANN)

    ask(VERDICTS, BOB, CORRECT)

    assert content(ask(REPORT, ANN))["release"] == "amended"


def test_of_two_people_the_second_amends_what_is_released(ask: Ask, portal: PortalWorld) -> None:
    need_two(portal)
    for who in (ANN, BOB):
        ask(VERDICTS, who, CONFIRM)
    ask(RELEASE, ANN)

    ask(VERDICTS, ANN, CORRECT)
    between = portal.ledger.rows[0]
    ask(VERDICTS, BOB, CORRECT)

    assert (between.release, between.released_verdict_number) == (Release.FINAL, 2)
    assert (portal.ledger.rows[0].release, portal.ledger.rows[0].released_verdict_number) == (Release.AMENDED, 4)


def test_a_second_release_changes_nothing_and_is_no_entry(ask: Ask, portal: PortalWorld) -> None:
    ask(VERDICTS, ANN, CONFIRM)
    ask(RELEASE, ANN)
    before, entries = portal.ledger.rows[0], len(portal.audit.kept)

    answer = ask(RELEASE, BOB)

    assert content(answer) == {"release": "final"}
    assert (portal.ledger.rows[0], len(portal.audit.kept)) == (before, entries)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"kind": "confirm", "label": "Benign"}, "a comment of at most 2000 characters if there is one."),
        ({"kind": "correct"}, "a comment of at most 2000 characters if there is one."),
        ({"kind": "doubt"}, "wrong: kind."),
        ({"kind": "confirm", "comment": 2001 * "x"}, "wrong: comment."),
        ({"kind": "confirm", "reviewer": "bob"}, "a comment of at most 2000 characters if there is one."),
        ({"kind": "confirm", "number": 7}, "a comment of at most 2000 characters if there is one."),
        ({"kind": "correct", "label": "Flu"}, "Expected one of the classes Benign, Early Pre-B, Pre-B, Pro-B."),
        ({"kind": "correct", "label": "Pre-B"}, "This is the model's own answer. Please confirm it instead."),
    ],
)
def test_a_wrong_verdict_is_a_bad_request_and_leaves_nothing(ask: Ask, portal: PortalWorld, body: dict, detail: str) -> None:
    answer = ask(VERDICTS, ANN, body)

    assert answer["statusCode"] == 400
    assert content(answer)["detail"].endswith(detail)
    assert (portal.reports.files, portal.audit.kept, portal.ledger.rows[0].verdicts) == ({}, [], 0)


def test_where_the_model_stated_nothing_a_reviewer_may_state_what_it_thought_likely(ask: Ask, portal: PortalWorld) -> None:
    decide(portal, "indeterminate")

    assert ask(VERDICTS, ANN, {"kind": "correct", "label": "Pre-B"})["statusCode"] == 201


@pytest.mark.parametrize("route", ["verdicts", "release"])
def test_a_picture_that_could_not_be_judged_has_nothing_to_review(
    ask: Ask, portal: PortalWorld, artifact: Artifact, route: str
) -> None:
    other = ObjectVersion(bucket="uploads", key="smears/st-mary/p-7/c-1/notes.jpg", version_id="v1")
    portal.screen(b"no picture", FixedClassifier(artifact, 0.25, 0.25, 0.25, 0.25), other)

    answer = ask(f"POST /reports/{other.object_id}/{route}", ANN, CONFIRM if route == "verdicts" else None)

    assert answer["statusCode"] == 409
    assert content(answer)["detail"] == "There is no answer to review: this picture could not be judged."


@pytest.mark.parametrize("route", ["verdicts", "release"])
def test_another_models_answer_is_not_found(ask: Ask, route: str) -> None:
    body = {"model": "all-subtypes/9.9.9"} | (CONFIRM if route == "verdicts" else {})

    assert ask(f"POST /reports/{SMEAR.object_id}/{route}", ANN, body)["statusCode"] == 404


def test_a_verdict_of_a_writer_who_died_counts_before_the_next_one(ask: Ask, portal: PortalWorld, model: str) -> None:
    lost = Verdict(number=1, kind="confirm", reviewer="bob", at=START, model=model)
    portal.reports.write_once(f"verdicts/{SMEAR.object_id}/{model}/1.json", lost.to_json().encode(), "application/json")

    answer = ask(VERDICTS, ANN, CORRECT)

    assert content(answer)["number"] == 2
    assert [verdict["reviewer"] for verdict in content(ask(REPORT, ANN))["verdicts"]] == ["bob", "ann"]
    assert portal.audit.recorded[:2] == [("bob", "verdict", SMEAR.object_id), ("ann", "verdict", SMEAR.object_id)]


def test_a_release_never_overlooks_a_verdict_that_comes_at_the_same_moment(ask: Ask, portal: PortalWorld) -> None:
    ask(VERDICTS, ANN, CONFIRM)
    write = portal.ledger.set_review

    def somebody_is_faster(before: LedgerRow, after: LedgerRow) -> bool:
        portal.ledger.set_review = write
        assert ask(VERDICTS, BOB, CORRECT)["statusCode"] == 201
        return write(before, after)

    portal.ledger.set_review = somebody_is_faster
    answer = ask(RELEASE, ANN)

    assert content(answer) == {"release": "amended"}
    assert (portal.ledger.rows[0].verdicts, portal.ledger.rows[0].released_verdict_number) == (2, 2)


def test_of_two_verdicts_at_the_same_moment_both_count_once(ask: Ask, portal: PortalWorld) -> None:
    write = portal.reports.write_once

    def somebody_is_faster(*arguments: Any) -> bool:
        portal.reports.write_once = write
        assert ask(VERDICTS, BOB, CORRECT)["statusCode"] == 201
        return write(*arguments)

    portal.reports.write_once = somebody_is_faster
    answer = ask(VERDICTS, ANN, CONFIRM)

    assert content(answer)["number"] == 2
    assert [verdict["reviewer"] for verdict in content(ask(REPORT, ANN))["verdicts"]] == ["bob", "ann"]


def test_who_is_always_too_late_is_told_so(ask: Ask, portal: PortalWorld) -> None:
    ask(VERDICTS, ANN, CONFIRM)
    portal.ledger.set_review = lambda before, after: False

    answers = [ask(RELEASE, ANN), ask(VERDICTS, ANN, CONFIRM)]

    assert [answer["statusCode"] for answer in answers] == [409, 409]


def test_every_act_is_an_entry_of_who_did_it_before_it_is_done(ask: Ask, portal: PortalWorld) -> None:
    ask(VERDICTS, ANN, CONFIRM)
    ask(RELEASE, BOB)
    ask(VERDICTS, ANN, CORRECT)
    ask(REPORT, account("technician", sub="tom"))

    assert portal.audit.recorded == [
        (who, what, SMEAR.object_id)
        for who, what in (
            ("ann", "verdict"),
            ("bob", "released"),
            ("ann", "verdict"),
            ("ann", "amended"),
            ("tom", "viewed"),
        )
    ]


@pytest.mark.parametrize("route", [REPORT, RELEASE, VERDICTS, "GET /slides"])
def test_what_cannot_be_written_down_is_not_done(ask: Ask, portal: PortalWorld, route: str) -> None:
    ask(VERDICTS, ANN, CONFIRM)
    before = portal.ledger.rows[0]

    def fail(*arguments: Any) -> None:
        raise TransientError("expected to append to the audit trail, received SlowDown")

    portal.audit.append = fail
    answer = ask(route, ANN, CORRECT if route == VERDICTS else None, {"slide": "c-1"})

    assert answer["statusCode"] == 503
    assert portal.ledger.rows[0] == before
