"""Commissioning in the portal: what is there and missing, starting it, comparing, and deciding."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from hemascope.domain.commissioning import CommissioningDocument, ExamplePictures
from hemascope.domain.microscope import Microscope, adopt_profile, set_reference
from hemascope.domain.microscope_jobs import CommissionJob, RescreenJob, begin_run, end_run
from hemascope.domain.microscope_keys import commissioning_key, profile_key
from hemascope.domain.microscope_run import JobKind, RunState
from hemascope.domain.profile import ProfileLimits
from hemascope.domain.report import ModelReference
from hemascope.domain.specimen import ObjectVersion, Specimen, smear_key
from tests.support.fake_microscopes import FakeMicroscopes
from tests.support.fakes import START
from tests.support.job_world import field_row
from tests.support.portal_world import PortalWorld, account, content

ADMIN, TECHNICIAN = account("admin"), account("technician")
SCOPE = Microscope(hospital="st-mary", name="scope 2")
PATH = f"/microscopes/{SCOPE.digest}"
PROFILE, OLDER = "a" * 64, "b" * 64
MODEL = ModelReference(id="all-subtypes", version="1.0.1", sha256="c" * 64, preprocessing="d" * 64)
Call = Callable[..., dict[str, Any]]


@pytest.fixture
def portal() -> PortalWorld:
    return PortalWorld(microscopes=FakeMicroscopes(SCOPE))


def sent(
    ask: Call, route: str, body: dict[str, Any] | None = None, who: dict[str, str] | None = None, query: dict | None = None
) -> tuple[int, Any]:
    answer = ask(route, who or ADMIN, None if body is None else json.dumps(body), query)
    return answer["statusCode"], content(answer)


def photograph(portal: PortalWorld, slides: int, fields: int) -> None:
    for number in range(slides * fields):
        specimen = Specimen(
            hospital="st-mary", patient="p", slide=f"s-{number % slides}", microscope="scope 2", field=f"{number}.jpg"
        )
        version = ObjectVersion(bucket="uploads", key=smear_key(specimen), version_id="v1")
        portal.ledger.rows.append(field_row(version, number))


def scope(portal: PortalWorld) -> Microscope:
    return portal.microscopes.kept["st-mary", "scope 2"]


def finish(portal: PortalWorld, profile: str | None) -> str:
    """Let the queued commissioning end as the function would; return its run's id."""
    (job,) = [job for job in portal.jobs.queued if isinstance(job, CommissionJob)][-1:]
    begun = begin_run(scope(portal), JobKind.COMMISSION, job.run, START)
    assert begun is not None
    state = RunState.DONE if profile else RunState.REFUSED
    ended = end_run(begun, JobKind.COMMISSION, job.run, state, "It ended.", START, profile, START)
    assert ended is not None
    portal.microscopes.kept["st-mary", "scope 2"] = ended
    document = CommissioningDocument(
        microscope="scope 2",
        model=MODEL,
        at=START,
        by="8f0c",
        since=None,
        oldest=START,
        profile=profile,
        fields=30,
        slides=20,
        unreadable=0,
        figures=None,
        limits=ProfileLimits(),
        checks=(),
        refusals=() if profile else ("Lower the exposure.",),
        examples=(ExamplePictures(before="reports/0f/b.png", after="reports/0f/a.png" if profile else None),),
    )
    portal.reports.files[commissioning_key(SCOPE.digest, job.run)] = (document.to_json().encode(), "application/json")
    return job.run


@pytest.mark.parametrize(
    ("slides", "each", "fields", "missing"),
    [
        (0, 0, 0, ["30 fields are needed, and there are 0.", "Fields of 20 slides are needed, and these are of 0"]),
        (19, 2, 38, ["Fields of 20 slides are needed, and these are of 19"]),
        (20, 2, 40, []),
        (20, 9, 60, []),
    ],
)
def test_before_pressing_one_reads_how_many_fields_there_are_and_what_is_missing(
    ask: Call, portal: PortalWorld, slides: int, each: int, fields: int, missing: list[str]
) -> None:
    photograph(portal, slides, each)

    status, shown = sent(ask, f"GET {PATH}/fields", who=TECHNICIAN)

    assert status == 200
    assert (shown["fields"], shown["slides"], shown["at_most"]) == (fields, slides, 60)
    assert [text[: len(start)] for text, start in zip(shown["missing"], missing, strict=True)] == missing


