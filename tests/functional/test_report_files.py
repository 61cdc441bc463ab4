"""A report as a file: who gets it, in which form, and what is written down of it."""

import json
from base64 import b64decode
from io import StringIO
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from pypdfium2.raw import FPDF_PAGEOBJ_IMAGE

from hemascope.domain.errors import MissingObject
from hemascope.domain.hospital import HospitalSettings
from hemascope.domain.report import State
from hemascope.domain.specimen import ObjectVersion
from hemascope.model.artifact import Artifact
from hemascope.portal.http import logger
from hemascope.portal.identity import person_of
from hemascope.portal.reviews import OpinionRequest, ReleaseRequest
from hemascope_cli.local.worker import load_handler
from tests.support.fakes import FixedClassifier
from tests.support.portal_world import CONTEXT, SMEAR, UNKNOWN, PortalWorld, account, content, request
from tests.support.rows import row

CLINICIAN = account("clinician")
PDF, FHIR = f"GET /reports/{SMEAR.object_id}/report.pdf", f"GET /reports/{SMEAR.object_id}/report.fhir.json"


class Caller:
    """The function with its use cases on fakes, and what it logs."""

    def __init__(self, handler: Any, log: StringIO) -> None:
        self.handler, self.log = handler, log

    def __call__(self, *arguments: Any) -> dict[str, Any]:
        return self.handler(request(*arguments), CONTEXT)

    def page(self, route: str = PDF) -> tuple[str, int]:
        """Text of a printed report, and how many pictures it has."""
        document = pypdfium2.PdfDocument(b64decode(self(route, CLINICIAN)["body"]))
        page = document[0]
        reader = page.get_textpage()
        notified = " ".join(reader.get_text_bounded().split())
        pictures = len(list(page.get_objects(filter=[FPDF_PAGEOBJ_IMAGE])))
        for part in (reader, page, document):
            part.close()
        return notified, pictures

    def bundle(self, route: str = FHIR) -> dict[str, Any]:
        return json.loads(b64decode(self(route, CLINICIAN)["body"]))


class Pictures:
    """An ObjectStore that has the smears, unless they are gone, and what the portal's has."""

    def __init__(self, portal: PortalWorld, smears: dict[ObjectVersion, bytes]) -> None:
        self.portal, self.smears = portal, smears

    def read(self, version: ObjectVersion, limit: int) -> bytes:
        if version.bucket != "uploads":
            return self.portal.reports.read(version, limit)
        if version not in self.smears:
            raise MissingObject("gone")
        return self.smears[version]


@pytest.fixture
def portal(screened: PortalWorld) -> PortalWorld:
    return screened


@pytest.fixture
def pictures(portal: PortalWorld, smear: bytes) -> Pictures:
    return Pictures(portal, {SMEAR: smear})


@pytest.fixture
def ask(root: Path, portal: PortalWorld, pictures: Pictures, monkeypatch: pytest.MonkeyPatch) -> Any:
    handler, log = load_handler(root / "lambdas" / "report_documents" / "handler.py"), StringIO()
    monkeypatch.setitem(handler.__globals__, "services", lambda: portal.documents(pictures))
    before = logger.registered_handler.setStream(log)
    yield Caller(handler, log)
    logger.registered_handler.setStream(before)


def test_staff_get_the_report_as_a_pdf_file_in_base64(ask: Caller) -> None:
    answer = ask(PDF, CLINICIAN)

    assert answer["statusCode"] == 200
    assert answer["isBase64Encoded"] is True
    assert b64decode(answer["body"]).startswith(b"%PDF-")
    assert answer["headers"]["Content-Type"] == "application/pdf"
    assert answer["headers"]["Content-Disposition"] == f'attachment; filename="report-{SMEAR.object_id}.pdf"'
    assert answer["headers"]["Cache-Control"] == "no-store"


def test_the_page_holds_the_smear_and_what_was_drawn_of_it(ask: Caller) -> None:
    text, pictures = ask.page()

    assert "Finding: Pre-B pattern" in text
    assert "This picture is not available any more." not in text
    assert pictures == 4


@pytest.mark.parametrize("what", ["smear", "overlay"])
def test_a_report_outlives_its_pictures(ask: Caller, portal: PortalWorld, pictures: Pictures, what: str) -> None:
    if what == "smear":
        pictures.smears.clear()
    else:
        portal.reports.files = {key: file for key, file in portal.reports.files.items() if "overlay" not in key}
        portal.reports.pictures = {key: data for key, data in portal.reports.pictures.items() if "overlay" not in key.key}

    text, shown = ask.page()

    assert "This picture is not available any more." in text
    assert shown == 3


