"""Lambda entry of the screening service: SQS batch -> one use case an object version -> batch item failures."""

from functools import lru_cache
from typing import Any

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from hemascope.bootstrap.screening import build_screening_service
from hemascope.domain.errors import ForgottenObject
from hemascope.domain.events import parse_message
from hemascope.runtime import metrics
from hemascope.runtime.sqs_batch import handle_batch, logger, sent_at
from hemascope.screening.service import Outcome, ScreeningService


@lru_cache(maxsize=1)
def screening_service() -> ScreeningService:
    """The screening service, built once in a process; the model is loaded then."""
    return build_screening_service()


def screen_message(record: SQSRecord) -> None:
    """Process every object version in one SQS message.

    One object's error does not hold up the others. The first error is raised again afterwards, so that SQS redelivers the
    message.
    """
    receives = int(record.attributes.approximate_receive_count)
    failures: list[Exception] = []
    for created in parse_message(record.body):
        service = screening_service()
        try:
            outcome = service.process(created, receives)
        except ForgottenObject:
            logger.info("smear forgotten", extra={"object_id": created.object.object_id})
        except Exception as error:
            failures.append(error)
            if receives >= service.maximum_receives:
                metrics.count_failed_smear()
        else:
            _record(outcome, record)
    if failures:
        raise failures[0]


def _record(outcome: Outcome, record: SQSRecord) -> None:
    """Log a terminal state, and count it unless an earlier delivery did."""
    row, receives = outcome.row, int(record.attributes.approximate_receive_count)
    metrics.count_drift(outcome.drift.outcome)
    if outcome.report is not None:
        metrics.count_end(outcome.report, sent_at(record), row.finished_at)
    about = {"object_id": row.object_id, "state": row.state, "why": outcome.why, "receives": receives}
    logger.info("smear done", extra=about)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle an SQS event with partial failures."""
    return handle_batch(event, context, screen_message)
