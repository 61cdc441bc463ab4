"""Composition root of the portal: environment -> the use cases of ``portal_api`` and of ``report_documents``.

Each function has a composition root of its own, so that no other function imports the portal's modules when it starts.
"""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from hemascope.aws.audit_table import DynamoAudit
from hemascope.aws.client import client
from hemascope.aws.clock import SystemClock
from hemascope.aws.cognito import CognitoAccounts
from hemascope.aws.hospitals_table import DynamoHospitalSettings
from hemascope.aws.ledger import DynamoLedger
from hemascope.aws.messaging import SqsJobQueue, SqsNotificationQueue
from hemascope.aws.microscopes_table import DynamoMicroscopes
from hemascope.aws.s3 import S3Links, S3Store
from hemascope.bootstrap.environment import Environment
from hemascope.domain.hospital import HospitalSettings
from hemascope.domain.manifest import WEIGHTS
from hemascope.domain.texts import ENGLISH, Texts
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


class ReadingEnvironment(Environment):
    """Settings of a function that shows reports."""

    uploads_bucket: str
    reports_bucket: str
    audit_table: str
    hospitals_table: str
    microscopes_table: str
    link_seconds: Annotated[int, Field(ge=1)]
    artifact: Path  # only its manifest, card and texts
    language: str = ENGLISH


class PortalEnvironment(ReadingEnvironment):
    """Settings of the portal's function."""

    notifications_queue: str
    jobs_queue: str
    user_pool: str
    screening_usd_per_second: Annotated[float, Field(gt=0.0)]


class _Reading:
    """What both functions use: ports, and the services that show reports."""

    def __init__(self, settings: ReadingEnvironment, texts: Texts) -> None:
        dynamodb, self.s3 = client("dynamodb", settings.endpoint), client("s3", settings.endpoint)
        self.clock = SystemClock()
        self.ledger = DynamoLedger(dynamodb, settings.ledger_table)
        self.hospitals = DynamoHospitalSettings(dynamodb, settings.hospitals_table, HospitalSettings())
        self.microscopes = DynamoMicroscopes(dynamodb, settings.microscopes_table)
        self.repository = ReportRepository(S3Store(self.s3, settings.reports_bucket), settings.reports_bucket)
        self.audit = AuditService(DynamoAudit(dynamodb, settings.audit_table), self.clock)
        self.links = S3Links(self.s3, settings.uploads_bucket, settings.reports_bucket, settings.link_seconds)
        self.patients = PatientResultService(self.ledger, self.repository, self.hospitals, self.audit, texts)
        self.reports = ReportService(self.ledger, self.repository, self.links, self.patients, self.audit)


def build_portal() -> Portal:
    """Connect the ports of the portal."""
    settings = PortalEnvironment.read()
    model = ArtifactFolder.open(settings.artifact)
    texts, urgent = model.texts(settings.language), model.disease.urgent_classes
    reading = _Reading(settings, texts)
    ledger, repository, audit = reading.ledger, reading.repository, reading.audit
    sqs = client("sqs", settings.endpoint)
    microscopes = MicroscopeService(
        reading.microscopes,
        audit,
        reading.links,
        reading.clock,
        model.manifest.files[WEIGHTS],
        SqsJobQueue(sqs, settings.jobs_queue),
    )
    return Portal(
        uploads=UploadService(reading.links, settings.uploads_bucket, reading.microscopes),
        worklist=WorklistService(ledger, repository),
        reports=reading.reports,
        reviews=ReviewService(
            ledger=ledger,
            repository=repository,
            hospitals=reading.hospitals,
            audit=audit,
            notifications=SqsNotificationQueue(sqs, settings.notifications_queue),
            clock=reading.clock,
            patient_classes=texts.patient,
        ),
        slides=SlideService(ledger, repository, reading.patients, audit, urgent, texts.slide),
        patients=reading.patients,
        administration=AdministrationService(
            hospitals=reading.hospitals,
            accounts=CognitoAccounts(client("cognito-idp", settings.endpoint), settings.user_pool),
            audit=audit,
            model=ModelView(name=model.manifest.name, card=model.card(), metrics=model.manifest.metrics, urgent_classes=urgent),
        ),
        microscopes=microscopes,
        charts=DriftChartService(microscopes, ledger, repository.store, repository.bucket, model.baseline()),
        commissioning=CommissioningService(microscopes, ledger, repository.store, repository.bucket),
        verification=VerificationService(microscopes, ledger, repository.store, SignedOffLabels(repository), model.disease),
        statistics=StatisticsService(ledger, reading.clock, settings.screening_usd_per_second),
        audit=audit,
    )


def build_documents() -> Documents:
    """Connect the ports of the function that renders reports."""
    settings = ReadingEnvironment.read()
    model = ArtifactFolder.open(settings.artifact)
    texts = model.texts(settings.language)
    reading = _Reading(settings, texts)
    repository = reading.repository
    return Documents(
        ReportDocumentService(reading.reports, reading.hospitals, S3Store(reading.s3), model.disease, texts),
        ProofFileService(reading.microscopes, reading.ledger, repository.store, repository.bucket),
    )