def test_staff_get_a_fhir_bundle_of_the_hospitals_version(ask: Caller, portal: PortalWorld) -> None:
    answer = ask(FHIR, CLINICIAN)
    portal.hospitals.settings["st-mary"] = HospitalSettings(fhir="R4B")
    older = ask.bundle()

    newer = json.loads(b64decode(answer["body"]))
    assert answer["headers"]["Content-Type"] == "application/fhir+json"
    kinds = [{entry["resource"]["resourceType"] for entry in bundle["entry"]} for bundle in (newer, older)]
    assert "DocumentReference" in kinds[0]
    assert "Media" in kinds[1]


def test_the_hospitals_telephone_is_on_the_page(ask: Caller, portal: PortalWorld) -> None:
    portal.hospitals.settings["st-mary"] = HospitalSettings(telephone="+49 30 1234")

    assert "Questions: +49 30 1234" in ask.page()[0]


def test_what_a_reviewer_changed_is_in_both(ask: Caller, portal: PortalWorld) -> None:
    person = person_of(CLINICIAN)
    (row,) = portal.ledger.rows
    correction = OpinionRequest(model=row.model, kind="correct", label="Pro-B", comment="Nucleoli.")
    portal.services.reviews.add_verdict(person, SMEAR.object_id, correction)
    portal.services.reviews.release(person, SMEAR.object_id, ReleaseRequest(model=row.model))

    text, bundle = ask.page()[0], ask.bundle()

    assert "After review: Pro-B" in text
    assert "Nucleoli." in text
    (report,) = [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == "DiagnosticReport"]
    assert report["status"] == "amended"


@pytest.mark.parametrize("route", [PDF, FHIR])
def test_every_reading_is_written_down(ask: Caller, portal: PortalWorld, route: str) -> None:
    ask(route, CLINICIAN)

    assert portal.audit.recorded == [("8f0c", "viewed", SMEAR.object_id)]


@pytest.mark.parametrize("route", [PDF, FHIR])
@pytest.mark.parametrize(
    ("who", "status"),
    [
        (account("technician"), 200),
        (account("admin"), 200),
        (account("clinician", "st-joseph"), 403),
        (account("patient", patient="p-7"), 403),
        (account("patient", patient="p-8"), 403),
        (None, 403),
    ],
)
def test_a_file_is_for_the_hospitals_own_staff(ask: Caller, portal: PortalWorld, route: str, who: Any, status: int) -> None:
    answer = ask(route, who)

    assert answer["statusCode"] == status
    assert len(portal.audit.recorded) == (1 if status == 200 else 0)


@pytest.mark.parametrize("name", ["report.pdf", "report.fhir.json"])
@pytest.mark.parametrize("text", [UNKNOWN, "Jane Doe", ".."])
def test_what_is_not_there_is_not_found(ask: Caller, name: str, text: str) -> None:
    answer = ask(f"GET /reports/{text}/{name}", CLINICIAN)

    assert answer["statusCode"] == 404
    assert answer["headers"]["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("route", [PDF, FHIR])
def test_a_failed_screening_has_no_file(ask: Caller, portal: PortalWorld, route: str) -> None:
    portal.ledger.rows = [row(State.FAILED, object=SMEAR, object_id=SMEAR.object_id, report_key=None, failure="LastDelivery")]

    assert ask(route, CLINICIAN)["statusCode"] == 404


def test_a_rejected_picture_has_both_files(ask: Caller, portal: PortalWorld, artifact: Artifact) -> None:
    other = ObjectVersion(bucket="uploads", key="smears/st-mary/p-7/c-1/notes.jpg", version_id="v1")
    portal.screen(b"no picture", FixedClassifier(artifact, 0.25, 0.25, 0.25, 0.25), other)

    text, pictures = ask.page(f"GET /reports/{other.object_id}/report.pdf")
    bundle = ask.bundle(f"GET /reports/{other.object_id}/report.fhir.json")

    assert "unsupported format" in text
    assert pictures == 0
    assert bundle["entry"][0]["resource"]["status"] == "cancelled"


def test_the_log_says_which_report_and_never_whose(ask: Caller) -> None:
    ask(PDF, CLINICIAN)

    (line,) = [json.loads(line) for line in ask.log.getvalue().splitlines()]
    assert (line["status"], line["object_id"]) == (200, SMEAR.object_id)
    assert not [word for word in ("p-7", "c-1", "st-mary", "field 1", "Pre-B", "8f0c") if word in ask.log.getvalue()]


def test_our_own_fault_tells_nothing_of_our_inside(ask: Caller, pictures: Pictures) -> None:
    def fail(version: ObjectVersion, limit: int) -> bytes:
        raise KeyError(version.key)

    pictures.read = fail

    answer = ask(PDF, CLINICIAN)

    assert answer["statusCode"] == 500
    assert content(answer)["detail"] == "This is our fault. Please tell your engineer."
    assert "p-7" not in ask.log.getvalue()
