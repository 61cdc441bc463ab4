"""Lambda entry of the notification service: SQS batch -> one notification task a message -> batch item failures."""

from functools import lru_cache
from typing import Any

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from hemascope.bootstrap.notifications import build_notification_service
from hemascope.domain.errors import ForgottenObject
from hemascope.domain.notification import NotificationTask
from hemascope.notifications.service import DeliveryOutcome, NotificationService
from hemascope.runtime import metrics
from hemascope.runtime.sqs_batch import handle_batch, logger


@lru_cache(maxsize=1)
def notification_service() -> NotificationService:
    """The notification service, connected once in a process."""
    return build_notification_service()


def notify_message(record: SQSRecord) -> None:
    """Carry out one notification task; an error makes SQS deliver the message again."""
    task = NotificationTask.parse(record.body)
    try:
        outcome = notification_service().notify(task)
    except ForgottenObject:
        logger.info("notification forgotten", extra={"object_id": task.object_id})
    else:
        if outcome is DeliveryOutcome.SENT:
            metrics.count_notification()
        if outcome is DeliveryOutcome.UNACKNOWLEDGED:
            metrics.count_unacknowledged()
        logger.info("notification done", extra={"object_id": task.object_id, "outcome": outcome})


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle an SQS event with partial failures."""
    return handle_batch(event, context, notify_message)
