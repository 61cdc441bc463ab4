"""Composition root: environment -> a station on AWS.

A zip function has no OpenCV and no LiteRT, so what only the screening station needs is imported where it is built.
"""

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hemascope.adapters.aws import DynamoLedger, S3Store, SystemClock, client
from hemascope.adapters.aws_accounts import CognitoAccounts
from hemascope.adapters.aws_audit import DynamoAudit
from hemascope.adapters.aws_queries import DynamoReader, S3Links
from hemascope.adapters.aws_review import DynamoReviews
from hemascope.adapters.aws_telling import SesMailer, SnsPatients, SnsPublisher, SqsNotices
from hemascope.adapters.aws_worklist import DynamoSearch
from hemascope.adapters.hospitals import DynamoHospitalBook
from hemascope.adapters.words import read_card, read_words
from hemascope.contracts.errors import HemascopeError
from hemascope.contracts.hospital import HospitalSettings
from hemascope.contracts.texts import ENGLISH, Texts
from hemascope.delivery import Delivery
from hemascope.letters import Letters
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
from hemascope.ports import HospitalBook, Ledger

if TYPE_CHECKING:
    from hemascope.station import Station

_PREFIX = "HEMASCOPE_"


class Environment(BaseModel):
    """A function's environment variables, each ``HEMASCOPE_`` and the field's name in capitals."""

    model_config = ConfigDict(frozen=True)

    ledger_table: str
    endpoint: str | None = None  # a cloud of one's own, for `hemascope local`

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> Self:
        """Validate the environment.

        Raises
        ------
        HemascopeError
            Naming the variables that are missing or wrong.
        """
        fields = {name: variables[_PREFIX + name.upper()] for name in cls.model_fields if _PREFIX + name.upper() in variables}
        try:
            return cls.model_validate(fields)
        except ValidationError as error:
            wrong = ", ".join(_PREFIX + str(one["loc"][0]).upper() + f" ({one['msg']})" for one in error.errors())
            raise HemascopeError(f"expected a complete environment, received none or a wrong value of {wrong}") from None

    @property
    def ledger(self) -> Ledger:
        """The ledger that every station writes."""
        return DynamoLedger(client("dynamodb", self.endpoint), self.ledger_table)


class ScreeningEnvironment(Environment):
    """What the screening function is told."""

    reports_bucket: str
    notices_queue: str
    artifact: Path
    maximum_receives: Annotated[int, Field(ge=1)]
    language: str = ENGLISH


class DeliveryEnvironment(Environment):
    """What the delivering function is told."""

    hospitals_table: str
    reports_bucket: str
    notices_queue: str
    notice_topic: str
    patients_topic: str
    mail_templates: str  # what their names begin with
    mail_sender: str
    mail_recipient: str  # who hears where a hospital names nobody
    mail_configuration: str
    portal_url: str
    grace_seconds: Annotated[int, Field(ge=1)]


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


def build_station(variables: Mapping[str, str] = os.environ) -> "Station":
    """Load the model and connect the ports, once in the life of a process."""
    from hemascope.model.artifact import load_artifact
    from hemascope.model.classifier import Classifier
    from hemascope.station import Station

    settings = ScreeningEnvironment.read(variables)
    s3 = client("s3", settings.endpoint)
    return Station(
        classifier=Classifier(load_artifact(settings.artifact, settings.language)),
        pictures=S3Store(s3),
        reports=S3Store(s3, settings.reports_bucket),
        ledger=settings.ledger,
        notices=SqsNotices(client("sqs", settings.endpoint), settings.notices_queue),
        clock=SystemClock(),
        maximum_receives=settings.maximum_receives,
    )


def build_delivery(variables: Mapping[str, str] = os.environ) -> Delivery:
    """Connect the ports of the delivery station."""
    settings = DeliveryEnvironment.read(variables)
    sns, standard = client("sns", settings.endpoint), HospitalSettings(recipients=(settings.mail_recipient,))
    return Delivery(
        ledger=settings.ledger,
        hospitals=DynamoHospitalBook(client("dynamodb", settings.endpoint), settings.hospitals_table, standard),
        publisher=SnsPublisher(sns, settings.notice_topic),
        patients=SnsPatients(sns, settings.patients_topic),
        mailer=SesMailer(
            client("ses", settings.endpoint, attempts=1),
            settings.mail_templates,
            settings.mail_sender,
            settings.mail_configuration,
        ),
        letters=Letters(S3Store(client("s3", settings.endpoint)), settings.reports_bucket),
        notices=SqsNotices(client("sqs", settings.endpoint), settings.notices_queue),
        clock=SystemClock(),
        portal_url=settings.portal_url.rstrip("/"),
        grace=timedelta(seconds=settings.grace_seconds),
    )


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


def build_ledger(variables: Mapping[str, str] = os.environ) -> Ledger:
    """Connect the ledger alone."""
    return Environment.read(variables).ledger
