"""A portal on fakes: a hospital's smear screened by the real service, and requests as the API passes them to the function."""

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
from hemascope.domain.ledger import LedgerRow
from hemascope.domain.manifest import WEIGHTS
from hemascope.domain.specimen import ObjectVersion
from hemascope.domain.texts import ENGLISH, Texts
from hemascope.domain.upload import SignedPut, UploadForm
from hemascope.model.classifier import Classifier
from hemascope.model.folder import ArtifactFolder
from hemascope.portal.administration import AdministrationService, ModelView
from hemascope.portal.audit import AuditService
from hemascope.portal.commissioning import CommissioningService
from hemascope.portal.drift import DriftChartService
from hemascope.portal.known_slides import SignedOffLabels
from hemascope.portal.microscope_files import ProofFileService
from hemascope.portal.microscopes import MicroscopeService
from hemascope.portal.patients import PatientResultService
from hemascope.portal.report_files import ReportDocumentService
from hemascope.portal.report_repository import ReportRepository
from hemascope.portal.reports import ReportService
from hemascope.portal.reviews import ReviewService
from hemascope.portal.routes import Documents, Portal
from hemascope.portal.slides import SlideService
from hemascope.portal.statistics import StatisticsService
from hemascope.portal.uploads import UploadService
from hemascope.portal.verification import VerificationService
from hemascope.portal.worklist import WorklistService
from hemascope.ports import ObjectStore
from hemascope_cli.local.worker import load_handler
from hemascope_cli.project import artifact_folder
from tests.support.fake_channels import FakeJobs
from tests.support.fake_ledger import FakeLedger
from tests.support.fake_microscopes import FakeMicroscopes
from tests.support.fakes import FakeClock, FakeHospitals, FakeNotifications, FakeStore, FixedClassifier, World

CONTEXT = SimpleNamespace(function_name="portal-api", aws_request_id="1", invoked_function_arn="arn", memory_limit_in_mb=0)
SMEAR = ObjectVersion(bucket="uploads", key="smears/st-mary/p-7/c-1/scope 1/field 1.jpg", version_id="v1")
UNKNOWN = "0" * 32


