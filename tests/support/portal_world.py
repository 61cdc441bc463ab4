"""A portal on fakes: one hospital's smear screened by the real station, and requests as the API hands them to the function."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import pytest

from hemascope.domain.account import Account, AccountPage
from hemascope.domain.audit import FIRST, AuditAction, AuditEntry
from hemascope.domain.events import CreatedObject
from hemascope.domain.ledger import LedgerRow, RowFilter, RowPage, RowPosition
from hemascope.domain.specimen import ObjectVersion, Patient
from hemascope.domain.texts import ENGLISH, Texts
from hemascope.domain.upload import SignedPut, UploadForm
from hemascope.model.classifier import Classifier
from hemascope.model.folder import ArtifactFolder
from hemascope.portal.acknowledgements import Acknowledging
from hemascope.portal.administration import Administration, ModelView
from hemascope.portal.audit import Trail
from hemascope.portal.patients import PatientDesk
from hemascope.portal.report_files import DocumentDesk
from hemascope.portal.report_repository import ReportRepository
from hemascope.portal.reports import Reading
from hemascope.portal.reviews import Review
from hemascope.portal.service import Desk
from hemascope.portal.worklist import Worklist
from hemascope_cli.local.worker import load_handler
from hemascope_cli.project import artifact_folder
from tests.support.fakes import FakeClock, FakeHospitals, FakeNotifications, FakeStore, FixedClassifier, World

CONTEXT = SimpleNamespace(function_name="portal-api", aws_request_id="1", invoked_function_arn="arn", memory_limit_in_mb=0)
SMEAR = ObjectVersion(bucket="uploads", key="smears/st-mary/p-7/c-1/field 1.jpg", version_id="v1")
UNKNOWN = "0" * 32


class FakeReader:
    """A LedgerReader and a ReviewLedger: a list of rows."""

    def __init__(self) -> None:
        self.rows: list[LedgerRow] = []
        self.asked: list[str] = []

    def rows_of(self, object_id: str) -> tuple[LedgerRow, ...]:
        self.asked.append(object_id)
        return tuple(row for row in self.rows if row.object_id == object_id)

    def rows_by_slide(self, hospital: str, slide: str, limit: int) -> tuple[LedgerRow, ...]:
        return tuple(row for row in self.rows if (row.hospital, row.slide) == (hospital, slide))[:limit]

    def rows_by_hospital(self, hospital: str, limit: int, after: RowPosition | None = None) -> RowPage:
        mine = sorted((row for row in self.rows if row.hospital == hospital), key=self._position, reverse=True)
        if after:
            mine = [row for row in mine if self._position(row) < tuple(after.model_dump().values())]
        last = mine[limit - 1] if len(mine) > limit else None
        position = RowPosition(**last.model_dump(include=set(RowPosition.model_fields))) if last else None
        return RowPage(rows=tuple(mine[:limit]), next=position)

    def rows_by_patient(self, patient: Patient, limit: int) -> tuple[LedgerRow, ...]:
        return tuple(sorted((row for row in self.rows if row.patient == patient.digest), key=self._position)[: -limit - 1 : -1])

    def search(self, hospital: str, wanted: RowFilter, limit: int, after: RowPosition | None = None) -> RowPage:
        all_rows, self.rows = self.rows, [row for row in self.rows if wanted.takes(row)]
        try:
            return self.rows_by_hospital(hospital, limit, after)
        finally:
            self.rows = all_rows

    def set_review(self, before: LedgerRow, after: LedgerRow) -> bool:
        stood = before in self.rows
        self.rows = [after if row == before else row for row in self.rows]
        return stood

    def acknowledge(self, object_id: str, model: str, at: datetime) -> None:
        seen = {"acknowledged_at": at}
        self.rows = [
            row.model_copy(update=seen) if (row.object_id, row.model, row.acknowledged_at) == (object_id, model, None) else row
            for row in self.rows
        ]

    def _position(self, row: LedgerRow) -> tuple:
        return row.finished_at, row.object_id, row.model


class FakeAccounts:
    """An AccountDirectory: accounts by their names, each with its hospital."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[str, Account]] = {}

    def page(self, hospital: str, limit: int, after: str | None = None) -> AccountPage | None:
        mine = [account for theirs, account in self.kept.values() if theirs == hospital]
        if after is not None and after not in self.kept:
            return None
        start = [one.username for one in mine].index(after) + 1 if after else 0
        shown, more = mine[start : start + limit], len(mine) > start + limit
        return AccountPage(accounts=tuple(shown), next=shown[-1].username if more else None)

    def invite(self, hospital: str, email: str, role: str, patient: str | None) -> Account | None:
        if any(one.email == email for _, one in self.kept.values()):
            return None
        made = Account(username=f"u-{len(self.kept)}", email=email, role=role, patient=patient, status="FORCE_CHANGE_PASSWORD")
        self.kept[made.username] = hospital, made
        return made

    def account_id(self, hospital: str, username: str) -> str | None:
        theirs, found = self.kept.get(username, (None, None))
        return f"id of {username}" if found and theirs == hospital else None

    def remove(self, username: str) -> None:
        self.kept.pop(username, None)


