"""Settings of a hospital: who is notified of what, when a patient may read a result, how many reviewers must agree."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Telephone = Annotated[str, Field(pattern=r"^\+?[0-9 ()/-]{3,32}$")]
MailAddress = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254)]


class ReleasePolicy(StrEnum):
    """When a patient may read the summary."""

    IMMEDIATE = "immediate"  # at once, marked preliminary, as in Islam et al. (Sensors 24 (2024) 4420)
    AFTER_REVIEW = "after_review"  # when a clinician has released it


class PatientChannel(StrEnum):
    """How a patient hears that there is something to read; the message is a link in every case."""

    NONE = "none"
    MAIL = "mail"
    SMS = "sms"
    PUSH = "push"


class HospitalSettings(BaseModel):
    """Settings of one hospital, which its administrator changes in the portal.

    Where a hospital has set nothing, the defaults here hold, and ``recipients`` is the deployment's clinician on duty.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    release: ReleasePolicy = ReleasePolicy.IMMEDIATE
    # A link, or also label and probabilities, as the study sends them.
    mail_detail: Literal["link", "summary"] = "link"
    # Clinicians. The first is notified of every smear, but of a rejected one only where there is no laboratory. While nobody
    # acknowledges an urgent one, the next is notified after each interval.
    recipients: Annotated[tuple[MailAddress, ...], Field(max_length=10)] = ()
    escalate_after_minutes: Annotated[int, Field(ge=1, le=24 * 60)] = 30
    # Who is notified of rejected smears, beside the portal's own page.
    laboratory: Annotated[tuple[MailAddress, ...], Field(max_length=10)] = ()
    # Who is notified of changes at a microscope; the first clinician where nobody is named.
    administrators: Annotated[tuple[MailAddress, ...], Field(max_length=10)] = ()
    patient_channel: PatientChannel = PatientChannel.NONE
    # The number that patients are asked to call.
    telephone: Telephone | None = None
    # Two: nothing is released before two people gave the same verdict.
    reviewers: Literal[1, 2] = 1
    fhir: Literal["R5", "R4B"] = "R5"