def test_fields_of_before_a_change_at_the_microscope_do_not_count(ask: Call, portal: PortalWorld) -> None:
    photograph(portal, 20, 2)

    since = (START + timedelta(minutes=30)).isoformat()
    shown = sent(ask, f"GET {PATH}/fields", query={"since": since})[1]

    assert (shown["fields"], shown["slides"]) == (10, 10)
    assert sent(ask, f"GET {PATH}/fields", query={"since": "yesterday"})[0] == 400


def test_an_administrator_starts_a_commissioning_and_the_row_says_so(ask: Call, portal: PortalWorld) -> None:
    status, shown = sent(ask, f"POST {PATH}/commissioning", {"since": "2026-03-01T08:00:00Z"})

    (job,) = portal.jobs.queued
    assert status == 202
    assert isinstance(job, CommissionJob)
    assert (job.hospital, job.microscope, str(job.since)) == ("st-mary", "scope 2", "2026-03-01 08:00:00+00:00")
    assert [(run["kind"], run["state"], run["by"], run["message"]) for run in shown["runs"]] == [
        ("commission", "queued", "8f0c", None)
    ]
    assert scope(portal).runs[JobKind.COMMISSION].id == job.run
    assert [(entry.who, entry.action, entry.microscope) for entry in portal.audit.kept] == [
        ("8f0c", "microscopes", SCOPE.digest)
    ]


def test_a_second_press_is_refused_until_the_first_has_ended_or_must_be_dead(ask: Call, portal: PortalWorld) -> None:
    sent(ask, f"POST {PATH}/commissioning", {})

    second = sent(ask, f"POST {PATH}/commissioning", {})
    portal.clock.time += timedelta(minutes=31)
    lost = sent(ask, f"GET {PATH}/commissioning")[1]
    third = sent(ask, f"POST {PATH}/commissioning", {})

    assert (second[0], second[1]["detail"]) == (409, "This is being done already. Please wait until it has ended.")
    assert (lost["run"]["state"], lost["run"]["message"]) == (
        "failed",
        "The service did not come to an end with this. Please start it again.",
    )
    assert third[0] == 202
    assert len({job.run for job in portal.jobs.queued}) == 2


def test_a_run_that_was_killed_is_shown_as_failed(ask: Call, portal: PortalWorld) -> None:
    sent(ask, f"POST {PATH}/commissioning", {})
    (job,) = portal.jobs.queued
    begun = begin_run(scope(portal), JobKind.COMMISSION, job.run, START)
    assert begun is not None
    portal.microscopes.store(begun)

    running = sent(ask, f"GET {PATH}/commissioning")[1]["run"]["state"]
    portal.clock.time += timedelta(minutes=17)
    killed = sent(ask, f"GET {PATH}/commissioning")[1]["run"]["state"]

    assert (running, killed) == ("running", "failed")


def test_where_the_queue_does_not_answer_the_run_has_failed_and_may_be_started_again(ask: Call, portal: PortalWorld) -> None:
    portal.jobs.broken = True
    status, shown = sent(ask, f"POST {PATH}/commissioning", {})
    portal.jobs.broken = False

    assert (status, shown["runs"][0]["state"]) == (202, "failed")
    assert shown["runs"][0]["message"] == "This could not be queued. Please start it again."
    assert sent(ask, f"POST {PATH}/commissioning", {})[0] == 202


def test_a_reference_microscope_is_not_commissioned(ask: Call, portal: PortalWorld) -> None:
    portal.microscopes.store(set_reference(scope(portal), is_reference=True))

    assert sent(ask, f"POST {PATH}/commissioning", {})[0] == 409
    assert portal.jobs.queued == []


