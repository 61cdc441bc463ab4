"""What the portal answers about a slide: to staff the statement, to its patient the summary, to everybody else nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hemascope.domain.report import Report, State
from hemascope.domain.specimen import ObjectVersion, report_keys
from hemascope.portal.worklist import SLIDE_ROWS
from hemascope_cli.local.worker import load_handler
from tests.support.portal_world import CONTEXT, PortalWorld, account, content, request
from tests.support.rows import row
from tests.support.slide_fields import BENIGN, PRE, smear_report

CLINICIAN = account("clinician")
PATIENT = account("patient", patient="p-7")
NOT_FOUND = {"title": "Not Found", "status": 404, "detail": "There is no slide of this id, or not yet."}

Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def portal() -> PortalWorld:
    """Patient p-7's slide of two fields, and one that failed."""
    portal = PortalWorld()
    add(portal, "field 1.jpg", PRE, 150)
    add(portal, "field 2.jpg", BENIGN, 50)
    add(portal, "field 3.jpg", state=State.FAILED)
    return portal


@pytest.fixture
def ask(root: Path, portal: PortalWorld, monkeypatch: pytest.MonkeyPatch) -> Ask:
    handler = load_handler(root / "lambdas" / "portal_api" / "handler.py")
    monkeypatch.setitem(handler.__globals__, "services", lambda: portal.services)

    def asking(claims: dict[str, str], **query: str) -> dict[str, Any]:
        return handler(request("GET /slides", claims, query=query or None), CONTEXT)

    return asking


def add(
    portal: PortalWorld,
    file: str,
    probabilities: tuple[float, ...] = BENIGN,
    cells: int = 20,
    *,
    state: State = State.REPORTED,
    patient: str = "p-7",
    slide: str = "c-1",
    version: str = "1.0.0",
) -> None:
    """Put a field's row into the ledger, and its report into the bucket where there is one."""
    picture = ObjectVersion(bucket="uploads", key=f"smears/st-mary/{patient}/{slide}/{file}", version_id="v1")
    key = report_keys(picture.object_id, f"all-subtypes/{version}").report
    if state is not State.FAILED:
        report = smear_report(
            file, probabilities, cells, slide=slide, patient=patient, version=version, object_id=picture.object_id
        )
        store(portal, key, report)
    made = {"object": picture, "object_id": picture.object_id, "slide": slide, "model": f"all-subtypes/{version}"}
    portal.ledger.rows.append(row(state, **made, report_key=None if state is State.FAILED else key))


def store(portal: PortalWorld, key: str, report: Report) -> None:
    portal.reports.pictures[ObjectVersion(bucket="reports", key=key)] = report.to_json().encode()


def test_staff_see_the_statement_of_all_fields(ask: Ask, portal: PortalWorld) -> None:
    answer = content(ask(CLINICIAN, slide="c-1"))

    ids = {found.object.key.rsplit("/", 1)[1]: found.object_id for found in portal.ledger.rows}
    assert set(answer) == {"report"}
    statement = answer["report"]
    assert statement.pop("probabilities") == pytest.approx({"Benign": 0.25, "Early Pre-B": 0.02, "Pre-B": 0.71, "Pro-B": 0.02})
    assert statement.pop("suspicion") == pytest.approx(0.75)
    assert [field.pop("suspicion") for field in statement["fields"]] == pytest.approx([0.98, 0.06])
    assert statement == {
        "schema": "hemascope.slide-report/1",
        "slide": {"hospital": "st-mary", "patient": "p-7", "slide": "c-1"},
        "release": "preliminary",
        "finding": "suspected",
        "tier": "pattern",
        "counted_cells": 200,
        "pattern": "Pre-B",
        "agreement": 0.75,
        "fields": [
            {"name": "field 1.jpg", "object_id": ids["field 1.jpg"], "label": "Pre-B", "cell_count": 150, "weight": 0.75},
            {"name": "field 2.jpg", "object_id": ids["field 2.jpg"], "label": "Benign", "cell_count": 50, "weight": 0.25},
        ],
        "excluded": [
            {
                "name": "field 3.jpg",
                "object_id": ids["field 3.jpg"],
                "why": "failed",
                "suspicious": False,
                "advice": "The service failed to process this field. Inform your engineer, or send the picture again.",
            }
        ],
        "statement": (
            "Leukemia is suspected: blasts were found in the counted fields of this slide. The blasts have a Pre-B pattern "
            "(75 % of the counted cells lie in fields that agree), which needs flow cytometry to confirm. Fields counted: 2 "
            "of 3. Cells counted: 200. From 200 cells a pattern can be stated."
        ),
        "recommendation": ("Consult a specialist in hematology without delay. The finding needs flow cytometry to confirm."),
        "model": {"id": "all-subtypes", "version": "1.0.0", "sha256": "a" * 64, "preprocessing": "b" * 64},
        "disclaimer": "decision support, not a diagnosis",
    }


