"""What people are told when a smear is done: ids and a link, never a name, a label or a probability."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hemascope.domain.errors import InvalidEvent
from hemascope.domain.report import State

STEPS = 10  # the most clinicians that an urgent smear goes to, one after the other


class Channel(StrEnum):
    """Ways on which people hear of one end; each is used once. Clinicians after the first have a number behind it."""

    TOPIC = "topic"
    CLINICIAN = "clinician"
    LABORATORY = "laboratory"
    PATIENT = "patient"


class Notification(BaseModel):
    """The message on the SNS topic and the data of the mail template."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    object_id: str
    model: str  # id/version
    hospital: str
    state: State
    urgent: bool
    link: str


class PatientNotification(BaseModel):
    """The message to a patient's own device: that there is something to read, and where. The topic filters by its ids."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hospital: str
    patient: str  # pseudonymous
    text: str


class MailKind(StrEnum):
    """Which template a mail is made from."""

    NOTIFICATION = "notification"  # a link and nothing else
    SUMMARY = "summary"  # also label and probabilities, where the hospital has set so
    REJECTED = "rejected"  # to the laboratory: why, and what helps
    REMINDER = "reminder"  # an urgent smear that nobody has acknowledged yet


class Mail(BaseModel):
    """A mail of a notification: to whom, from which template, with what in its places."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    notification: Notification
    channel: str
    kind: MailKind
    recipients: tuple[str, ...]
    words: dict[str, str] = {}


class NotificationTask(BaseModel):
    """The message on the queue between screening and delivery: which row of the ledger people are to hear of."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    object_id: str
    model: str  # id/version
    # Of an urgent smear: the so manieth clinician is to hear of it, unless somebody has acknowledged it by then.
    step: Annotated[int, Field(ge=0, le=STEPS)] = 0
    due_at: datetime | None = None  # not before
    released: Annotated[int, Field(ge=0)] = 0  # the verdict that the release rests on: the patient is to hear of it

    @classmethod
    def parse(cls, body: str) -> "NotificationTask":
        """Read the body of a queue message.

        Raises
        ------
        InvalidEvent
            Where it is none. The message doesn't repeat the body.
        """
        try:
            return cls.model_validate_json(body)
        except ValidationError:
            raise InvalidEvent("expected object_id and model of a ledger row, received another message") from None

    def to_json(self) -> str:
        """The body of a queue message; what is as usual is left out."""
        return self.model_dump_json(exclude_defaults=True)
