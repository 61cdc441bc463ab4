"""Composition root of what people ask for: environment -> the portal's desk, or what prints reports.

It stands beside ``bootstrap`` so that a smear need not wait for the portal's modules at a start.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from hemascope.adapters.aws import S3Store, SystemClock, client
from hemascope.adapters.aws_accounts import CognitoAccounts
from hemascope.adapters.aws_audit import DynamoAudit
from hemascope.adapters.aws_queries import DynamoReader, S3Links
from hemascope.adapters.aws_review import DynamoReviews
from hemascope.adapters.aws_telling import SqsNotices
from hemascope.adapters.aws_worklist import DynamoSearch
from hemascope.adapters.hospitals import DynamoHospitalBook
from hemascope.adapters.words import read_card, read_words
from hemascope.bootstrap import Environment
from hemascope.contracts.hospital import HospitalSettings
from hemascope.contracts.texts import ENGLISH, Texts
from hemascope.portal.acknowledge import Acknowledging
from hemascope.portal.administration import Administration, ModelView
from hemascope.portal.desk import Desk
from hemascope.portal.files import DocumentDesk
from hemascope.portal.patients import PatientDesk
from hemascope.portal.reading import Reading
from hemascope.portal.review import Review
from hemascope.portal.shelf import Shelf
from hemascope.portal.trail import Trail
from hemascope.portal.worklist import Worklist
from hemascope.ports import HospitalBook


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

    notices_queue: str
    user_pool: str
    screening_usd_per_second: Annotated[float, Field(gt=0.0)]


def build_desk(variables: Mapping[str, str] = os.environ) -> Desk:
    """Connect the ports of the portal."""
    settings = PortalEnvironment.read(variables)
    dynamodb, clock = client("dynamodb", settings.endpoint), SystemClock()
    words, card = read_words(settings.artifact, settings.language), read_card(settings.artifact)
    reading, hospitals = _reading(settings, dynamodb, words.texts)
    ledger, shelf, trail = reading.ledger, reading.shelf, reading.trail
    reviews = DynamoReviews(dynamodb, settings.ledger_table)
    return Desk(
        ledger=ledger,
        shelf=shelf,
        links=reading.links,
        reading=reading,
        uploads_bucket=settings.uploads_bucket,
        urgent_classes=words.urgent_classes,
        case_words=words.texts.case,
        review=Review(
            ledger=ledger,
            reviews=reviews,
            shelf=shelf,
            hospitals=hospitals,
            trail=trail,
            notices=SqsNotices(client("sqs", settings.endpoint), settings.notices_queue),
            clock=clock,
            patient_classes=words.texts.patient,
        ),
        acknowledging=Acknowledging(ledger=ledger, reviews=reviews, trail=trail, clock=clock),
        patients=reading.patients,
        trail=trail,
        worklist=Worklist(ledger=ledger, search=DynamoSearch(dynamodb, settings.ledger_table), shelf=shelf),
        administration=Administration(
            hospitals=hospitals,
            accounts=CognitoAccounts(client("cognito-idp", settings.endpoint), settings.user_pool),
            ledger=ledger,
            trail=trail,
            clock=clock,
            model=ModelView(name=card.name, card=card.card, metrics=card.metrics, urgent_classes=words.urgent_classes),
            usd_per_second=settings.screening_usd_per_second,
        ),
    )


def build_document_desk(variables: Mapping[str, str] = os.environ) -> DocumentDesk:
    """Connect the ports of what prints reports: a reader of reports, and one of pictures."""
    settings = ReadingEnvironment.read(variables)
    texts = read_words(settings.artifact, settings.language).texts
    reading, hospitals = _reading(settings, client("dynamodb", settings.endpoint), texts)
    return DocumentDesk(reading, hospitals, S3Store(client("s3", settings.endpoint)))


def _reading(settings: ReadingEnvironment, dynamodb: Any, texts: Texts) -> tuple[Reading, HospitalBook]:
    """What shows reports to people, and the settings that say when."""
    s3, ledger = client("s3", settings.endpoint), DynamoReader(dynamodb, settings.ledger_table)
    hospitals = DynamoHospitalBook(dynamodb, settings.hospitals_table, HospitalSettings())
    shelf = Shelf(S3Store(s3, settings.reports_bucket), settings.reports_bucket)
    trail = Trail(DynamoAudit(dynamodb, settings.audit_table), SystemClock())
    links = S3Links(s3, settings.uploads_bucket, settings.reports_bucket, settings.link_seconds)
    patients = PatientDesk(ledger=ledger, shelf=shelf, hospitals=hospitals, trail=trail, texts=texts)
    return Reading(ledger=ledger, shelf=shelf, links=links, patients=patients, trail=trail), hospitals
