"""Events of SES about mails (sent, bounced, refused, complained about), from a configuration set through SNS into a queue."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from hemascope.domain.errors import InvalidEvent
from hemascope.domain.ledger import AGAIN
from hemascope.domain.sns import open_message
from hemascope.domain.specimen import Unicode


class MailFate(StrEnum):
    """What may happen to a mail that SES accepted."""

    SEND = "Send"  # sent to the recipient's server
    SOFT_BOUNCE = "Soft Bounce"  # came back for now: a full mailbox, an out-of-office reply, a server that was busy
    BOUNCE = "Bounce"  # came back for good: SES sends nothing more to this address
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


class _Bounce(_Lenient):
    bounce_type: str | None = Field(None, alias="bounceType")


class _SesEvent(_Lenient):
    event_type: str = Field(alias="eventType")
    mail: _Mail
    bounce: _Bounce = _Bounce()

    @property
    def fate(self) -> MailFate:
        """The fate; a bounce whose type is missing or unknown counts as permanent, so that nobody overlooks it."""
        fate = _FATES.get(self.event_type)
        if fate is None:
            raise ValueError("expected a type of SES's events")
        return MailFate.SOFT_BOUNCE if fate is MailFate.BOUNCE and self.bounce.bounce_type in _SOFT else fate


_FATES = {
    "Send": MailFate.SEND,
    # These two say no more than that the mail is on its way; our configuration set doesn't publish them.
    "Delivery": MailFate.SEND,
    "DeliveryDelay": MailFate.SEND,
    "Bounce": MailFate.BOUNCE,
    "Complaint": MailFate.COMPLAINT,
    "Reject": MailFate.REJECT,
    "Rendering Failure": MailFate.RENDERING_FAILURE,
}
# Of SES's types of bounces, those after which it goes on sending to the address. Out-of-office replies are "Transient". Where
# the reply of a mail server doesn't say what is wrong, the type is "Undetermined".
_SOFT = {"Transient", "Undetermined"}


_TO_TAG, _FROM_TAG = str.maketrans(f".{AGAIN}", "-_"), str.maketrans("-_", f".{AGAIN}")


def mail_tags(object_id: str, model: str, channel: str) -> dict[str, str]:
    """Tags that identify a mail's notification in events. A tag holds only letters, digits, ``_`` and ``-``."""
    name, version = model.split("/")
    return {"object_id": object_id, "model": name, "version": version.translate(_TO_TAG), "channel": channel}


def parse_mail_event(body: str) -> MailEvent:
    """Parse the body of a queue message: SNS's envelope around an SES event, or the event alone (raw delivery).

    Raises
    ------
    InvalidEvent
        Where it is neither. The error does not repeat the body, which holds an address.
    """
    try:
        event = _SesEvent.model_validate(open_message(body))
        fate = event.fate
    except (ValueError, RecursionError):
        raise InvalidEvent("expected an event of SES about a mail of Hemascope, received another message") from None
    tags = event.mail.tags
    model = f"{tags.model[0]}/{tags.version[0].translate(_FROM_TAG)}"
    return MailEvent(fate=fate, object_id=tags.object_id[0], model=model, channel=tags.channel[0])