def test_before_and_after_are_shown_and_then_the_profile_is_used(ask: Call, portal: PortalWorld) -> None:
    photograph(portal, 20, 2)
    sent(ask, f"POST {PATH}/commissioning", {})
    run = finish(portal, PROFILE)

    shown = sent(ask, f"GET {PATH}/commissioning", who=TECHNICIAN)[1]
    unused = scope(portal).profile
    status, after = sent(ask, f"PUT {PATH}/profile", {"profile": PROFILE})

    assert shown["document"]["profile"] == PROFILE
    assert shown["examples"] == [
        {"before": "https://reports.example/reports/0f/b.png", "after": "https://reports.example/reports/0f/a.png"}
    ]
    assert (shown["profile"], shown["may_use"]) == (
        f"https://reports.example/{profile_key(SCOPE.digest, PROFILE)}",
        True,
    )
    assert (unused, status, after["profile"], after["state"]) == (None, 200, PROFILE, "profiled")
    assert (scope(portal).profiles[-1].by, scope(portal).profile_since) == ("8f0c", START)
    assert scope(portal).version == 5  # registered, queued, begun, ended, used: the profile and its rescreening are one change
    assert isinstance(portal.jobs.queued[-1], RescreenJob)
    assert portal.jobs.queued[-1].run != run
    assert sent(ask, f"GET {PATH}/commissioning")[1]["may_use"] is False
    assert sent(ask, f"PUT {PATH}/profile", {"profile": PROFILE})[0] == 409


def test_a_refused_commissioning_says_what_to_change_and_offers_no_profile(ask: Call, portal: PortalWorld) -> None:
    sent(ask, f"POST {PATH}/commissioning", {})
    finish(portal, None)

    shown = sent(ask, f"GET {PATH}/commissioning")[1]

    assert shown["document"]["refusals"] == ["Lower the exposure."]
    assert (shown["profile"], shown["may_use"], shown["examples"][0]["after"]) == (None, False, None)
    assert sent(ask, f"PUT {PATH}/profile", {"profile": PROFILE})[0] == 409


def test_only_the_profile_of_the_newest_commissioning_is_used(ask: Call, portal: PortalWorld) -> None:
    portal.microscopes.store(adopt_profile(scope(portal), OLDER, START, "8f0c"))
    sent(ask, f"POST {PATH}/commissioning", {})
    finish(portal, PROFILE)

    status, problem = sent(ask, f"PUT {PATH}/profile", {"profile": "e" * 64})

    assert (status, scope(portal).profile) == (409, OLDER)
    assert "not that of the newest commissioning" in problem["detail"]


def test_another_objective_takes_a_profile_that_waits_out_of_reach(ask: Call, portal: PortalWorld) -> None:
    sent(ask, f"POST {PATH}/commissioning", {})
    finish(portal, PROFILE)
    sent(ask, f"PUT {PATH}", {"make": None, "objective": "40x"})

    assert sent(ask, f"GET {PATH}/commissioning")[1]["run"] is None
    assert sent(ask, f"PUT {PATH}/profile", {"profile": PROFILE})[0] == 409


def test_open_slides_are_screened_again_on_demand(ask: Call, portal: PortalWorld) -> None:
    sent(ask, f"POST {PATH}/rescreening", {})

    assert [type(job) for job in portal.jobs.queued] == [RescreenJob]
    assert scope(portal).runs[JobKind.RESCREEN].id == portal.jobs.queued[-1].run


def test_a_suspension_that_is_set_or_ended_screens_nothing_again(ask: Call, portal: PortalWorld) -> None:
    sent(ask, f"POST {PATH}/suspension", {"reason": "Drift"})
    sent(ask, f"DELETE {PATH}/suspension")

    assert portal.jobs.queued == []


def test_a_rescreening_that_could_not_be_queued_has_failed(ask: Call, portal: PortalWorld) -> None:
    portal.jobs.broken = True

    status, shown = sent(ask, f"POST {PATH}/rescreening", {})

    assert status == 202
    assert [(run["kind"], run["state"]) for run in shown["runs"]] == [("rescreen", "failed")]
