"""Verification in the portal: slides that are signed off, a table of answers, the proof, and once more on the same slides."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pypdfium2
import pytest

from hemascope.domain.microscope import Microscope, Verification, set_reference
from hemascope.domain.microscope_jobs import LARGEST_TABLE, VerifyJob
from hemascope.domain.microscope_keys import proof_key
from hemascope.domain.report import Decision, Report, State
from hemascope.model.classifier import Classifier
from hemascope.screening.pipeline import screen
from tests.support.fake_microscopes import FakeMicroscopes
from tests.support.fakes import START
from tests.support.job_world import slide_digest
from tests.support.known_slides import PATH, SCOPE, made, signed, unsigned
from tests.support.portal_world import PortalWorld, account, content

ADMIN, TECHNICIAN = account("admin"), account("technician")
Call = Callable[..., dict[str, Any]]


@pytest.fixture
def portal() -> PortalWorld:
    return PortalWorld(microscopes=FakeMicroscopes(SCOPE))


@pytest.fixture(scope="module")
def report(classifier: Classifier, smear: bytes) -> Report:
    return screen(smear, None, classifier, draw=False).report


def sent(ask: Call, route: str, body: dict[str, Any] | None = None, who: dict[str, str] | None = None) -> tuple[int, Any]:
    answer = ask(route, who or ADMIN, None if body is None else json.dumps(body))
    return answer["statusCode"], content(answer)


def test_slides_that_reviewers_signed_off_have_the_answer_of_their_verdict(
    ask: Call, portal: PortalWorld, report: Report
) -> None:
    signed(portal, report, "corrected", "Pro-B", Decision.UNVERIFIED)
    signed(portal, report, "confirmed", None, Decision.CONFIDENT)
    signed(portal, report, "benign", "Benign", Decision.UNVERIFIED)
    signed(portal, report, "nothing stated", None, Decision.UNVERIFIED)

    status, shown = sent(ask, f"GET {PATH}/verification", who=TECHNICIAN)

    assert status == 200
    assert {(slide["slide"], slide["known"], slide["given_as"]) for slide in shown["signed_off"]} == {
        ("corrected", "leukemia", "Pro-B"),
        ("confirmed", "leukemia", "Pre-B"),
        ("benign", "benign", "Benign"),
    }
    assert (shown["leukemia_needed"], shown["benign_needed"], shown["proof"], shown["run"]) == (29, 9, None, None)


def test_one_field_of_leukemia_makes_a_slide_one_and_benign_is_only_what_was_seen_whole(
    ask: Call, portal: PortalWorld, report: Report
) -> None:
    for slide in ("mixed", "half seen", "two patterns"):
        signed(portal, report, slide, "Benign" if slide != "two patterns" else "Pre-B", Decision.UNVERIFIED)
    signed(portal, report, "mixed", "Pre-B", Decision.UNVERIFIED, name="2")
    signed(portal, report, "two patterns", "Pro-B", Decision.UNVERIFIED, name="2")
    unsigned(portal, "half seen")
    signed(portal, report, "one unreadable", "Benign", Decision.UNVERIFIED)
    unsigned(portal, "one unreadable")
    portal.ledger.rows[-1] = portal.ledger.rows[-1].model_copy(update={"state": State.REJECTED})

    shown = sent(ask, f"GET {PATH}/verification")[1]

    assert {(slide["slide"], slide["known"], slide["given_as"]) for slide in shown["signed_off"]} == {
        ("mixed", "leukemia", "Pre-B"),
        ("one unreadable", "benign", "Benign"),
        ("two patterns", "leukemia", "leukemia"),
    }


def test_ticked_slides_are_compared_with_what_reviewers_said(ask: Call, portal: PortalWorld, report: Report) -> None:
    signed(portal, report, "s-1", "Pro-B", Decision.UNVERIFIED)
    signed(portal, report, "s-2", "Benign", Decision.UNVERIFIED)

    status, shown = sent(
        ask,
        f"POST {PATH}/verification",
        {"slides": [slide_digest("s-1"), slide_digest("s-2")], "limits": {"sensitivity": 0.95}},
    )

    (job,) = portal.jobs.queued
    assert isinstance(job, VerifyJob)
    assert (status, shown["runs"][0]["kind"], shown["runs"][0]["state"]) == (202, "verify", "queued")
    assert {digest: (answer.known, answer.given_as) for digest, answer in job.answers.items()} == {
        slide_digest("s-1"): ("leukemia", "Pro-B"),
        slide_digest("s-2"): ("benign", "Benign"),
    }
    assert (job.limits.sensitivity, job.limits.specificity) == (0.95, 0.7)
    assert [(entry.action, entry.microscope) for entry in portal.audit.kept] == [("microscopes", SCOPE.digest)]


def test_a_ticked_slide_that_nobody_signed_off_is_refused(ask: Call, portal: PortalWorld) -> None:
    unsigned(portal, "s-1")

    assert sent(ask, f"POST {PATH}/verification", {"slides": [slide_digest("s-1")]})[0] == 409
    assert portal.jobs.queued == []


def test_a_table_of_answers_is_read_like_that_of_the_command_line(ask: Call, portal: PortalWorld) -> None:
    for slide in ("s-1", "s-2"):
        unsigned(portal, slide)

    status, _ = sent(ask, f"POST {PATH}/verification", {"table": "Slide;Answer;Note\ns-1;Pro-B;x\ns-2;benign;\n"})

    (job,) = portal.jobs.queued
    assert isinstance(job, VerifyJob)
    assert (status, {digest: str(answer.known) for digest, answer in job.answers.items()}) == (
        202,
        {slide_digest("s-1"): "leukemia", slide_digest("s-2"): "benign"},
    )


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ("", "Choose slides that are signed off, or give a table of answers."),
        ("slide,answer\n", "Choose slides that are signed off, or give a table of answers."),
        ("name,answer\ns-1,benign", "missing: slide"),
        ("slide,answer\ns-1,perhaps", "Write one of leukemia, benign"),
        ("slide,answer\ns-1,benign\ns-1,leukemia", "two answers for the slide s-1"),
        ("slide,answer\nother,benign", "These slides have no pictures of this microscope."),
        ("slide,answer\nshared,benign", "These slides are of several patients."),
        ("slide,answer\nseen,benign", "Two sources disagree"),
    ],
)
def test_a_table_that_is_unclear_is_refused_with_the_reason(
    ask: Call, portal: PortalWorld, report: Report, table: str, why: str
) -> None:
    unsigned(portal, "s-1")
    unsigned(portal, "shared")
    unsigned(portal, "shared", patient="p-8")
    signed(portal, report, "seen", "Pre-B", Decision.UNVERIFIED)
    ticked = [slide_digest("seen")] if "seen" in table else []

    status, problem = sent(ask, f"POST {PATH}/verification", {"table": table, "slides": ticked})

    assert status == 400
    assert why.rstrip(".") in problem["detail"]
    assert portal.jobs.queued == []


@pytest.mark.parametrize("source", ["table", "again"])
def test_what_reviewers_signed_off_since_is_compared_though_nobody_ticked_it(
    ask: Call, portal: PortalWorld, report: Report, source: str
) -> None:
    made(portal)  # says that s-37 is benign
    signed(portal, report, "s-37", "Pre-B", Decision.UNVERIFIED)
    body = {"table": {"table": "slide,answer\ns-37,benign"}, "again": {"again": True}}[source]

    status, problem = sent(ask, f"POST {PATH}/verification", body)

    assert (status, portal.jobs.queued) == (400, [])
    assert "Two sources disagree about a slide" in problem["detail"]


def test_two_answers_for_a_slide_whose_name_is_written_in_two_ways_are_refused(ask: Call, portal: PortalWorld) -> None:
    unsigned(portal, "caf\u00e9")

    status, problem = sent(ask, f"POST {PATH}/verification", {"table": "slide,answer\ncaf\u00e9,leukemia\ncafe\u0301,benign"})

    assert (status, portal.jobs.queued) == (400, [])
    assert "have two answers" in problem["detail"]


def test_a_microscope_without_a_profile_and_a_reference_have_nothing_to_prove(ask: Call, portal: PortalWorld) -> None:
    unsigned(portal, "s-1")
    body = {"table": "slide,answer\ns-1,benign"}
    portal.microscopes.kept["st-mary", "scope 2"] = Microscope(hospital="st-mary", name="scope 2")
    bare = sent(ask, f"POST {PATH}/verification", body)
    portal.microscopes.kept["st-mary", "scope 2"] = set_reference(SCOPE, is_reference=True)
    reference = sent(ask, f"POST {PATH}/verification", body)

    assert (bare[0], bare[1]["detail"]) == (409, "This microscope has no profile. Commission it first.")
    assert (reference[0], portal.jobs.queued) == (409, [])


def test_limits_that_nobody_may_sign_are_refused(ask: Call, portal: PortalWorld) -> None:
    unsigned(portal, "s-1")

    body = {"table": "slide,answer\ns-1,benign", "limits": {"sensitivity": 0.3}}
    assert sent(ask, f"POST {PATH}/verification", body)[0] == 400


def test_a_proof_is_shown_with_its_figures_slides_and_what_it_opens(ask: Call, portal: PortalWorld) -> None:
    proof = made(portal)
    unsigned(portal, "s-0")

    shown = sent(ask, f"GET {PATH}/verification")[1]["proof"]

    assert (shown["sha256"], shown["passed"], shown["standing"]) == (proof.sha256, True, "counts")
    assert shown["link"] == f"https://reports.example/{proof_key(SCOPE.digest, proof.sha256)}"
    assert shown["figures"]["sensitivity"]["right"] == 29
    assert [slide["slide"] for slide in shown["slides"] if slide["slide"]] == ["s-0"]
    assert len(shown["slides"]) == 38


@pytest.mark.parametrize(
    ("changed", "standing"),
    [({"model": "0" * 64}, "other_model"), ({"profile": "f" * 64}, "other_profile"), ({"right": 28}, "not_passed")],
)
def test_a_proof_that_opens_nothing_says_why_and_its_slides_serve_again(
    ask: Call, portal: PortalWorld, changed: dict[str, Any], standing: str
) -> None:
    proof = made(portal, **changed)
    if standing != "other_model":
        recorded = Verification(sha256=proof.sha256, at=START, by="9a1b", profile=proof.profile, model=proof.model.sha256)
        kept = portal.microscopes.kept["st-mary", "scope 2"]
        portal.microscopes.kept["st-mary", "scope 2"] = kept.model_copy(update={"verification": recorded})

    shown = sent(ask, f"GET {PATH}/verification")[1]["proof"]
    status, _ = sent(ask, f"POST {PATH}/verification", {"again": True})

    (job,) = portal.jobs.queued
    assert isinstance(job, VerifyJob)
    assert (shown["standing"], status) == (standing, 202)
    assert {digest: str(answer.known) for digest, answer in job.answers.items()} == {
        slide.slide: str(slide.known) for slide in proof.slides
    }


def test_an_edited_proof_is_not_shown(ask: Call, portal: PortalWorld) -> None:
    proof = made(portal)
    other = proof.model_copy(update={"by": "somebody else"})
    portal.reports.files[proof_key(SCOPE.digest, proof.sha256)] = (other.to_json().encode(), "")

    assert sent(ask, f"GET {PATH}/verification")[1]["proof"] is None


def test_without_a_proof_there_are_no_slides_to_use_again(ask: Call) -> None:
    assert sent(ask, f"POST {PATH}/verification", {"again": True})[0] == 409


def test_a_second_press_is_refused_while_the_first_runs(ask: Call, portal: PortalWorld) -> None:
    unsigned(portal, "s-1")
    body = {"table": "slide,answer\ns-1,benign"}
    sent(ask, f"POST {PATH}/verification", body)

    assert sent(ask, f"POST {PATH}/verification", body)[0] == 409
    portal.clock.time += timedelta(minutes=31)
    assert sent(ask, f"POST {PATH}/verification", body)[0] == 202


def test_the_largest_table_fits_into_a_message() -> None:
    answers = {f"{number:032x}": {"known": "leukemia", "given_as": "Early Pre-B"} for number in range(LARGEST_TABLE)}
    job = VerifyJob.model_validate({"hospital": "h" * 255, "microscope": "m" * 255, "run": "1e" * 16, "answers": answers})

    assert len(job.to_json().encode()) < 256_000


def test_a_proof_is_printed_with_the_names_of_its_slides(ask: Call, portal: PortalWorld) -> None:
    proof = made(portal)
    unsigned(portal, "s-0")

    answer = ask(f"GET {PATH}/proof.pdf", TECHNICIAN, None, {"sha256": proof.sha256})

    assert (answer["statusCode"], answer["headers"]["Content-Type"]) == (200, "application/pdf")
    assert answer["headers"]["Content-Disposition"] == f'attachment; filename="verification-{SCOPE.digest}.pdf"'
    import base64

    document = pypdfium2.PdfDocument(base64.b64decode(answer["body"]))
    page = document[0]
    reader = page.get_textpage()
    text = reader.get_text_bounded()
    reader.close()
    page.close()
    document.close()
    assert "PASSED" in text
    assert "s-0" in text
    assert slide_digest("s-1")[:12] in text
    assert slide_digest("s-1") not in text