class FakeAudit:
    """An AuditTrail: a list."""

    def __init__(self) -> None:
        self.kept: list[AuditEntry] = []

    def append(self, hospital: str, who: str, action: AuditAction, object_id: str | None, at: datetime) -> AuditEntry:
        before = self.entries(hospital, 0, len(self.kept))
        previous = before[-1].digest if before else FIRST
        fields = {
            "hospital": hospital,
            "number": len(before) + 1,
            "at": at,
            "who": who,
            "action": action,
            "object_id": object_id,
        }
        entry = AuditEntry(**fields, previous=previous)
        self.kept.append(entry)
        return entry

    def entries(self, hospital: str, after: int, limit: int) -> tuple[AuditEntry, ...]:
        return tuple(one for one in self.kept if one.hospital == hospital and one.number > after)[:limit]

    @property
    def told(self) -> list[tuple[str, str, str | None]]:
        """Who did what with which smear."""
        return [(one.who, str(one.action), one.object_id) for one in self.kept]


class ReportsBucket(FakeStore):
    """An ObjectStore whose files can be read again."""

    def read(self, version: ObjectVersion, limit: int) -> bytes:
        return self.files[version.key][0] if version.key in self.files else super().read(version, limit)


class FakeLinks:
    """A LinkMaker whose links say what they were made for."""

    seconds = 300
    store = "https://uploads.example"

    def upload_form(self, key: str, maximum_bytes: int) -> UploadForm:
        return UploadForm(url="https://uploads.example/", fields={"key": key, "at most": str(maximum_bytes)})

    def upload_put(self, key: str, sha256: str, size: int) -> SignedPut:
        checksum = base64.b64encode(bytes.fromhex(sha256)).decode()
        headers = {"x-amz-checksum-sha256": checksum, "content-length": str(size), "if-none-match": "*"}
        return SignedPut(url=f"{self.store}/{quote(key)}", headers=headers)

    def link(self, key: str) -> str:
        return f"https://reports.example/{key}"


