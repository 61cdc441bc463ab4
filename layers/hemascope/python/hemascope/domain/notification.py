"""Notifications about finished smears: ids and a link, never a name, a label or a probability."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hemascope.domain.drift import DriftNotice
from hemascope.domain.errors import InvalidEvent
from hemascope.domain.report import State

STEPS = 10  # the most clinicians who are notified of an urgent smear, one after the other


class Channel(StrEnum):
    """Channels of a terminal state's notification, each used once. Those of further clinicians have a number appended."""

    TOPIC = "topic"
    CLINICIAN = "clinician"
    LABORATORY = "laboratory"
    PATIENT = "patient"
    DRIFT = "drift"  # an alarm about the microscope, which this field raised
    SUSPENSION = "suspension"  # the microscope was suspended at this field


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
    """The message to a patient's own device: that there is a result, and a link. The topic filters by its ids."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hospital: str
    patient: str  # pseudonymous
    text: str


class MailKind(StrEnum):
    """The template of a mail."""

    NOTIFICATION = "notification"  # a link and nothing else
    SUMMARY = "summary"  # with label and probabilities, where the hospital has chosen that
    REJECTED = "rejected"  # to the laboratory: the reason and what to do
    REMINDER = "reminder"  # about an urgent smear that nobody has acknowledged yet
    DRIFT = "drift"  # to the administrators: what has changed at a microscope, without a result


class Mail(BaseModel):
    """A mail of a notification: recipients, template, and the words that fill the template."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    notification: Notification
    channel: str
    kind: MailKind
    recipients: tuple[str, ...]
    words: dict[str, str] = {}


class NotificationTask(BaseModel):
    """The message on the queue between screening and notification service: the ledger row to notify people of."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    object_id: str
    model: str  # id/version
    # Of an urgent smear: index of the clinician to remind, unless somebody has acknowledged the smear by then.
    step: Annotated[int, Field(ge=0, le=STEPS)] = 0
    due_at: datetime | None = None  # not before this moment
    released: Annotated[int, Field(ge=0)] = 0  # number of the verdict on which a release is based: notify the patient
    drift: DriftNotice | None = None  # about the microscope, whose alarm this field raised: notify the administrators

    @classmethod
    def parse(cls, body: str) -> "NotificationTask":
        """Read the body of a queue message.

        Raises
        ------
        InvalidEvent
            Where it is not a notification task. The error does not repeat the body.
        """
        try:
            return cls.model_validate_json(body)
        except ValidationError:
            raise InvalidEvent("expected object_id and model of a ledger row, received another message") from None

    def to_json(self) -> str:
        """Return the body of a queue message; default values are left out."""
        return self.model_dump_json(exclude_defaults=True)
