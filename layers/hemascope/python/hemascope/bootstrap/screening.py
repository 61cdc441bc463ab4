"""Composition root of the screening function."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from hemascope.aws.client import client
from hemascope.aws.clock import SystemClock
from hemascope.aws.ledger import DynamoLedger
from hemascope.aws.messaging import SqsNotificationQueue
from hemascope.aws.microscopes_table import DynamoMicroscopes
from hemascope.aws.s3 import S3Store
from hemascope.bootstrap.environment import Environment
from hemascope.domain.texts import ENGLISH
from hemascope.model.artifact import load_artifact
from hemascope.model.classifier import Classifier
from hemascope.model.folder import ArtifactFolder
from hemascope.screening.drift import DriftWatch
from hemascope.screening.microscopes import MicroscopeLookup
from hemascope.screening.service import ScreeningService


class ScreeningEnvironment(Environment):
    """Variables of the screening function."""

    reports_bucket: str
    microscopes_table: str
    notifications_queue: str
    artifact: Path
    maximum_receives: Annotated[int, Field(ge=1)]
    language: str = ENGLISH


def build_screening_service() -> ScreeningService:
    """Load the model and connect the ports, once in the life of a process.

    Raises
    ------
    HemascopeError
        Where a variable is missing or invalid.
    ArtifactError
        Where the model may not be used.
    """
    environment = ScreeningEnvironment.read()
    s3, dynamodb = client("s3", environment.endpoint), client("dynamodb", environment.endpoint)
    artifact = load_artifact(environment.artifact, environment.language)
    registry = DynamoMicroscopes(dynamodb, environment.microscopes_table)
    ledger = DynamoLedger(dynamodb, environment.ledger_table)
    notifications, clock = (
        SqsNotificationQueue(client("sqs", environment.endpoint), environment.notifications_queue),
        SystemClock(),
    )
    baseline = ArtifactFolder.open(environment.artifact).baseline()
    return ScreeningService(
        classifier=Classifier(artifact),
        pictures=S3Store(s3),
        reports=S3Store(s3, environment.reports_bucket),
        reports_bucket=environment.reports_bucket,
        ledger=ledger,
        microscopes=MicroscopeLookup(registry, S3Store(s3), environment.reports_bucket, artifact.reference.sha256),
        drift=DriftWatch(ledger, registry, notifications, clock, artifact.reference.name, baseline),
        notifications=notifications,
        clock=clock,
        maximum_receives=environment.maximum_receives,
    )
