"""What a patient reads, and when: own summaries alone, released where the hospital says so, and never a corrected answer."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from hemascope.domain.hospital import HospitalSettings
from hemascope.domain.report import PatientSummary, State
from hemascope.domain.specimen import ObjectVersion, Patient, report_keys
from tests.support.fakes import START
from tests.support.portal_world import PortalWorld, account, content
from tests.support.rows import row
from tests.support.slide_fields import BENIGN, PRE, smear_report

CLINICIAN = account("clinician", sub="ann")
PATIENT = account("patient", patient="p-7", sub="pat")
MODEL = "all-subtypes/1.0.0"
NORMAL = "Nothing that looks like leukemia was found in this picture."
CLOSER_LOOK = "Your doctor wants to take a closer look at your blood sample."
UNCLEAR_SLIDE = "The pictures of your sample did not give a clear answer yet."
UNCLEAR = "The picture did not give a clear answer."

Ask = Callable[..., dict[str, Any]]


def add(
    portal: PortalWorld,
    file: str,
    probabilities: tuple[float, ...],
    *,
    patient: str = "p-7",
    hospital: str = "st-mary",
    minute: int = 0,
    version: str = "1.0.0",
    state: State = State.REPORTED,
    decision: str = "confident",
) -> str:
    """Put a screened smear into ledger and bucket; give its id."""
    picture = ObjectVersion(bucket="uploads", key=f"smears/{hospital}/{patient}/c-1/{file}", version_id="v1")
    model, object_id = f"all-subtypes/{version}", picture.object_id
    report = smear_report(file, probabilities, 120, decision, patient=patient, version=version, object_id=object_id)
    assert report.result is not None
    words = portal.texts.patient[report.result.label]
    moment = START + timedelta(minutes=minute)
    summary = PatientSummary(
        object_id=object_id,
        slide="c-1",
        release="preliminary",
        issued_at=moment,
        disclaimer=portal.texts.patient_disclaimer,
        **words.model_dump(),
    )
    keys = report_keys(object_id, model)
    for key, text in ((keys.report, report.to_json()), (keys.summary, summary.to_json())):
        portal.reports.pictures[ObjectVersion(bucket="reports", key=key)] = text.encode()
    whose = Patient(hospital=hospital, patient=patient).digest
    fields = {"object": picture, "object_id": object_id, "model": model, "hospital": hospital, "slide": "c-1"}
    found = row(state, **fields, patient=whose, finished_at=moment, report_key=None if state is State.FAILED else keys.report)
    portal.ledger.rows.append(found)
    return object_id


def judge(ask: Ask, object_id: str, label: str | None, *, release: bool, version: str = "1.0.0") -> None:
    """A reviewer's word, and its release."""
    verdict = {"kind": "correct", "label": label} if label else {"kind": "confirm"}
    named = {"model": f"all-subtypes/{version}"}
    assert ask(f"POST /reports/{object_id}/verdicts", CLINICIAN, json.dumps(named | verdict))["statusCode"] == 201
    if release:
        assert ask(f"POST /reports/{object_id}/release", CLINICIAN, json.dumps(named))["statusCode"] == 200


def after_review(portal: PortalWorld) -> None:
    portal.hospitals.change("st-mary", HospitalSettings(release="after_review"))


def headline(ask: Ask, object_id: str) -> str | None:
    answer = ask(f"GET /reports/{object_id}", PATIENT)
    return content(answer)["summary"]["headline"] if answer["statusCode"] == 200 else None


def test_at_once_and_marked_preliminary_where_the_hospital_says_nothing_else(ask: Ask, portal: PortalWorld) -> None:
    smear = add(portal, "1.jpg", PRE)

    summary = content(ask(f"GET /reports/{smear}", PATIENT))["summary"]

    assert (summary["headline"], summary["release"]) == (CLOSER_LOOK, "preliminary")