class FakeAccounts:
    """An AccountDirectory: accounts by their names, each with its hospital."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[str, Account]] = {}

    def page(self, hospital: str, limit: int, after: str | None = None) -> AccountPage | None:
        mine = [account for theirs, account in self.kept.values() if theirs == hospital]
        if after is not None and after not in self.kept:
            return None
        start = [account.username for account in mine].index(after) + 1 if after else 0
        shown, more = mine[start : start + limit], len(mine) > start + limit
        return AccountPage(accounts=tuple(shown), next=shown[-1].username if more else None)

    def invite(self, hospital: str, email: str, role: str, patient: str | None) -> Account | None:
        if any(account.email == email for _, account in self.kept.values()):
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

    def append(
        self,
        hospital: str,
        who: str,
        action: AuditAction,
        object_id: str | None,
        at: datetime,
        microscope: str | None = None,
    ) -> AuditEntry:
        before = self.entries(hospital, 0, len(self.kept))
        previous = before[-1].digest if before else FIRST
        fields = {
            "hospital": hospital,
            "number": len(before) + 1,
            "at": at,
            "who": who,
            "action": action,
            "object_id": object_id,
            "microscope": microscope,
        }
        entry = AuditEntry(**fields, previous=previous)
        self.kept.append(entry)
        return entry

    def entries(self, hospital: str, after: int, limit: int) -> tuple[AuditEntry, ...]:
        return tuple(entry for entry in self.kept if entry.hospital == hospital and entry.number > after)[:limit]

    @property
    def recorded(self) -> list[tuple[str, str, str | None]]:
        """Who did what with which smear."""
        return [(entry.who, str(entry.action), entry.object_id) for entry in self.kept]


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
class PortalWorld:
    """The portal's use cases on fakes."""

    model: ArtifactFolder = field(default_factory=lambda: ArtifactFolder.open(artifact_folder(None)))
    ledger: FakeLedger = field(default_factory=FakeLedger)
    reports: ReportsBucket = field(default_factory=ReportsBucket)
    hospitals: FakeHospitals = field(default_factory=FakeHospitals)
    microscopes: FakeMicroscopes = field(default_factory=FakeMicroscopes)
    accounts: FakeAccounts = field(default_factory=FakeAccounts)
    audit: FakeAudit = field(default_factory=FakeAudit)
    notifications: FakeNotifications = field(default_factory=FakeNotifications)
    jobs: FakeJobs = field(default_factory=FakeJobs)
    clock: FakeClock = field(default_factory=FakeClock)
    links: FakeLinks = field(default_factory=FakeLinks)

    @cached_property
    def texts(self) -> Texts:
        return self.model.texts(ENGLISH)

    @property
    def repository(self) -> ReportRepository:
        return ReportRepository(self.reports, "reports")

    @property
    def services(self) -> Portal:
        """The use cases of ``portal_api``."""
        ledger, repository, audit = self.ledger, self.repository, AuditService(self.audit, self.clock)
        patients = PatientResultService(ledger, repository, self.hospitals, audit, self.texts)
        weights = self.model.manifest.files[WEIGHTS]
        microscopes = MicroscopeService(self.microscopes, audit, self.links, self.clock, weights, self.jobs)
        return Portal(
            uploads=UploadService(self.links, "uploads", self.microscopes),
            worklist=WorklistService(ledger, repository),
            reports=ReportService(ledger, repository, self.links, patients, audit),
            reviews=ReviewService(
                ledger, repository, self.hospitals, audit, self.notifications, self.clock, self.texts.patient
            ),
            slides=SlideService(ledger, repository, patients, audit, self.model.disease.urgent_classes, self.texts.slide),
            patients=patients,
            administration=AdministrationService(self.hospitals, self.accounts, audit, self._view),
            microscopes=microscopes,
            charts=DriftChartService(microscopes, ledger, self.reports, "reports", self.model.baseline()),
            commissioning=CommissioningService(microscopes, ledger, self.reports, "reports"),
            verification=VerificationService(
                microscopes, ledger, self.reports, SignedOffLabels(repository), self.model.disease
            ),
            statistics=StatisticsService(ledger, self.clock, usd_per_second=0.001),
            audit=audit,
        )

    def documents(self, pictures: ObjectStore) -> Documents:
        """The use cases of ``report_documents``."""
        return Documents(
            ReportDocumentService(self.services.reports, self.hospitals, pictures, self.model.disease, self.texts),
            ProofFileService(self.microscopes, self.ledger, self.reports, "reports"),
        )

    @property
    def _view(self) -> ModelView:
        name, urgent = self.model.manifest.name, self.model.disease.urgent_classes
        return ModelView(name=name, card="# Card", metrics={"test": {"accuracy": 0.9}}, urgent_classes=urgent)

    def screen(self, data: bytes, classifier: Classifier | FixedClassifier, version: ObjectVersion = SMEAR) -> LedgerRow:
        """Have the real service screen a smear; what it writes is there for the portal."""
        world = World(classifier)
        world.pictures.pictures[version] = data
        row = world.screening_service().process(CreatedObject(object=version, size=len(data))).row
        for key, (content, _) in world.reports.files.items():
            self.reports.pictures[ObjectVersion(bucket="reports", key=key)] = content
        self.ledger.rows.append(row)
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


def opened(root: Path, portal: PortalWorld, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """The functions' own entries in front of a portal on fakes; takes what ``request`` takes."""
    portal_api, documents = (
        load_handler(root / "lambdas" / name / "handler.py") for name in ("portal_api", "report_documents")
    )
    monkeypatch.setitem(portal_api.__globals__, "services", lambda: portal.services)
    monkeypatch.setitem(documents.__globals__, "services", lambda: portal.documents(portal.reports))

    def ask(route: str, *arguments: Any, **named: Any) -> dict[str, Any]:
        handler = documents if route.endswith(("/report.pdf", "/report.fhir.json", "/proof.pdf")) else portal_api
        return handler(request(route, *arguments, **named), CONTEXT)

    return ask
