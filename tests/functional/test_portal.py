"""What the portal answers to those who may ask, and what it tells those who asked wrongly."""

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from hemascope.domain.errors import TransientError
from hemascope.domain.report import State
from hemascope.domain.specimen import ObjectVersion
from hemascope.model.artifact import Artifact
from hemascope.portal.http import logger
from hemascope_cli.local.worker import load_handler
from tests.support.fakes import START, FixedClassifier
from tests.support.portal_world import CONTEXT, SMEAR, UNKNOWN, PortalWorld, account, content, request
from tests.support.rows import row

CLINICIAN = account("clinician")
PATIENT = account("patient", patient="p-7")
REPORT = f"GET /reports/{SMEAR.object_id}"
FOLDER = f"reports/{SMEAR.object_id}/all-subtypes/1.0.1"


BELL_AND_OVERRIDE = "patient (the character U+0007 BELL), slide (the character U+202E RIGHT-TO-LEFT OVERRIDE)"
DOTS_AND_SLASH = "patient (dots alone, which stand for a folder), slide (the character U+002F SOLIDUS)"


class Caller:
    """The function with its use cases on fakes, and what it logs."""

    def __init__(self, handler: Any, log: StringIO) -> None:
        self.handler, self.log = handler, log

    def __call__(self, *arguments: Any, **named: Any) -> dict[str, Any]:
        return self.handler(request(*arguments, **named), CONTEXT)

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.getvalue().splitlines()]


@pytest.fixture
def portal(screened: PortalWorld) -> PortalWorld:
    return screened


@pytest.fixture
def ask(root: Path, portal: PortalWorld, monkeypatch: pytest.MonkeyPatch) -> Any:
    handler, log = load_handler(root / "lambdas" / "portal_api" / "handler.py"), StringIO()
    monkeypatch.setitem(handler.__globals__, "services", lambda: portal.services)
    before = logger.registered_handler.setStream(log)
    yield Caller(handler, log)
    logger.registered_handler.setStream(before)


def test_an_account_is_told_what_it_is(ask: Caller) -> None:
    assert content(ask("GET /me", CLINICIAN)) == {"role": "clinician", "hospital": "st-mary", "patient": None}
    assert content(ask("GET /me", PATIENT)) == {"role": "patient", "hospital": "st-mary", "patient": "p-7"}


def test_the_form_is_for_one_key_of_the_senders_own_hospital(ask: Caller) -> None:
    body = '{"patient": "p 7", "slide": "c+1", "field": "50% 血液.jpg"}'

    answer = content(ask("POST /uploads", CLINICIAN, body))

    key = "smears/st-mary/p 7/c+1/50% 血液.jpg"
    assert answer["form"] == {"url": "https://uploads.example/", "fields": {"key": key, "at most": "33554432"}}
    assert answer["maximum_bytes"] == 33_554_432
    assert answer["expires_in"] == 300
    assert (answer["bucket"], answer["key"]) == ("uploads", key)
    assert "x-amz-version-id" in answer["id_rule"]


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        (None, None),
        ("", None),
        ("no json", None),
        ("[]", None),
        ('{"patient": "p-7", "slide": "c-1"}', "field"),
        ('{"patient": "../p-8", "slide": "c-1", "field": "f.jpg"}', "patient (the character U+002F SOLIDUS)"),
        ('{"patient": "p-7", "slide": "", "field": "f.jpg"}', "slide"),
        ('{"patient": "p-7", "slide": "c-1", "field": " f.jpg"}', "field (a blank at its beginning, U+0020 SPACE)"),
        ('{"patient": "p-7", "slide": "c-1", "field": "a\\u0000b.jpg"}', "field (the character U+0000 NULL)"),
        ('{"patient": "p-7\\u0007", "slide": "\\u202ec-1", "field": "f.jpg"}', BELL_AND_OVERRIDE),
        ('{"patient": "p-7", "slide": "c-1", "field": 7}', "field"),
        ('{"patient": "..", "slide": "/", "field": "f.jpg"}', DOTS_AND_SLASH),
        ('{"patient": "p-7", "slide": "c-1", "field": "f.jpg", "hospital": "st-joseph"}', None),
    ],
)
def test_a_wrong_upload_is_a_bad_request_that_names_fields_and_repeats_nothing(ask: Caller, body: str, wrong: str) -> None:
    answer = ask("POST /uploads", CLINICIAN, body)

    detail = content(answer)["detail"]
    assert answer["statusCode"] == 400
    assert detail.partition("; wrong: ")[2] == (f"{wrong}." if wrong else "")
    assert not [sent for sent in ("p-8", "st-joseph", "no json") if sent in answer["body"]]


def test_ids_that_are_too_long_together_are_a_bad_request(ask: Caller) -> None:
    body = json.dumps(dict.fromkeys(("patient", "slide", "field"), 255 * "血"))

    answer = ask("POST /uploads", CLINICIAN, body)

    assert answer["statusCode"] == 400
    assert content(answer)["detail"] == "expected a key of at most 1024 bytes, received 2312."