def test_nothing_before_the_release_where_the_hospital_wants_a_review(ask: Ask, portal: PortalWorld) -> None:
    after_review(portal)
    smear = add(portal, "1.jpg", PRE)

    unseen = ask(f"GET /reports/{smear}", PATIENT)
    judge(ask, smear, None, release=False)
    unreleased = ask(f"GET /reports/{smear}", PATIENT)
    judge(ask, smear, None, release=True)
    released = ask(f"GET /reports/{smear}", PATIENT)

    assert (unseen["statusCode"], unreleased["statusCode"], released["statusCode"]) == (404, 404, 200)
    assert content(unseen)["detail"] == "There is no report of this id, or not yet."
    assert content(released)["summary"]["release"] == "final"


def test_a_corrected_answer_is_told_in_the_words_for_the_reviewers_label(ask: Ask, portal: PortalWorld) -> None:
    smear = add(portal, "1.jpg", PRE)
    portal.clock.time = START + timedelta(hours=2)

    judge(ask, smear, "Benign", release=True)

    summary = content(ask(f"GET /reports/{smear}", PATIENT))["summary"]
    assert summary == {
        "schema": "hemascope.patient-summary/1",
        "object_id": smear,
        "slide": "c-1",
        "release": "amended",
        "issued_at": "2026-03-01T10:30:00Z",
        **portal.texts.patient["Benign"].model_dump(),
        "telephone": None,
        "disclaimer": portal.texts.patient_disclaimer,
    }
    assert summary["headline"] == NORMAL


def test_a_patient_reads_which_number_to_call_and_hears_of_a_new_one(ask: Ask, portal: PortalWorld) -> None:
    smear = add(portal, "1.jpg", PRE)

    numbers = []
    for number in ("+49 30 1234", "+49 30 9876"):
        portal.hospitals.change("st-mary", HospitalSettings(telephone=number))
        numbers.append(content(ask(f"GET /reports/{smear}", PATIENT))["summary"]["telephone"])

    assert numbers == ["+49 30 1234", "+49 30 9876"]


def test_between_a_correction_and_its_release_neither_answer_is_told(ask: Ask, portal: PortalWorld) -> None:
    smear = add(portal, "1.jpg", PRE)

    judge(ask, smear, "Benign", release=False)

    assert headline(ask, smear) == UNCLEAR


def test_what_two_people_released_is_told_until_two_agree_on_something_else(ask: Ask, portal: PortalWorld) -> None:
    smear = add(portal, "1.jpg", PRE)
    judge(ask, smear, None, release=True)
    portal.hospitals.change("st-mary", HospitalSettings(reviewers=2))

    judge(ask, smear, "Benign", release=False)

    assert headline(ask, smear) == CLOSER_LOOK


def test_a_new_models_answer_does_not_bring_the_corrected_one_back(ask: Ask, portal: PortalWorld) -> None:
    smear = add(portal, "1.jpg", PRE)
    judge(ask, smear, "Benign", release=True)

    add(portal, "1.jpg", PRE, version="1.0.1", minute=90)

    assert headline(ask, smear) == NORMAL


def test_the_list_holds_the_patients_own_newest_first(ask: Ask, portal: PortalWorld) -> None:
    first, second = add(portal, "1.jpg", PRE, minute=1), add(portal, "2.jpg", BENIGN, minute=2)
    add(portal, "3.jpg", PRE, minute=3, patient="p-71")
    add(portal, "4.jpg", PRE, minute=4, hospital="st-joseph")
    add(portal, "5.jpg", PRE, minute=5, state=State.FAILED)

    answer = content(ask("GET /summaries", PATIENT))

    assert set(answer) == {"summaries"}
    assert [(summary["object_id"], summary["headline"]) for summary in answer["summaries"]] == [
        (second, NORMAL),
        (first, CLOSER_LOOK),
    ]
    assert sorted(portal.audit.recorded) == sorted([("pat", "viewed", first), ("pat", "viewed", second)])


