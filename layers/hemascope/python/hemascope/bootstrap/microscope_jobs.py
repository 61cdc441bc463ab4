"""Composition root of the function that carries out jobs about microscopes."""

from pathlib import Path

from hemascope.aws.client import client
from hemascope.aws.clock import SystemClock
from hemascope.aws.ledger import DynamoLedger
from hemascope.aws.messaging import SqsJobQueue, SqsPictureQueue
from hemascope.aws.microscopes_table import DynamoMicroscopes
from hemascope.aws.s3 import S3Store
from hemascope.bootstrap.environment import Environment
from hemascope.domain.texts import ENGLISH
from hemascope.jobs.service import MicroscopeJobService
from hemascope.microscopes.reference import load_reference
from hemascope.model.artifact import load_artifact
from hemascope.model.classifier import Classifier
from hemascope.model.folder import ArtifactFolder


class JobsEnvironment(Environment):
    """Variables of the function."""

    reports_bucket: str
    microscopes_table: str
    jobs_queue: str
    arrivals_queue: str
    artifact: Path
    language: str = ENGLISH


def build_job_service() -> MicroscopeJobService:
    """Load the model and connect the ports, once in the life of a process.

    Raises
    ------
    HemascopeError
        Where a variable is missing or invalid.
    ArtifactError
        Where the model may not be used.
    """
    environment = JobsEnvironment.read()
    s3, dynamodb, sqs = (client(service, environment.endpoint) for service in ("s3", "dynamodb", "sqs"))
    artifact = load_artifact(environment.artifact, environment.language)
    return MicroscopeJobService(
        classifier=Classifier(artifact),
        reference=lambda: load_reference(ArtifactFolder.open(artifact.folder)),
        pictures=S3Store(s3),
        reports=S3Store(s3, environment.reports_bucket),
        reports_bucket=environment.reports_bucket,
        ledger=DynamoLedger(dynamodb, environment.ledger_table),
        registry=DynamoMicroscopes(dynamodb, environment.microscopes_table),
        jobs=SqsJobQueue(sqs, environment.jobs_queue),
        screening=SqsPictureQueue(sqs, environment.arrivals_queue),
        clock=SystemClock(),
    )
