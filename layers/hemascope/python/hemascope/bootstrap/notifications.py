"""Composition root of the notification function."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from hemascope.aws.client import client
from hemascope.aws.clock import SystemClock
from hemascope.aws.hospitals_table import DynamoHospitalSettings
from hemascope.aws.ledger import DynamoLedger
from hemascope.aws.messaging import SesMailer, SnsPatientPublisher, SnsPublisher, SqsNotificationQueue
from hemascope.aws.s3 import S3Store
from hemascope.bootstrap.environment import Environment
from hemascope.domain.hospital import HospitalSettings
from hemascope.notifications.messages import NotificationComposer
from hemascope.notifications.service import NotificationService


class NotificationEnvironment(Environment):
    """Variables of the notification function."""

    hospitals_table: str
    reports_bucket: str
    notifications_queue: str
    notification_topic: str
    patients_topic: str
    mail_templates: str  # prefix of the templates' names
    mail_sender: str
    mail_recipient: str  # gets the mails of a hospital that has named no recipient
    mail_configuration: str
    portal_url: str
    grace_seconds: Annotated[int, Field(ge=1)]


def build_notification_service() -> NotificationService:
    """Connect the ports of the notification service.

    Raises
    ------
    HemascopeError
        Where a variable is missing or invalid.
    """
    environment = NotificationEnvironment.read()
    dynamodb, sns = client("dynamodb", environment.endpoint), client("sns", environment.endpoint)
    standard = HospitalSettings(recipients=(environment.mail_recipient,))
    return NotificationService(
        ledger=DynamoLedger(dynamodb, environment.ledger_table),
        hospitals=DynamoHospitalSettings(dynamodb, environment.hospitals_table, standard),
        publisher=SnsPublisher(sns, environment.notification_topic),
        patients=SnsPatientPublisher(sns, environment.patients_topic),
        mailer=SesMailer(
            client("ses", environment.endpoint, attempts=1),
            environment.mail_templates,
            environment.mail_sender,
            environment.mail_configuration,
        ),
        composer=NotificationComposer(S3Store(client("s3", environment.endpoint)), environment.reports_bucket),
        notifications=SqsNotificationQueue(client("sqs", environment.endpoint), environment.notifications_queue),
        clock=SystemClock(),
        portal_url=environment.portal_url.rstrip("/"),
        grace=timedelta(seconds=environment.grace_seconds),
    )
