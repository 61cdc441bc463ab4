"""Events of SES about mails (sent, bounced, refused, complained about), from a configuration set through SNS into a queue."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from hemascope.domain.errors import InvalidEvent
from hemascope.domain.sns import open_message
from hemascope.domain.specimen import Unicode


class MailFate(StrEnum):
    """What may happen to a mail that SES accepted."""

    SEND = "Send"  # sent to the recipient's server
    BOUNCE = "Bounce"
    COMPLAINT = "Complaint"
    REJECT = "Reject"
    RENDERING_FAILURE = "Rendering Failure"


class MailEvent(BaseModel):
    """What happened to the mail of which notification. The address is left out, since nothing here needs it."""

    model_config = ConfigDict(frozen=True)

    fate: MailFate
    object_id: str
    model: str  # id/version
    channel: str


class _Lenient(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Tags(_Lenient):
    object_id: tuple[Unicode, ...] = Field(min_length=1)
    model: tuple[Unicode, ...] = Field(min_length=1)
    version: tuple[Unicode, ...] = Field(min_length=1)
    channel: tuple[Unicode, ...] = Field(min_length=1)


class _Mail(_Lenient):
    tags: _Tags


class _SesEvent(_Lenient):
    event_type: MailFate = Field(alias="eventType")
    mail: _Mail


def mail_tags(object_id: str, model: str, channel: str) -> dict[str, str]:
    """Tags that identify a mail's notification in events. A tag holds only letters, digits, ``_`` and ``-``."""
    name, version = model.split("/")
    return {"object_id": object_id, "model": name, "version": version.replace(".", "-"), "channel": channel}


def parse_mail_event(body: str) -> MailEvent:
    """Parse the body of a queue message: SNS's envelope around an SES event, or the event alone (raw delivery).

    Raises
    ------
    InvalidEvent
        Where it is neither. The error does not repeat the body, which holds an address.
    """
    try:
        event = _SesEvent.model_validate(open_message(body))
    except (ValueError, RecursionError):
        raise InvalidEvent("expected an event of SES about a mail of Hemascope, received another message") from None
    tags = event.mail.tags
    model = f"{tags.model[0]}/{tags.version[0].replace('-', '.')}"
    return MailEvent(fate=event.event_type, object_id=tags.object_id[0], model=model, channel=tags.channel[0])