def test_the_list_holds_what_is_out_in_the_words_that_are_out(ask: Ask, portal: PortalWorld) -> None:
    after_review(portal)
    released = add(portal, "1.jpg", PRE, minute=1)
    add(portal, "2.jpg", BENIGN, minute=2)
    judge(ask, released, "Benign", release=True)

    notified = content(ask("GET /summaries", PATIENT))["summaries"]

    assert [(summary["object_id"], summary["headline"], summary["release"]) for summary in notified] == [
        (released, NORMAL, "amended")
    ]


def test_one_smear_is_listed_once_whatever_number_of_models_judged_it(ask: Ask, portal: PortalWorld) -> None:
    smear = add(portal, "1.jpg", PRE)
    add(portal, "1.jpg", BENIGN, version="1.0.1", minute=5)

    notified = content(ask("GET /summaries", PATIENT))["summaries"]

    assert [(summary["object_id"], summary["headline"]) for summary in notified] == [(smear, NORMAL)]


def test_what_is_to_be_forgotten_is_gone_from_the_list_though_the_index_still_knows_it(ask: Ask, portal: PortalWorld) -> None:
    add(portal, "1.jpg", PRE)
    portal.ledger.rows_of = lambda object_id: ()  # a tombstone stands

    assert content(ask("GET /summaries", PATIENT)) == {"summaries": []}


def case_of(ask: Ask) -> tuple[str, str] | int:
    answer = ask("GET /slides", PATIENT, query={"slide": "c-1"})
    if answer["statusCode"] != 200:
        return answer["statusCode"]
    summary = content(answer)["summary"]
    return summary["headline"], summary["release"]


def test_a_slide_too_is_told_by_its_released_fields_alone(ask: Ask, portal: PortalWorld) -> None:
    after_review(portal)
    first = add(portal, "1.jpg", BENIGN)
    add(portal, "2.jpg", PRE)

    before = case_of(ask)
    judge(ask, first, None, release=True)

    assert before == 404
    assert case_of(ask) == ("Nothing that looks like leukemia was found in the pictures of your sample.", "final")


def test_a_slide_is_told_by_what_reviewers_say_of_its_fields(ask: Ask, portal: PortalWorld) -> None:
    fields = [add(portal, f"{number}.jpg", PRE) for number in (1, 2)]

    before = case_of(ask)
    for smear in fields:
        judge(ask, smear, "Benign", release=True)

    assert before == (CLOSER_LOOK, "preliminary")
    assert case_of(ask) == ("Nothing that looks like leukemia was found in the pictures of your sample.", "amended")


@pytest.mark.parametrize(("said", "corrected"), [(BENIGN, "Pre-B"), (PRE, "Benign")])
def test_a_slide_with_a_correction_that_waits_wants_a_closer_look(
    ask: Ask, portal: PortalWorld, said: tuple[float, ...], corrected: str
) -> None:
    add(portal, "1.jpg", BENIGN)
    doubted = add(portal, "2.jpg", said)

    judge(ask, doubted, corrected, release=False)

    assert case_of(ask) == (CLOSER_LOOK, "preliminary")


def test_staff_see_the_models_statement_on_a_slide_whatever_was_corrected(ask: Ask, portal: PortalWorld) -> None:
    smear = add(portal, "1.jpg", PRE)
    judge(ask, smear, "Benign", release=True)

    statement = content(ask("GET /slides", CLINICIAN, query={"slide": "c-1"}))["report"]

    assert [field["label"] for field in statement["fields"]] == ["Pre-B"]


@pytest.mark.parametrize(("label", "finding"), [("Benign", UNCLEAR_SLIDE), ("Pro-B", CLOSER_LOOK)])
def test_of_a_microscope_that_is_not_verified_a_slide_is_told_by_what_the_reviewer_says_alone(
    ask: Ask, portal: PortalWorld, label: str, finding: str
) -> None:
    judge(ask, add(portal, "1.jpg", PRE, decision="unverified"), label, release=False)

    summary = content(ask("GET /slides", PATIENT, query={"slide": "c-1"}))["summary"]

    assert summary["headline"] == finding
