"""The notification service: a finished smear's ledger row -> topic and mails, each once, however often the message comes.

Each way on which people hear (a channel) has a mark of its own on the row: none, begun until a moment, or told. A channel is
begun by a conditional write before it is used and marked as told after it, so a worker that dies between two writes leaves a
row from which the next goes on. If it died after the mail and before the mark, nobody here knows whether the mail is out; SES
knows, and its event marks the channel. So a channel that was begun is left alone for ``grace``, longer than such an event
takes, and only then used again.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from hemascope.domain.errors import ForgottenObject, RequestRejected, TransientError
from hemascope.domain.hospital import HospitalSettings, PatientChannel, ReleasePolicy
from hemascope.domain.ledger import ClaimStatus, LedgerRow, NotificationStatus
from hemascope.domain.notification import STEPS, Channel, Notification, NotificationTask, PatientNotification
from hemascope.domain.report import Release, State
from hemascope.domain.specimen import specimen_of
from hemascope.notifications.messages import NotificationComposer
from hemascope.ports import Clock, HospitalSettingsRepository, Ledger, Mailer, NotificationQueue, PatientPublisher, Publisher

logger = logging.getLogger(__name__)
_UNKNOWN = "unknown"  # whose the smear is, where its key could not be read


class DeliveryOutcome(StrEnum):
    """What a message led to; false where nobody heard now."""

    NOT_SENT = ""
    SENT = "sent"
    UNACKNOWLEDGED = "unacknowledged"  # an urgent smear that nobody has acknowledged, and the list is at its end


class _HeldByAnotherError(Exception):
    """A channel that somebody else is at, or was when they died."""


@dataclass(frozen=True)
class NotificationService:
    """The notification function without its cloud.

    Parameters
    ----------
    portal_url
        Where links lead.
    grace
        How long a channel that was begun is left alone: longer than the function may run and SES's event takes.
    """

    ledger: Ledger
    hospitals: HospitalSettingsRepository
    publisher: Publisher
    patients: PatientPublisher
    mailer: Mailer
    composer: NotificationComposer
    notifications: NotificationQueue
    clock: Clock
    portal_url: str
    grace: timedelta

    def notify(self, task: NotificationTask) -> DeliveryOutcome:
        """Tell people of one end, unless they were told.

        What is not due yet, or is in another worker's hands, is put back into the queue and comes again when it is time.

        Raises
        ------
        ForgottenObject
            Where the patient's data was deleted on request while the message was on its way.
        TransientError
            Where the row is not there, or a service did not answer.
        """
        row, now = self._row(task), self.clock.now()
        if task.due_at and task.due_at > now:
            self.notifications.put(task, task.due_at - now)
            return DeliveryOutcome.NOT_SENT
        settings = self.hospitals.settings_of(row.hospital or _UNKNOWN)
        try:
            if task.step:
                return self._escalate(row, task, settings)
            told = self._tell_of_release(row, task, settings) if task.released else self._tell(row, settings)
            return DeliveryOutcome.SENT if told else DeliveryOutcome.NOT_SENT
        except _HeldByAnotherError:
            logger.info("notification in other hands", extra={"object_id": row.object_id})
            self.notifications.put(task.model_copy(update={"due_at": now + self.grace}), self.grace)
            return DeliveryOutcome.NOT_SENT

    def _row(self, task: NotificationTask) -> LedgerRow:
        row = self.ledger.find(task.object_id, task.model)
        if row is None and self.ledger.is_forgotten(task.object_id):
            raise ForgottenObject(f"expected a ledger row of {task.object_id}, it was deleted on request")
        if row is None:
            raise TransientError(f"expected a ledger row of {task.object_id}, there is none")
        return row

    def _tell(self, row: LedgerRow, settings: HospitalSettings) -> bool:
        # A bounce may overtake the channels behind the mail that came back: those are used all the same.
        if row.notification in {NotificationStatus.SENT, NotificationStatus.NOT_DUE}:
            return False
        told, failures = False, list[Exception]()
        for tell in self._tellings(row, self._notification(row), settings):
            try:
                told |= tell()
            except Exception as error:  # a way that fails keeps no other waiting; the message comes again for it alone
                failures.append(error)
        if failures:  # what failed is tried again sooner than what somebody else holds
            raise min(failures, key=lambda failure: isinstance(failure, _HeldByAnotherError))
        new = self.ledger.set_notification(row.object_id, row.model, NotificationStatus.SENT, row.state)
        return told or new

    def _tellings(self, row: LedgerRow, notification: Notification, settings: HospitalSettings) -> Iterator[Callable[[], bool]]:
        yield lambda: self._once(row, Channel.TOPIC, lambda: self.publisher.publish(notification))
        if row.state is State.REJECTED and settings.laboratory:
            mail = self.composer.rejection
            yield lambda: self._once(row, Channel.LABORATORY, lambda: self.mailer.send(mail(notification, row, settings)))
        elif settings.recipients:
            yield lambda: self._once(row, Channel.CLINICIAN, lambda: self._mail_clinician(row, notification, settings))
        if settings.release is ReleasePolicy.IMMEDIATE:
            yield lambda: self._tell_patient(row, settings, Channel.PATIENT)

    def _mail_clinician(self, row: LedgerRow, notification: Notification, settings: HospitalSettings) -> None:
        # The reminder is in the queue before the mail is out: a crash in between may remind of a mail, never forget one.
        if row.urgent:
            self._remind_later(row, 1, settings)
        self.mailer.send(self.composer.first(notification, row, settings))

    def _escalate(self, row: LedgerRow, task: NotificationTask, settings: HospitalSettings) -> DeliveryOutcome:
        """Tell the next clinician of an urgent smear, where nobody has acknowledged it."""
        if row.acknowledged_at is not None or not row.urgent:
            return DeliveryOutcome.NOT_SENT
        if task.step >= min(len(settings.recipients), STEPS):
            logger.error("urgent smear unacknowledged", extra={"object_id": row.object_id, "asked": task.step})
            return DeliveryOutcome.UNACKNOWLEDGED
        notification = self._notification(row)

        def mail() -> None:
            self._remind_later(row, task.step + 1, settings)
            self.mailer.send(self.composer.reminder(notification, task.step, settings))

        return DeliveryOutcome.SENT if self._once(row, f"{Channel.CLINICIAN}-{task.step}", mail) else DeliveryOutcome.NOT_SENT

    def _tell_of_release(self, row: LedgerRow, task: NotificationTask, settings: HospitalSettings) -> bool:
        """Tell the patient of what is out now: once, and once more of each correction of what they may have read."""
        if row.released_verdict_number < task.released:
            return False  # a release that failed after it was asked for has nothing to tell
        corrected = row.release is Release.AMENDED
        return self._tell_patient(
            row, settings, f"{Channel.PATIENT}-{row.released_verdict_number}" if corrected else Channel.PATIENT
        )

    def _tell_patient(self, row: LedgerRow, settings: HospitalSettings, channel: str) -> bool:
        specimen = specimen_of(row.object.key)
        if settings.patient_channel is PatientChannel.NONE or row.state is not State.REPORTED or specimen is None:
            return False
        text = self.composer.to_patient(settings, f"{self.portal_url}/")
        notification = PatientNotification(hospital=specimen.hospital, patient=specimen.patient, text=text)
        return self._once(row, channel, lambda: self.patients.publish(notification))

    def _remind_later(self, row: LedgerRow, step: int, settings: HospitalSettings) -> None:
        wait = timedelta(minutes=settings.escalate_after_minutes)
        task = NotificationTask(object_id=row.object_id, model=row.model, step=step, due_at=self.clock.now() + wait)
        self.notifications.put(task, wait)

    def _once(self, row: LedgerRow, channel: str, tell: Callable[[], None]) -> bool:
        """Use a channel unless it was used; return whether it was used now."""
        which, now = (row.object_id, row.model, channel), self.clock.now()
        found = self.ledger.claim_channel(*which, now, now + self.grace)
        if found is ClaimStatus.HELD:
            raise _HeldByAnotherError
        if found is ClaimStatus.COMPLETED:
            return False
        try:
            tell()
        except RequestRejected:
            # The service said no, so nobody heard: the next try need not wait.
            self.ledger.complete_channel(*which, sent=False)
            raise
        self.ledger.complete_channel(*which, sent=True)
        return True

    def _notification(self, row: LedgerRow) -> Notification:
        return Notification(
            object_id=row.object_id,
            model=row.model,
            hospital=row.hospital or _UNKNOWN,
            state=row.state,
            urgent=row.urgent,
            link=f"{self.portal_url}/#/reports/{row.object_id}",
        )
