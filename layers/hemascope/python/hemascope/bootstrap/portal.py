"""Composition root of what people ask for: environment -> the portal's desk, or what prints reports.

It stands beside ``bootstrap`` so that a smear need not wait for the portal's modules at a start.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from hemascope.aws.audit_table import DynamoAudit
from hemascope.aws.client import client
from hemascope.aws.clock import SystemClock
from hemascope.aws.cognito import CognitoAccounts
from hemascope.aws.hospitals_table import DynamoHospitalSettings
from hemascope.aws.ledger.reader import DynamoReader
from hemascope.aws.ledger.reviews import DynamoReviews
from hemascope.aws.ledger.search import DynamoSearch
from hemascope.aws.messaging import SqsNotificationQueue
from hemascope.aws.s3 import S3Links, S3Store
from hemascope.bootstrap.functions import Environment
from hemascope.domain.hospital import HospitalSettings
from hemascope.domain.texts import ENGLISH, Texts
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
from hemascope.ports import HospitalSettingsRepository


class ReadingEnvironment(Environment):
    """What a function is told that shows reports to people."""

    uploads_bucket: str
    reports_bucket: str
    audit_table: str
    hospitals_table: str
    link_seconds: Annotated[int, Field(ge=1)]
    artifact: Path  # its manifest, card and texts alone
    language: str = ENGLISH


class PortalEnvironment(ReadingEnvironment):
    """What the portal's function is told."""

    notifications_queue: str
    user_pool: str
    screening_usd_per_second: Annotated[float, Field(gt=0.0)]


def build_desk(variables: Mapping[str, str] = os.environ) -> Desk:
    """Connect the ports of the portal."""
    settings = PortalEnvironment.read(variables)
    dynamodb, clock = client("dynamodb", settings.endpoint), SystemClock()
    model = ArtifactFolder.open(settings.artifact)
    texts, urgent = model.texts(settings.language), model.disease.urgent_classes
    reading, hospitals = _reading(settings, dynamodb, texts)
    ledger, repository, trail = reading.ledger, reading.repository, reading.trail
    reviews = DynamoReviews(dynamodb, settings.ledger_table)
    return Desk(
        ledger=ledger,
        repository=repository,
        links=reading.links,
        reading=reading,
        uploads_bucket=settings.uploads_bucket,
        urgent_classes=urgent,
        slide_texts=texts.slide,
        review=Review(
            ledger=ledger,
            reviews=reviews,
            repository=repository,
            hospitals=hospitals,
            trail=trail,
            notifications=SqsNotificationQueue(client("sqs", settings.endpoint), settings.notifications_queue),
            clock=clock,
            patient_classes=texts.patient,
        ),
        acknowledging=Acknowledging(ledger=ledger, reviews=reviews, trail=trail, clock=clock),
        patients=reading.patients,
        trail=trail,
        worklist=Worklist(ledger=ledger, search=DynamoSearch(dynamodb, settings.ledger_table), repository=repository),
        administration=Administration(
            hospitals=hospitals,
            accounts=CognitoAccounts(client("cognito-idp", settings.endpoint), settings.user_pool),
            ledger=ledger,
            trail=trail,
            clock=clock,
            model=ModelView(name=model.manifest.name, card=model.card(), metrics=model.manifest.metrics, urgent_classes=urgent),
            usd_per_second=settings.screening_usd_per_second,
        ),
    )


def build_document_desk(variables: Mapping[str, str] = os.environ) -> DocumentDesk:
    """Connect the ports of what prints reports: a reader of reports, and one of pictures."""
    settings = ReadingEnvironment.read(variables)
    model = ArtifactFolder.open(settings.artifact)
    texts = model.texts(settings.language)
    reading, hospitals = _reading(settings, client("dynamodb", settings.endpoint), texts)
    return DocumentDesk(reading, hospitals, S3Store(client("s3", settings.endpoint)), model.disease, texts)


def _reading(settings: ReadingEnvironment, dynamodb: Any, texts: Texts) -> tuple[Reading, HospitalSettingsRepository]:
    """What shows reports to people, and the settings that say when."""
    s3, ledger = client("s3", settings.endpoint), DynamoReader(dynamodb, settings.ledger_table)
    hospitals = DynamoHospitalSettings(dynamodb, settings.hospitals_table, HospitalSettings())
    repository = ReportRepository(S3Store(s3, settings.reports_bucket), settings.reports_bucket)
    trail = Trail(DynamoAudit(dynamodb, settings.audit_table), SystemClock())
    links = S3Links(s3, settings.uploads_bucket, settings.reports_bucket, settings.link_seconds)
    patients = PatientDesk(ledger=ledger, repository=repository, hospitals=hospitals, trail=trail, texts=texts)
    return Reading(ledger=ledger, repository=repository, links=links, patients=patients, trail=trail), hospitals
