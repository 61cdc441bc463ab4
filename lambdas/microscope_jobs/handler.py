"""Lambda entry of jobs about microscopes: SQS batch -> one job a message -> batch item failures."""

from functools import lru_cache
from typing import Any

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from hemascope.bootstrap.microscope_jobs import build_job_service
from hemascope.domain.microscope_jobs import parse_job
from hemascope.jobs.service import MicroscopeJobService
from hemascope.runtime.sqs_batch import handle_batch, logger


@lru_cache(maxsize=1)
def job_service() -> MicroscopeJobService:
    """The jobs service, built once in a process; the model is loaded then."""
    return build_job_service()


def carry_out_message(record: SQSRecord) -> None:
    """Carry out one job; an error makes SQS deliver the message again."""
    job = parse_job(record.body)
    run = job_service().carry_out(job)
    logger.info("job done", extra={"run": job.run, "kind": job.kind, "state": run.state if run else "nothing to do"})


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle an SQS event with partial failures."""
    return handle_batch(event, context, carry_out_message)
