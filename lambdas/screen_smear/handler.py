"""Lambda entry of the screening station: SQS batch -> one use case a message -> batch item failures."""

from functools import lru_cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from hemascope.bootstrap import build_station
from hemascope.contracts.events import CreatedObject, parse_message
from hemascope.station import Station

logger = Logger()
processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


@lru_cache(maxsize=1)
def station() -> Station:
    """The station of this process; the model is loaded once."""
    return build_station()


def screen_message(record: SQSRecord) -> None:
    """Bring every object version of one message to its end; an error makes the message come again."""
    try:
        _screen_each(parse_message(record.body), int(record.attributes.approximate_receive_count))
    except Exception as error:
        # Type and message id only: an error's text may hold what a sender wrote.
        logger.error("message failed", extra={"message_id": record.message_id, "error": type(error).__name__})
        raise


def _screen_each(announced: list[CreatedObject], receives: int) -> None:
    """Try them all, so that one object's fault keeps no other of its message waiting; then raise the first error."""
    failures: list[Exception] = []
    for created in announced:
        try:
            row = station().process(created, receives)
        except Exception as error:
            failures.append(error)
        else:
            logger.info("smear done", extra={"object_id": row.object_id, "state": row.state, "receives": receives})
    if failures:
        raise failures[0]


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle an SQS event with partial failures."""
    return process_partial_response(event, screen_message, processor, context)
