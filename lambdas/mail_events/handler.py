"""Lambda entry for events about mails: SQS batch of SES events -> the ledger records them -> batch item failures."""

from functools import lru_cache
from typing import Any

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from hemascope.bootstrap.mail_events import build_ledger
from hemascope.domain.ledger import NotificationStatus
from hemascope.domain.mail_event import MailFate, parse_mail_event
from hemascope.ports import Ledger
from hemascope.runtime import metrics
from hemascope.runtime.sqs_batch import handle_batch, logger


@lru_cache(maxsize=1)
def ledger() -> Ledger:
    """The ledger, connected once in a process."""
    return build_ledger()


def record_event(record: SQSRecord) -> None:
    """Record that SES sent a notification's mail, or that the mail came back, was refused or complained about."""
    event = parse_mail_event(record.body)
    # SES accepted the mail. The notification service completes the channel too, unless it crashed before; then this keeps the
    # mail from being sent twice.
    ledger().complete_channel(event.object_id, event.model, event.channel)
    if event.fate is MailFate.SEND:
        return
    soft = event.fate is MailFate.SOFT_BOUNCE
    status = NotificationStatus.SOFT_BOUNCED if soft else NotificationStatus.BOUNCED
    if ledger().set_notification(event.object_id, event.model, status):
        metrics.count_mail(event.fate)
    logger.warning("mail came back", extra={"object_id": event.object_id, "fate": event.fate})


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle an SQS event with partial failures."""
    return handle_batch(event, context, record_event)