def test_a_body_that_is_no_text_is_a_bad_request(ask: Caller) -> None:
    event = request("POST /uploads", CLINICIAN, "//79") | {"isBase64Encoded": True}

    assert ask.handler(event, CONTEXT)["statusCode"] == 400


def test_staff_see_the_report_with_links_to_its_pictures(ask: Caller) -> None:
    answer = content(ask(REPORT, CLINICIAN))

    assert answer["state"] == "reported"
    ids = {"hospital": "st-mary", "patient": "p-7", "slide": "c-1", "microscope": "scope 1", "field": "field 1.jpg"}
    assert answer["specimen"] == ids
    assert answer["report"]["schema"] == "hemascope.report/2"
    assert answer["report"]["result"]["label"] == "Pre-B"
    assert answer["pictures"] == {
        "segmented": f"https://reports.example/{FOLDER}/segmented.png",
        "overlay": f"https://reports.example/{FOLDER}/overlay.png",
        "heat_maps": {
            branch: f"https://reports.example/{FOLDER}/heat_map.{branch}.png" for branch in ("original", "segmented")
        },
    }
    assert answer["expires_in"] == 300
    assert answer["others"] == []


def test_a_patient_sees_the_summary_and_nothing_of_the_report(ask: Caller) -> None:
    answer = content(ask(REPORT, PATIENT))

    assert set(answer) == {"summary"}
    assert set(answer["summary"]) == {
        *("schema", "object_id", "slide", "release", "issued_at", "headline", "explanation", "next_step", "disclaimer"),
        "telephone",
    }
    assert answer["summary"]["object_id"] == SMEAR.object_id


def test_the_newest_models_report_is_shown_and_the_others_are_listed(ask: Caller, portal: PortalWorld) -> None:
    (new,) = portal.ledger.rows
    old = new.model_copy(update={"model": "all-subtypes/0.9.0", "finished_at": START - timedelta(days=30)})
    portal.ledger.rows.insert(0, old)

    answer = content(ask(REPORT, CLINICIAN))

    assert answer["model"] == "all-subtypes/1.0.1"
    assert [other["model"] for other in answer["others"]] == ["all-subtypes/0.9.0"]


def test_a_failure_of_a_newer_model_hides_no_report(ask: Caller, portal: PortalWorld) -> None:
    (good,) = portal.ledger.rows
    later = {"model": "all-subtypes/2.0.0", "state": State.FAILED, "report_key": None, "finished_at": START + timedelta(days=1)}
    portal.ledger.rows.append(good.model_copy(update=later))

    answer = content(ask(REPORT, CLINICIAN))

    assert answer["model"] == "all-subtypes/1.0.1"
    assert [(other["model"], other["state"]) for other in answer["others"]] == [("all-subtypes/2.0.0", "failed")]
    assert set(content(ask(REPORT, PATIENT))) == {"summary"}


def test_a_failed_screening_is_shown_to_staff_and_is_nothing_yet_for_the_patient(ask: Caller, portal: PortalWorld) -> None:
    portal.ledger.rows = [row(State.FAILED, object=SMEAR, object_id=SMEAR.object_id, report_key=None, failure="LastDelivery")]

    staff, patient = ask(REPORT, CLINICIAN), ask(REPORT, PATIENT)

    assert staff["statusCode"] == 200
    assert content(staff)["state"] == "failed"
    assert (content(staff)["report"], content(staff)["pictures"]) == (None, None)
    assert patient["statusCode"] == 404


def test_a_rejected_smear_says_why_and_has_no_pictures(ask: Caller, portal: PortalWorld, artifact: Artifact) -> None:
    other = ObjectVersion(bucket="uploads", key="smears/st-mary/p-7/c-1/notes.jpg", version_id="v1")
    portal.screen(b"no picture", FixedClassifier(artifact, 0.25, 0.25, 0.25, 0.25), other)

    answer = content(ask(f"GET /reports/{other.object_id}", CLINICIAN))

    assert answer["report"]["rejection"]["reason"] == "unsupported_format"
    assert answer["pictures"] is None


@pytest.mark.parametrize("key", ["smears/st-mary/field.jpg", "elsewhere/st-mary/p-7/c-1/field.jpg"])
def test_a_smear_whose_key_says_not_whose_it_is_is_nobodys(ask: Caller, portal: PortalWorld, key: str) -> None:
    stray = ObjectVersion(bucket="uploads", key=key, version_id="v1")
    portal.ledger.rows.append(row(State.REJECTED, object=stray, object_id=stray.object_id, hospital=None))

    assert ask(f"GET /reports/{stray.object_id}", CLINICIAN)["statusCode"] == 403


