"""Composition root: environment -> a station on AWS.

A zip function has no OpenCV and no LiteRT, so what only the screening service needs is imported where it is built.
"""

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hemascope.aws.client import client
from hemascope.aws.clock import SystemClock
from hemascope.aws.hospitals_table import DynamoHospitalSettings
from hemascope.aws.ledger.writer import DynamoLedger
from hemascope.aws.messaging import SesMailer, SnsPatientPublisher, SnsPublisher, SqsNotificationQueue
from hemascope.aws.s3 import S3Store
from hemascope.domain.errors import HemascopeError
from hemascope.domain.hospital import HospitalSettings
from hemascope.domain.texts import ENGLISH
from hemascope.notifications.messages import NotificationComposer
from hemascope.notifications.service import NotificationService
from hemascope.ports import Ledger

if TYPE_CHECKING:
    from hemascope.screening.service import ScreeningService

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
    notifications_queue: str
    artifact: Path
    maximum_receives: Annotated[int, Field(ge=1)]
    language: str = ENGLISH


class NotificationEnvironment(Environment):
    """What the notification function is told."""

    hospitals_table: str
    reports_bucket: str
    notifications_queue: str
    notification_topic: str
    patients_topic: str
    mail_templates: str  # what their names begin with
    mail_sender: str
    mail_recipient: str  # who hears where a hospital names nobody
    mail_configuration: str
    portal_url: str
    grace_seconds: Annotated[int, Field(ge=1)]


def build_screening_service(variables: Mapping[str, str] = os.environ) -> "ScreeningService":
    """Load the model and connect the ports, once in the life of a process."""
    from hemascope.model.artifact import load_artifact
    from hemascope.model.classifier import Classifier
    from hemascope.screening.service import ScreeningService

    settings = ScreeningEnvironment.read(variables)
    s3 = client("s3", settings.endpoint)
    return ScreeningService(
        classifier=Classifier(load_artifact(settings.artifact, settings.language)),
        pictures=S3Store(s3),
        reports=S3Store(s3, settings.reports_bucket),
        ledger=settings.ledger,
        notifications=SqsNotificationQueue(client("sqs", settings.endpoint), settings.notifications_queue),
        clock=SystemClock(),
        maximum_receives=settings.maximum_receives,
    )


def build_notification_service(variables: Mapping[str, str] = os.environ) -> NotificationService:
    """Connect the ports of the notification service."""
    settings = NotificationEnvironment.read(variables)
    sns, standard = client("sns", settings.endpoint), HospitalSettings(recipients=(settings.mail_recipient,))
    return NotificationService(
        ledger=settings.ledger,
        hospitals=DynamoHospitalSettings(client("dynamodb", settings.endpoint), settings.hospitals_table, standard),
        publisher=SnsPublisher(sns, settings.notification_topic),
        patients=SnsPatientPublisher(sns, settings.patients_topic),
        mailer=SesMailer(
            client("ses", settings.endpoint, attempts=1),
            settings.mail_templates,
            settings.mail_sender,
            settings.mail_configuration,
        ),
        composer=NotificationComposer(S3Store(client("s3", settings.endpoint)), settings.reports_bucket),
        notifications=SqsNotificationQueue(client("sqs", settings.endpoint), settings.notifications_queue),
        clock=SystemClock(),
        portal_url=settings.portal_url.rstrip("/"),
        grace=timedelta(seconds=settings.grace_seconds),
    )


def build_ledger(variables: Mapping[str, str] = os.environ) -> Ledger:
    """Connect the ledger alone."""
    return Environment.read(variables).ledger
