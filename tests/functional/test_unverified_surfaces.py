"""Where people read of a smear whose microscope is not verified: no class anywhere, nothing urgent, nobody is paged."""

import csv
import io
import json
from typing import Any

import pytest

from hemascope.documents.labels import certainty, headline
from hemascope.domain.hospital import HospitalSettings
from hemascope.domain.report import MicroscopeState, Report, ReportedMicroscope
from hemascope.domain.reviewed import Reviewed
from hemascope.domain.specimen import ObjectVersion
from hemascope.model.artifact import Artifact
from hemascope.portal.identity import person_of
from hemascope.portal.worklist import WorklistQuery
from hemascope_cli.pictures.formats import WRITERS
from tests.support.fakes import FixedClassifier, World
from tests.support.fhir_bundles import bundle, observation, observations, resources
from tests.support.portal_world import PortalWorld, account
from tests.support.reviewed import pro_b, verdict
from tests.support.screenings import CLASSES
from tests.support.slide_fields import DISEASE, PRO, of_report, smear_report, state

KEY = "smears/st-mary/p-7/c-1/scope 7/field 1.jpg"  # nobody has registered this one
READ_BY_EYE = "Read by eye: this microscope is not verified."
UNVERIFIED = pro_b("unverified")


def names_none(text: str) -> bool:
    return not [name for name in (*CLASSES, "leukemia", "Leukemia", "blast") if name in text]


@pytest.fixture
def world(artifact: Artifact, smear: bytes, monkeypatch: pytest.MonkeyPatch) -> World:
    """A smear of an unknown microscope that would be a confident Pre-B was screened."""
    monkeypatch.setattr(type(artifact.colours), "score", lambda *_: 0.5)
    world = World(FixedClassifier(artifact, 0.01, 0.01, 0.97, 0.01))
    world.screening_service().process(world.arrive(smear, KEY))
    return world


def test_the_row_is_not_urgent_and_the_patients_summary_says_nothing(world: World) -> None:
    assert (world.row.decision, world.row.urgent) == ("unverified", False)
    assert world.reports.json("report.json")["result"]["label"] == "Pre-B"
    assert world.reports.json("summary.json")["headline"] == "The picture did not give a clear answer."


@pytest.mark.parametrize("detail", ["link", "summary"])
def test_one_plain_mail_without_a_class_and_no_reminder_ever(world: World, detail: Any) -> None:
    world.hospitals.settings["st-mary"] = HospitalSettings(
        recipients=("first@st-mary.example", "second@st-mary.example"), mail_detail=detail
    )
    for key, (content, _) in world.reports.files.items():
        world.reports.pictures[ObjectVersion(bucket="reports", key=key)] = content

    world.notification_service().notify(world.notifications.due.pop())

    (mail,) = world.mailer.mails
    assert mail.recipients == ("first@st-mary.example",)
    assert names_none(json.dumps(mail.words))
    assert "urgent" not in json.dumps(mail.words)
    assert mail.words.get("answer", "read by eye").endswith("read by eye" if detail == "link" else "not verified")
    assert [message.urgent for message in world.publisher.notifications] == [False]
    assert world.notifications.due == []


def test_the_worklist_and_the_report_say_unverified_and_the_urgent_list_is_empty(
    portal: PortalWorld, artifact: Artifact, smear: bytes
) -> None:
    ask, clinician = portal.services.worklist, person_of(account("clinician"))
    row = portal.screen(
        smear,
        FixedClassifier(artifact, 0.01, 0.01, 0.97, 0.01),
        ObjectVersion(bucket="uploads", key=KEY, version_id="v1"),
    )

    listed, urgent = (ask.list_reports(clinician, WorklistQuery(urgent=urgent)) for urgent in (False, True))

    assert [(found.object_id, found.decision, found.urgent) for found in listed.rows] == [(row.object_id, "unverified", False)]
    assert names_none(listed.model_dump_json())
    assert urgent.rows == ()


@pytest.fixture
def portal() -> PortalWorld:
    return PortalWorld()


def test_headline_and_certainty_name_no_class_not_even_beside_a_reviewers() -> None:
    corrected = Reviewed((verdict("correct", "Pre-B"),), released_verdict_number=1)

    assert headline(UNVERIFIED, Reviewed(), DISEASE) == "No class stated: this microscope is not verified"
    assert names_none(certainty(UNVERIFIED, Reviewed()))
    assert "Pro-B" not in certainty(UNVERIFIED, corrected)


