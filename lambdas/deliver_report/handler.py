"""Lambda entry of the delivery station: SQS batch -> people are told of each end -> batch item failures."""

from functools import lru_cache
from typing import Any

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from hemascope.adapters import metrics
from hemascope.adapters.sqs_batch import handle_batch, logger
from hemascope.bootstrap import build_delivery
from hemascope.contracts.errors import ForgottenObject
from hemascope.contracts.notice import DueNotice
from hemascope.delivery import Delivery, Told


@lru_cache(maxsize=1)
def delivery() -> Delivery:
    """The delivery station of this process."""
    return build_delivery()


def deliver_message(record: SQSRecord) -> None:
    """Have people told of one end; an error makes the message come again."""
    due = DueNotice.parse(record.body)
    try:
        told = delivery().deliver(due)
    except ForgottenObject:
        logger.info("notice forgotten", extra={"object_id": due.object_id})
    else:
        if told is Told.PEOPLE:
            metrics.count_notice()
        if told is Told.UNHEARD:
            metrics.count_unheard()
        logger.info("notice done", extra={"object_id": due.object_id, "told": told})


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle an SQS event with partial failures."""
    return handle_batch(event, context, deliver_message)
