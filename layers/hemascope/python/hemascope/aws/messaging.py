"""Queues of notifications, jobs and pictures, topics and mails, on SQS, SNS and SES."""

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hemascope.aws.client import map_transient_errors
from hemascope.aws.retry import attempts
from hemascope.domain.errors import RequestRejected, TransientError
from hemascope.domain.events import CreatedObject, announce_again
from hemascope.domain.mail_event import mail_tags
from hemascope.domain.microscope_jobs import MicroscopeJob
from hemascope.domain.notification import Mail, MailKind, Notification, NotificationTask, PatientNotification

_ATTEMPTS = 4
_BATCH = 10  # the most messages that SQS accepts in one call
_LONGEST_WAIT = 900  # seconds for which SQS delays a message at most


@dataclass(frozen=True)
class SqsNotificationQueue:
    """A :class:`~hemascope.ports.NotificationQueue` in SQS; ``queue`` is its URL."""

    sqs: Any
    queue: str

    def put(self, task: NotificationTask, wait: timedelta = timedelta()) -> None:
        """Send one message. SQS delays it for 15 minutes at most; a task that is delivered before it is due is queued again."""
        seconds = min(_LONGEST_WAIT, max(0, math.ceil(wait.total_seconds())))
        with map_transient_errors("queue a notification"):
            self.sqs.send_message(QueueUrl=self.queue, MessageBody=task.to_json(), DelaySeconds=seconds)


@dataclass(frozen=True)
class SqsJobQueue:
    """A :class:`~hemascope.ports.JobQueue` in SQS; ``queue`` is its URL."""

    sqs: Any
    queue: str

    def put(self, job: MicroscopeJob) -> None:
        """Send one message."""
        with map_transient_errors("queue a job"):
            self.sqs.send_message(QueueUrl=self.queue, MessageBody=job.to_json())


@dataclass(frozen=True)
class SqsPictureQueue:
    """A :class:`~hemascope.ports.PictureQueue` in SQS; ``queue`` is the URL of the screening function's."""

    sqs: Any
    queue: str

    def announce_again(self, pictures: Sequence[CreatedObject]) -> None:
        """Send messages in batches.

        Raises
        ------
        TransientError
            Where some were not accepted; the others are sent, and may be sent again.
        """
        for start in range(0, len(pictures), _BATCH):
            batch = pictures[start : start + _BATCH]
            entries = [{"Id": str(place), "MessageBody": announce_again(created)} for place, created in enumerate(batch)]
            with map_transient_errors("announce pictures"):
                answer = self.sqs.send_message_batch(QueueUrl=self.queue, Entries=entries)
            if refused := len(answer.get("Failed", ())):
                raise TransientError(f"expected to announce {len(batch)} pictures, {refused} were not accepted")


@dataclass(frozen=True)
class SnsPublisher:
    """A :class:`~hemascope.ports.Publisher` on an SNS topic; subscribers filter by hospital and urgency."""

    sns: Any
    topic: str

    def publish(self, notification: Notification) -> None:
        """Publish ids and a link, with the attributes that subscriptions filter by."""
        attributes = {"hospital": notification.hospital, "urgency": "urgent" if notification.urgent else "routine"}
        with map_transient_errors("publish a notification"):
            self.sns.publish(
                TopicArn=self.topic, Message=notification.model_dump_json(), MessageAttributes=_attributes(attributes)
            )


@dataclass(frozen=True)
class SnsPatientPublisher:
    """A :class:`~hemascope.ports.PatientPublisher` on a topic to which a patient's device subscribes, filtered by its ids."""

    sns: Any
    topic: str

    def publish(self, notification: PatientNotification) -> None:
        """Publish the text alone, as it appears in a text message or a mail; the ids are attributes."""
        attributes = {"hospital": notification.hospital, "patient": notification.patient}
        with map_transient_errors("publish to a patient"):
            self.sns.publish(
                TopicArn=self.topic, Message=notification.text, Subject="Hemascope", MessageAttributes=_attributes(attributes)
            )


def _attributes(texts: dict[str, str]) -> dict[str, Any]:
    return {name: {"DataType": "String", "StringValue": text} for name, text in texts.items()}


@dataclass(frozen=True)
class SesMailer:
    """A :class:`~hemascope.ports.Mailer` that fills SES templates.

    The configuration set publishes events about each mail; its tags identify the notification.

    Parameters
    ----------
    templates
        Prefix of the templates' names; a dash and the kind of the mail follow.
    """

    ses: Any
    templates: str
    sender: str
    configuration_set: str
    pause: Callable[[float], None] = time.sleep

    def send(self, mail: Mail) -> None:
        """Send the template filled with the link and the mail's words; retry where SES refused the request.

        The SDK's retries can't be used: they would also follow a lost answer, after which the mail may have been sent. The
        pauses are short enough for a batch of four to finish within the function's timeout.
        """
        for attempt in attempts(_ATTEMPTS, first=0.5, longest=2, pause=self.pause):
            try:
                self._send(mail)
            except RequestRejected:
                if attempt == _ATTEMPTS:
                    raise
            else:
                return

    def _send(self, mail: Mail) -> None:
        tags = mail_tags(mail.notification.object_id, mail.notification.model, mail.channel)
        with map_transient_errors("send a mail"):
            self.ses.send_templated_email(
                Source=self.sender,
                Destination={"ToAddresses": list(mail.recipients)},
                Template=template_name(self.templates, mail.kind),
                TemplateData=json.dumps({"link": mail.notification.link, **mail.words}),
                ConfigurationSetName=self.configuration_set,
                Tags=[{"Name": name, "Value": text} for name, text in tags.items()],
            )


def template_name(templates: str, kind: MailKind) -> str:
    """Name of the template for a kind of mail; ``infra/notification_stack.py`` creates the templates."""
    return f"{templates}-{kind}"