def test_the_patient_sees_the_summary_alone(ask: Ask) -> None:
    answer = content(ask(PATIENT, slide="c-1"))

    assert answer == {
        "summary": {
            "schema": "hemascope.slide-summary/1",
            "slide": "c-1",
            "release": "preliminary",
            "headline": "Your doctor wants to take a closer look at your blood sample.",
            "explanation": (
                "A computer program looked at several pictures of your blood under the microscope. It found cells that a "
                "specialist should look at more closely. Pictures alone cannot show what these cells are, and the program can "
                "be wrong. This is not a diagnosis: only a doctor can tell you if you are ill."
            ),
            "next_step": (
                "Please call your clinic today and ask for your doctor. More tests will show what the cells are. If you have "
                "a fever, are bleeding or have trouble breathing, go to the emergency department now."
            ),
            "disclaimer": ("This is a computer's first look to help your doctor. It is decision support, not a diagnosis."),
        }
    }


@pytest.mark.parametrize(
    "claims",
    [
        account("clinician", "st-joseph"),
        account("patient", "st-joseph", "p-7"),
        account("patient", patient="p-8"),
        account("patient", patient="p-71"),
    ],
)
def test_what_is_somebody_elses_is_not_found_as_if_it_were_not_there(ask: Ask, claims: dict[str, str]) -> None:
    theirs, nobodys = ask(claims, slide="c-1"), ask(claims, slide="c-2")

    assert content(theirs) == content(nobodys) == NOT_FOUND


def test_a_patient_who_asks_for_another_patient_gets_their_own(ask: Ask, portal: PortalWorld) -> None:
    add(portal, "field 1.jpg", BENIGN, 300, patient="p-8")

    answer = content(ask(PATIENT, slide="c-1", patient="p-8"))

    assert answer["summary"]["headline"] == "Your doctor wants to take a closer look at your blood sample."


def test_patients_whose_slides_share_an_id_are_never_pooled(ask: Ask, portal: PortalWorld) -> None:
    add(portal, "field 1.jpg", BENIGN, 300, patient="p-8")

    unclear, first, second = (ask(CLINICIAN, slide="c-1", **more) for more in ({}, {"patient": "p-7"}, {"patient": "p-8"}))

    assert content(unclear) == {
        "title": "Bad Request",
        "status": 400,
        "detail": "Several patients have a slide of this id. Please name the patient too: &patient=.",
    }
    assert content(first)["report"]["counted_cells"] == 200
    assert content(second)["report"]["counted_cells"] == 300
    assert content(second)["report"]["finding"] == "not_suspected"


def test_a_slide_that_is_not_named_is_a_bad_request(ask: Ask) -> None:
    for query in ({}, {"slide": ""}, {"patient": "p-7"}):
        assert ask(CLINICIAN, **query)["statusCode"] == 400


@pytest.mark.parametrize("text", ["c-2", "../c-1", "c/1", " c-1", "x" * 300, "a\u0000b", "."])
def test_what_is_no_slide_is_not_found(ask: Ask, text: str) -> None:
    assert content(ask(CLINICIAN, slide=text)) == NOT_FOUND


def test_ids_full_of_what_keys_survive_are_found(ask: Ask, portal: PortalWorld) -> None:
    add(portal, "f.jpg", BENIGN, 7, slide="50% c+1 血液")

    assert content(ask(CLINICIAN, slide="50% c+1 血液"))["report"]["counted_cells"] == 7


def test_a_slide_is_found_by_either_form_of_its_id(ask: Ask, portal: PortalWorld) -> None:
    add(portal, "f.jpg", BENIGN, 7, slide="\u00e9", patient="\u00fc")

    asked = [ask(CLINICIAN, slide=slide, patient=patient) for slide, patient in (("\u00e9", "\u00fc"), ("e\u0301", "u\u0308"))]

    assert [content(answer)["report"]["counted_cells"] for answer in asked] == [7, 7]


def test_a_patient_whose_every_field_failed_has_no_slide_yet(ask: Ask, portal: PortalWorld) -> None:
    add(portal, "field 1.jpg", state=State.FAILED, slide="c-3")

    assert content(ask(PATIENT, slide="c-3")) == NOT_FOUND
    assert content(ask(CLINICIAN, slide="c-3"))["report"]["finding"] == "no_answer"


def test_while_a_new_model_goes_through_the_old_fields_the_older_one_speaks_for_all(ask: Ask, portal: PortalWorld) -> None:
    add(portal, "field 1.jpg", BENIGN, 150, version="1.1.0")

    statement = content(ask(CLINICIAN, slide="c-1"))["report"]

    assert statement["model"]["version"] == "1.0.0"
    assert [field["name"] for field in statement["fields"]] == ["field 1.jpg", "field 2.jpg"]
    assert [field["why"] for field in statement["excluded"]] == ["failed"]


def test_what_is_to_be_forgotten_is_gone_though_the_index_still_knows_it(ask: Ask, portal: PortalWorld) -> None:
    portal.ledger.rows_of = lambda object_id: ()  # a tombstone stands

    assert content(ask(CLINICIAN, slide="c-1")) == NOT_FOUND


def test_a_slide_without_end_is_a_bad_request_and_reads_no_report(ask: Ask, portal: PortalWorld) -> None:
    portal.ledger.rows = portal.ledger.rows[:1] * (SLIDE_ROWS + 1)

    assert content(ask(CLINICIAN, slide="c-1"))["detail"] == "Expected a slide of at most 500 reports."
    assert portal.reports.reads == []


def test_no_cache_may_keep_the_answer(ask: Ask) -> None:
    assert ask(CLINICIAN, slide="c-1")["headers"]["Cache-Control"] == "no-store"
