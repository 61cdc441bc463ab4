"""A disease is a folder: an artifact of two other classes goes through everything; no word of the shipped one comes out."""

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

from hemascope.domain.specimen import ObjectVersion
from hemascope.model.artifact import load_artifact
from hemascope.model.classifier import Classifier
from hemascope.model.folder import ArtifactFolder
from hemascope_cli.main import main
from tests.support.other_disease import FORBIDDEN, NAMES, PARASITIZED, UNINFECTED
from tests.support.portal_world import PortalWorld, account, content

CLINICIAN, PATIENT, ADMIN = account("clinician"), account("patient", patient="p-7"), account("admin")
Ask = Callable[..., dict[str, Any]]
Captured = pytest.CaptureFixture[str]


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    (tmp_path / "pictures").mkdir()
    for name, data in (("few.jpg", UNINFECTED), ("many.jpg", PARASITIZED)):
        (tmp_path / "pictures" / name).write_bytes(data)
    return tmp_path / "pictures"


@pytest.fixture
def portal(other_disease: Path) -> PortalWorld:
    portal, classifier = PortalWorld(model=ArtifactFolder.open(other_disease)), Classifier(load_artifact(other_disease))
    for name, data in (("few.jpg", UNINFECTED), ("many.jpg", PARASITIZED)):
        key = f"smears/st-mary/p-7/c-1/scope 1/{name}"
        portal.screen(data, classifier, ObjectVersion(bucket="uploads", key=key, version_id="v1"))
    return portal


def is_of_another_disease(text: str) -> bool:
    return re.search(FORBIDDEN, text) is None


@pytest.mark.parametrize("style", ["text", "json", "jsonl"])
def test_the_command_line_screens_for_it(style: str, pictures: Path, other_disease: Path, capsys: Captured) -> None:
    assert main(["screen", str(pictures), "--format", style, "--artifact", str(other_disease)]) == 0

    out = capsys.readouterr().out
    assert is_of_another_disease(out)
    if style == "text":
        assert "Malaria parasites (confident): Uninfected 0.000  Parasitized 1.000" in out
        assert "No parasites (confident)" in out
        return
    reports = json.loads(out) if style == "json" else [json.loads(line) for line in out.splitlines()]
    assert [report["result"]["label"] for report in reports] == ["Uninfected", "Parasitized"]
    assert all(tuple(report["result"]["probabilities"]) == NAMES for report in reports)
    assert {report["model"]["id"] for report in reports} == {"malaria"}


@pytest.mark.parametrize("style", ["text", "json"])
def test_the_command_line_states_a_slide(style: str, pictures: Path, other_disease: Path, capsys: Captured) -> None:
    assert main(["slide", str(pictures), "--format", style, "--artifact", str(other_disease)]) == 0

    out = capsys.readouterr().out
    assert is_of_another_disease(out)
    assert "Malaria: suspected." in out
    if style == "text":
        assert "the most suspicious first (probability of parasites, cells, class)" in out


def test_staff_read_report_slide_and_worklist(ask: Ask, portal: PortalWorld) -> None:
    few, many = portal.ledger.rows
    answers = [
        ask(f"GET /reports/{many.object_id}", CLINICIAN),
        ask("GET /slides", CLINICIAN, query={"slide": "c-1", "patient": "p-7"}),
        ask("GET /reports", CLINICIAN),
        ask("GET /model", ADMIN),
    ]

    assert [answer["statusCode"] for answer in answers] == [200] * 4
    assert all(is_of_another_disease(answer["body"]) for answer in answers)
    assert (few.urgent, many.urgent) == (False, True)
    assert content(answers[0])["report"]["result"]["recommendation"] == "Parasites were found. Start treatment."
    assert content(answers[3])["urgent_classes"] == ["Parasitized"]


def test_a_clinician_corrects_it_to_the_other_class_and_releases_it(ask: Ask, portal: PortalWorld) -> None:
    many = portal.ledger.rows[1]
    model = {"model": "malaria/1.0.0"}

    wrong = ask(
        f"POST /reports/{many.object_id}/verdicts", CLINICIAN, json.dumps({**model, "kind": "correct", "label": "Benign"})
    )
    right = ask(
        f"POST /reports/{many.object_id}/verdicts", CLINICIAN, json.dumps({**model, "kind": "correct", "label": "Uninfected"})
    )
    released = ask(f"POST /reports/{many.object_id}/release", CLINICIAN, json.dumps(model))

    assert content(wrong)["detail"] == "Expected one of the classes Uninfected, Parasitized."
    assert right["statusCode"] in {200, 201}
    assert content(released) == {"release": "amended"}


def test_the_patient_reads_its_texts(ask: Ask) -> None:
    answers = [ask("GET /summaries", PATIENT), ask("GET /slides", PATIENT, query={"slide": "c-1"})]

    assert [answer["statusCode"] for answer in answers] == [200] * 2
    assert all(is_of_another_disease(answer["body"]) for answer in answers)
    assert {summary["headline"] for summary in content(answers[0])["summaries"]} == {"The laboratory has looked for parasites."}


def test_its_title_and_names_are_printed(ask: Ask, portal: PortalWorld) -> None:
    answer = ask(f"GET /reports/{portal.ledger.rows[1].object_id}/report.pdf", CLINICIAN)

    document = pypdfium2.PdfDocument(base64.b64decode(answer["body"]))
    page = document[0]
    reader = page.get_textpage()
    text = " ".join(reader.get_text_bounded().split())
    for resource in (reader, page, document):
        resource.close()
    assert is_of_another_disease(text)
    assert "Search of a thin blood film for malaria parasites" in text
    assert "Finding: Malaria parasites" in text
    assert "Thin blood film, one field of view" in text


def test_its_codes_are_sent(ask: Ask, portal: PortalWorld) -> None:
    answers = [ask(f"GET /reports/{row.object_id}/report.fhir.json", CLINICIAN) for row in portal.ledger.rows]
    few, many = (base64.b64decode(answer["body"]).decode() for answer in answers)

    assert is_of_another_disease(few + many)
    resources = [entry["resource"] for entry in json.loads(many)["entry"]]
    (report,) = [resource for resource in resources if resource["resourceType"] == "DiagnosticReport"]
    assert report["code"]["coding"][0]["code"] == "32700-7"
    assert report["conclusionCode"][0]["coding"][0]["system"] == "https://laboratory.example/codes"
    (specimen,) = [resource for resource in resources if resource["resourceType"] == "Specimen"]
    assert specimen["type"]["text"] == "Thin blood film"
    assert [code["code"] for code in specimen["type"]["coding"]] == ["119297000"]
    (plain,) = [
        entry["resource"] for entry in json.loads(few)["entry"] if entry["resource"]["resourceType"] == "DiagnosticReport"
    ]
    assert plain["conclusionCode"] == [{"text": "No parasites"}]  # a class that has no code is text
