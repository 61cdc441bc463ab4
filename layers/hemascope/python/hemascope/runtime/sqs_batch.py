"""What every function fed by a queue does around its use case: partial failures, metrics, logs that name nobody."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from hemascope.runtime import metrics

logger = Logger()
_processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


def sent_at(record: SQSRecord) -> datetime:
    """When a message was sent to its queue."""
    return datetime.fromtimestamp(int(record.attributes.sent_timestamp) / 1000, UTC)


def handle_batch(event: dict[str, Any], context: LambdaContext, work: Callable[[SQSRecord], None]) -> dict[str, Any]:
    """Process each message of an SQS event and return the batch item failures, so that SQS redelivers those alone."""

    def process(record: SQSRecord) -> None:
        try:
            work(record)
        except Exception as error:
            # Type and message id only: the text of an error may repeat what a sender wrote, and a body may hold an address.
            logger.error("message failed", extra={"message_id": record.message_id, "error": type(error).__name__})
            metrics.count_failed_message()
            raise

    try:
        return dict(process_partial_response(event, process, _processor, context))
    finally:
        metrics.flush(context)
