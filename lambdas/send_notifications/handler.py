"""Lambda entry of the notification service: SQS batch -> people are told of each end -> batch item failures."""

from functools import lru_cache
from typing import Any

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from hemascope.bootstrap.functions import build_notification_service
from hemascope.domain.errors import ForgottenObject
from hemascope.domain.notification import NotificationTask
from hemascope.notifications.service import DeliveryOutcome, NotificationService
from hemascope.runtime import metrics
from hemascope.runtime.sqs_batch import handle_batch, logger


@lru_cache(maxsize=1)
def notification() -> NotificationService:
    """The notification service of this process."""
    return build_notification_service()


def notify_message(record: SQSRecord) -> None:
    """Have people told of one end; an error makes the message come again."""
    task = NotificationTask.parse(record.body)
    try:
        told = notification().notify(task)
    except ForgottenObject:
        logger.info("notification forgotten", extra={"object_id": task.object_id})
    else:
        if told is DeliveryOutcome.SENT:
            metrics.count_notification()
        if told is DeliveryOutcome.UNACKNOWLEDGED:
            metrics.count_unacknowledged()
        logger.info("notification done", extra={"object_id": task.object_id, "told": told})


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle an SQS event with partial failures."""
    return handle_batch(event, context, notify_message)