@dataclass
class Portal:
    """The desk with all that stands around it."""

    model: ArtifactFolder = field(default_factory=lambda: ArtifactFolder.open(artifact_folder(None)))
    reader: FakeReader = field(default_factory=FakeReader)
    reports: ReportsBucket = field(default_factory=ReportsBucket)
    hospitals: FakeHospitals = field(default_factory=FakeHospitals)
    accounts: FakeAccounts = field(default_factory=FakeAccounts)
    audit: FakeAudit = field(default_factory=FakeAudit)
    notifications: FakeNotifications = field(default_factory=FakeNotifications)
    clock: FakeClock = field(default_factory=FakeClock)
    links: FakeLinks = field(default_factory=FakeLinks)

    @cached_property
    def texts(self) -> Texts:
        return self.model.texts(ENGLISH)

    @property
    def desk(self) -> Desk:
        repository, trail = ReportRepository(self.reports, "reports"), Trail(self.audit, self.clock)
        patients = PatientDesk(self.reader, repository, self.hospitals, trail, self.texts)
        return Desk(
            self.reader,
            repository,
            self.links,
            Reading(self.reader, repository, self.links, patients, trail),
            uploads_bucket="uploads",
            urgent_classes=self.model.disease.urgent_classes,
            slide_texts=self.texts.slide,
            review=Review(
                self.reader, self.reader, repository, self.hospitals, trail, self.notifications, self.clock, self.texts.patient
            ),
            acknowledging=Acknowledging(self.reader, self.reader, trail, self.clock),
            patients=patients,
            trail=trail,
            worklist=Worklist(self.reader, self.reader, repository),
            administration=Administration(
                self.hospitals, self.accounts, self.reader, trail, self.clock, self._view, usd_per_second=0.001
            ),
        )

    @property
    def _view(self) -> ModelView:
        name, urgent = self.model.manifest.name, self.model.disease.urgent_classes
        return ModelView(name=name, card="# Card", metrics={"test": {"accuracy": 0.9}}, urgent_classes=urgent)

    def screen(self, data: bytes, classifier: Classifier | FixedClassifier, version: ObjectVersion = SMEAR) -> LedgerRow:
        """Have the real station judge a smear; what it writes is there for the portal."""
        world = World(classifier)
        world.pictures.pictures[version] = data
        row = world.station().process(CreatedObject(object=version, size=len(data))).row
        for key, (content, _) in world.reports.files.items():
            self.reports.pictures[ObjectVersion(bucket="reports", key=key)] = content
        self.reader.rows.append(row)
        return row


def account(group: str, hospital: str | None = "st-mary", patient: str | None = None, sub: str = "8f0c") -> dict[str, str]:
    """Claims of an identity token as the API's authorizer hands them on: text, and lists in brackets."""
    claims = {"sub": sub, "token_use": "id", "cognito:groups": f"[{group}]"}
    named = {"custom:hospital": hospital, "custom:patient": patient}
    return claims | {name: value for name, value in named.items() if value is not None}


def request(route: str, claims: dict[str, str] | None, body: str | None = None, query: dict | None = None) -> dict[str, Any]:
    """An event of the HTTP API, payload format 2.0; a route such as ``GET /reports/0f``."""
    method, path = route.split(" ", 1)
    parts = path.split("/", 2)
    named = {"object_id": parts[2].split("/")[0]} if len(parts) > 2 else None
    context: dict[str, Any] = {
        "requestId": "request-1",
        "stage": "$default",
        "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "browser"},
    }
    if claims is not None:
        context["authorizer"] = {"jwt": {"claims": claims, "scopes": None}}
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": f"{method} {path.replace(parts[2].split('/')[0], '{object_id}')}" if named else f"{method} {path}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"content-type": "application/json"},
        "requestContext": context,
        "isBase64Encoded": False,
    }
    optional = {"body": body, "pathParameters": named, "queryStringParameters": query}
    return event | {name: value for name, value in optional.items() if value is not None}


def content(answer: dict[str, Any]) -> dict[str, Any]:
    """The JSON of an answer."""
    return json.loads(answer["body"])


def opened(root: Path, portal: Portal, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """The functions' own entries in front of a portal on fakes; takes what ``request`` takes."""
    portal_api, documents = (load_handler(root / "lambdas" / one / "handler.py") for one in ("portal_api", "report_documents"))
    monkeypatch.setitem(portal_api.__globals__, "desk", lambda: portal.desk)
    shown = portal.hospitals, portal.reports, portal.model.disease, portal.texts
    monkeypatch.setitem(documents.__globals__, "desk", lambda: DocumentDesk(portal.desk.reading, *shown))

    def ask(route: str, *arguments: Any, **named: Any) -> dict[str, Any]:
        handler = documents if route.endswith(("/report.pdf", "/report.fhir.json")) else portal_api
        return handler(request(route, *arguments, **named), CONTEXT)

    return ask