@pytest.mark.parametrize("version", ["R5", "R4B"])
def test_a_bundle_holds_the_decision_and_no_class(version: str) -> None:
    content = bundle(UNVERIFIED, version=version)

    (report,) = resources(content, "DiagnosticReport")
    decision = observation(content, "decision")
    assert names_none(report["conclusion"])
    assert "conclusionCode" not in report
    assert decision["valueCodeableConcept"]["coding"][0]["code"] == "unverified"
    assert "component" not in decision
    assert "valueCodeableConcept" not in observation(content, "pattern")
    assert observations(content, "class-probability") == []


@pytest.mark.parametrize("style", ["text", "csv"])
def test_the_command_lines_lists_name_no_class(style: str) -> None:
    written = io.StringIO()
    writer = WRITERS[style](written, DISEASE)

    writer.write("one.jpg", UNVERIFIED)
    writer.close()

    lines = written.getvalue().splitlines()
    assert "unverified" in written.getvalue()
    assert names_none("\n".join(lines[1:]))  # a table's header names its columns


@pytest.mark.parametrize("decision", ["indeterminate", "out_of_distribution", "poor_quality"])
def test_the_command_line_heads_no_line_with_a_class_that_is_no_answer(decision: str) -> None:
    text, table = io.StringIO(), io.StringIO()
    for style, written in (("text", text), ("csv", table)):
        writer = WRITERS[style](written, DISEASE)
        writer.write("one.jpg", pro_b(decision))
        writer.close()

    (row,) = csv.DictReader(io.StringIO(table.getvalue()))
    words = decision.replace("_", " ")
    assert text.getvalue().splitlines()[1].startswith(f"  {words}: ")
    assert text.getvalue().splitlines()[-1].split() == [*words.split(), "1"]
    assert (row["decision"], row["label"]) == (decision, "")
    assert float(row["Pro-B"]) > 0.5


def test_the_command_lines_json_has_everything() -> None:
    written = io.StringIO()
    WRITERS["jsonl"](written, DISEASE).write("one.jpg", UNVERIFIED)

    assert json.loads(written.getvalue())["result"]["label"] == "Pro-B"


def test_fields_of_such_a_microscope_are_no_evidence_and_raise_no_suspicion() -> None:
    slide = state(*(of_report(unverified_field(number)) for number in range(20)))

    assert (slide.finding, slide.counted_cells, slide.pattern, slide.probabilities) == ("no_answer", 0, None, {})
    assert {(field.why, field.suspicious, field.advice) for field in slide.excluded} == {("unverified", False, READ_BY_EYE)}
    assert names_none(slide.statement)


def unverified_field(number: int) -> Report:
    report = smear_report(f"{number}.jpg", PRO, 40, "unverified")
    assert report.result is not None
    return report.model_copy(update={"result": report.result.model_copy(update={"recommendation": READ_BY_EYE})})


CLOSED = ReportedMicroscope(name="scope 7", state=MicroscopeState.SUSPENDED)
POOR = pro_b("poor_quality").model_copy(update={"microscope": CLOSED})


@pytest.mark.parametrize("style", ["text", "csv"])
def test_a_poor_picture_of_such_a_microscope_names_no_class_in_lists_either(style: str) -> None:
    written = io.StringIO()
    writer = WRITERS[style](written, DISEASE)

    writer.write("one.jpg", POOR)
    writer.close()

    assert "poor quality" in written.getvalue().replace("_", " ")
    assert names_none("\n".join(written.getvalue().splitlines()[1:]))


@pytest.mark.parametrize("version", ["R5", "R4B"])
def test_a_poor_picture_of_such_a_microscope_has_no_class_in_its_bundle(version: str) -> None:
    content = bundle(POOR, version=version)

    assert "component" not in observation(content, "decision")
    assert observations(content, "class-probability") == []
    assert names_none(certainty(POOR, Reviewed((verdict("correct", "Benign"),), released_verdict_number=1)))


def test_two_microscopes_of_one_slide_may_call_their_files_alike() -> None:
    fields = [taken_by(name, decision) for name, decision in (("scope 1", "confident"), ("scope 7", "unverified"))]

    slide = state(*map(of_report, fields))

    assert (len(slide.fields), [field.why for field in slide.excluded]) == (1, ["unverified"])


def taken_by(microscope: str, decision: str) -> Report:
    report = smear_report("1.jpg", PRO, 40, decision)
    assert report.specimen is not None
    specimen = report.specimen.model_copy(update={"microscope": microscope})
    return report.model_copy(update={"specimen": specimen, "object_id": microscope})