@pytest.mark.parametrize("text", ["0f", "Jane Doe", SMEAR.object_id.upper(), f"{SMEAR.object_id}0", "'; --", "..", "0" * 3000])
def test_what_has_not_the_form_of_an_id_is_not_found_and_not_looked_up(ask: Caller, portal: PortalWorld, text: str) -> None:
    assert ask(f"GET /reports/{text}", CLINICIAN)["statusCode"] == 404
    assert portal.ledger.asked == []


def test_the_list_holds_the_own_hospitals_rows_newest_first_in_pages(ask: Caller, portal: PortalWorld) -> None:
    for number in range(1, 120):
        mine = number % 2 == 0
        hospital = "st-mary" if mine else "st-joseph"
        version = ObjectVersion(bucket="uploads", key=f"smears/{hospital}/p/c/{number}.jpg", version_id="v1")
        moment = START + timedelta(minutes=number)
        new = row(object=version, object_id=version.object_id, hospital=hospital, finished_at=moment)
        portal.ledger.rows.append(new)

    first = content(ask("GET /reports", CLINICIAN))
    second = content(ask("GET /reports", CLINICIAN, query={"cursor": first["cursor"]}))

    files = [row["specimen"]["field"] for row in first["rows"] + second["rows"]]
    assert files == [*(f"{number}.jpg" for number in range(118, 0, -2)), "field 1.jpg"]
    assert len(first["rows"]) == 50
    assert second["cursor"] is None


def test_a_cursor_of_another_hospital_shows_only_the_own_rows(ask: Caller, portal: PortalWorld) -> None:
    for number in range(60):
        version = ObjectVersion(bucket="uploads", key=f"smears/st-joseph/p/c/{number}.jpg", version_id="v1")
        moment = START + timedelta(minutes=number)
        portal.ledger.rows.append(row(object=version, object_id=version.object_id, hospital="st-joseph", finished_at=moment))
    theirs = content(ask("GET /reports", account("clinician", "st-joseph")))["cursor"]

    mine = content(ask("GET /reports", CLINICIAN, query={"cursor": theirs}))

    assert [row["specimen"]["hospital"] for row in mine["rows"]] == ["st-mary"]


@pytest.mark.parametrize("cursor", ["x", "e30", "bm9uc2Vuc2U", "é", "eyJob3NwaXRhbCI6InN0LWpvc2VwaCJ9"])
def test_a_cursor_of_another_make_is_a_bad_request(ask: Caller, cursor: str) -> None:
    assert ask("GET /reports", CLINICIAN, query={"cursor": cursor})["statusCode"] == 400


@pytest.mark.parametrize("route", ["GET /nothing", "POST /me", "DELETE /reports", "GET /reports/a/b"])
def test_another_address_is_not_found(ask: Caller, route: str) -> None:
    assert ask(route, CLINICIAN)["statusCode"] == 404


def test_a_problem_has_the_form_of_its_standard(ask: Caller) -> None:
    answer = ask(REPORT, account("clinician", "st-joseph"))

    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert content(answer) == {"title": "Forbidden", "status": 403, "detail": "This report is not yours."}


@pytest.mark.parametrize(
    ("error", "status"),
    [(TransientError("expected to read smears/st-mary/p-7, received SlowDown"), 503), (KeyError("smears/st-mary/p-7"), 500)],
)
def test_our_own_faults_tell_nothing_of_our_inside(ask: Caller, portal: PortalWorld, error: Exception, status: int) -> None:
    def fail(object_id: str) -> None:
        raise error

    portal.ledger.rows_of = fail

    answer = ask(REPORT, CLINICIAN)

    assert answer["statusCode"] == status
    assert "p-7" not in answer["body"] + ask.log.getvalue()
    assert ask.lines[0]["error"] == type(error).__name__


@pytest.mark.parametrize("route", ["GET /me", "POST /uploads", "GET /reports", REPORT, f"GET /reports/{UNKNOWN}"])
def test_no_cache_may_keep_an_answer(ask: Caller, route: str) -> None:
    answer = ask(route, CLINICIAN, '{"patient": "p-7", "slide": "c-1", "field": "f.jpg"}')

    assert answer["headers"]["Cache-Control"] == "no-store"


def test_the_log_says_which_report_and_never_whose(ask: Caller) -> None:
    ask(REPORT, CLINICIAN)
    ask("POST /uploads", CLINICIAN, '{"patient": "p-7", "slide": "c-1", "field": "field 1.jpg"}')
    ask("GET /reports/Jane%20Doe", CLINICIAN)

    notified = [(line["route"], line["status"], line.get("object_id"), line["request_id"]) for line in ask.lines]
    assert notified == [
        ("GET /reports/{object_id}", 200, SMEAR.object_id, "request-1"),
        ("POST /uploads", 201, None, "request-1"),
        ("GET /reports/{object_id}", 404, None, "request-1"),
    ]
    assert not [word for word in ("p-7", "c-1", "st-mary", "field 1", "smears/", "Jane", "8f0c") if word in ask.log.getvalue()]
