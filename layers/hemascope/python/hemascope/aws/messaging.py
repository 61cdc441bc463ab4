"""The ports that tell people, on AWS: queue, topics, mail. Clients are passed in."""

import json
import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hemascope.aws.client import map_transient_errors
from hemascope.domain.errors import RequestRejected
from hemascope.domain.mail_event import mail_tags
from hemascope.domain.notification import Mail, MailKind, Notification, NotificationTask, PatientNotification

_TRIES = 4
_LONGEST_WAIT = 900  # seconds that SQS keeps a message back at most


@dataclass(frozen=True)
class SqsNotificationQueue:
    """A :class:`~hemascope.ports.NotificationQueue` in SQS; ``queue`` is its URL."""

    sqs: Any
    queue: str

    def put(self, task: NotificationTask, wait: timedelta = timedelta()) -> None:
        """Send one message; of a longer wait than SQS knows it comes back in between, and is put again."""
        seconds = min(_LONGEST_WAIT, max(0, math.ceil(wait.total_seconds())))
        with map_transient_errors("queue a notification"):
            self.sqs.send_message(QueueUrl=self.queue, MessageBody=task.to_json(), DelaySeconds=seconds)


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
    """A :class:`~hemascope.ports.PatientPublisher` on a topic that a patient's device subscribes to, filtered by its ids."""

    sns: Any
    topic: str

    def publish(self, notification: PatientNotification) -> None:
        """Publish the text alone, as a text message or a mail shows it; the ids are attributes."""
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

    The configuration set reports what became of a mail; the tags say whose it is.

    Parameters
    ----------
    templates
        What the templates' names begin with; the kind of a mail follows behind a dash.
    """

    ses: Any
    templates: str
    sender: str
    configuration_set: str
    pause: Callable[[float], None] = time.sleep

    def send(self, mail: Mail) -> None:
        """Send the template with the link and the mail's own words in its places; where SES says no, ask it again.

        The SDK can't be told to ask again after a no and never after a lost answer, which may have been a yes.
        """
        for attempt in range(1, _TRIES + 1):
            try:
                self._send(mail)
            except RequestRejected:
                if attempt == _TRIES:
                    raise
                self.pause(random.uniform(0, 2**attempt / 4))  # noqa: S311 - jitter; a batch of four ends in time
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
    """Name of the template of a kind of mail; ``infra/notification_stack.py`` makes them."""
    return f"{templates}-{kind}"
