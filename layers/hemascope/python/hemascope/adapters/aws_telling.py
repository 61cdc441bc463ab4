"""The ports that tell people, on AWS: queue, topics, mail. Clients are passed in."""

import json
import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hemascope.adapters.aws import transient
from hemascope.contracts.errors import NothingDone
from hemascope.contracts.mail_event import mail_tags
from hemascope.contracts.notice import DueNotice, Mail, MailKind, Notice, PatientNotice

_TRIES = 4
_LONGEST_WAIT = 900  # seconds that SQS keeps a message back at most


@dataclass(frozen=True)
class SqsNotices:
    """A :class:`~hemascope.ports.NoticeQueue` in SQS; ``queue`` is its URL."""

    sqs: Any
    queue: str

    def put(self, due: DueNotice, wait: timedelta = timedelta()) -> None:
        """Send one message; of a longer wait than SQS knows it comes back in between, and is put again."""
        seconds = min(_LONGEST_WAIT, max(0, math.ceil(wait.total_seconds())))
        with transient("queue a notice"):
            self.sqs.send_message(QueueUrl=self.queue, MessageBody=due.to_json(), DelaySeconds=seconds)


@dataclass(frozen=True)
class SnsPublisher:
    """A :class:`~hemascope.ports.Publisher` on an SNS topic; subscribers filter by hospital and urgency."""

    sns: Any
    topic: str

    def publish(self, notice: Notice) -> None:
        """Publish ids and a link, with the attributes that subscriptions filter by."""
        attributes = {"hospital": notice.hospital, "urgency": "urgent" if notice.urgent else "routine"}
        with transient("publish a notice"):
            self.sns.publish(TopicArn=self.topic, Message=notice.model_dump_json(), MessageAttributes=_attributes(attributes))


@dataclass(frozen=True)
class SnsPatients:
    """A :class:`~hemascope.ports.PatientPublisher` on a topic that a patient's device subscribes to, filtered by its ids."""

    sns: Any
    topic: str

    def publish(self, notice: PatientNotice) -> None:
        """Publish the text alone, as a text message or a mail shows it; the ids are attributes."""
        attributes = {"hospital": notice.hospital, "patient": notice.patient}
        with transient("publish to a patient"):
            self.sns.publish(
                TopicArn=self.topic, Message=notice.text, Subject="Hemascope", MessageAttributes=_attributes(attributes)
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
            except NothingDone:
                if attempt == _TRIES:
                    raise
                self.pause(random.uniform(0, 2**attempt / 4))  # noqa: S311 - jitter; a batch of four ends in time
            else:
                return

    def _send(self, mail: Mail) -> None:
        tags = mail_tags(mail.notice.object_id, mail.notice.model, mail.channel)
        with transient("send a mail"):
            self.ses.send_templated_email(
                Source=self.sender,
                Destination={"ToAddresses": list(mail.recipients)},
                Template=template_name(self.templates, mail.kind),
                TemplateData=json.dumps({"link": mail.notice.link, **mail.words}),
                ConfigurationSetName=self.configuration_set,
                Tags=[{"Name": name, "Value": text} for name, text in tags.items()],
            )


def template_name(templates: str, kind: MailKind) -> str:
    """Name of the template of a kind of mail; ``infra/delivery_stack.py`` makes them."""
    return f"{templates}-{kind}"
