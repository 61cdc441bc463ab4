"""The notification service: the ledger row of a finished smear -> topic and mails, each once, however often its message comes.

Each channel has a mark of its own on the row: none, claimed until a moment, or completed. A worker claims a channel by a
conditional write before it uses the channel and completes it afterwards, so a worker that crashes between two writes leaves a
row from which the next worker continues. If it crashed between the mail and the mark, only SES knows whether the mail was
sent, and its event completes the channel. Therefore a claimed channel is left alone for ``grace``, which is longer than such an
event takes, and only then claimed again.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from hemascope.domain.drift import DriftNotice
from hemascope.domain.errors import ForgottenObject, RequestRejected, TransientError
from hemascope.domain.hospital import HospitalSettings, PatientChannel, ReleasePolicy
from hemascope.domain.ledger import ClaimStatus, LedgerRow, NotificationStatus
from hemascope.domain.notification import STEPS, Channel, Notification, NotificationTask, PatientNotification
from hemascope.domain.report import Release, State
from hemascope.domain.specimen import specimen_of
from hemascope.notifications.messages import NotificationComposer
from hemascope.ports import Clock, HospitalSettingsRepository, Ledger, Mailer, NotificationQueue, PatientPublisher, Publisher

logger = logging.getLogger(__name__)
_UNKNOWN = "unknown"  # the hospital of a smear whose key could not be parsed


class DeliveryOutcome(StrEnum):
    """Outcome of one delivery of a notification task."""

    NOT_SENT = "not_sent"  # nothing was sent by this delivery
    SENT = "sent"
    UNACKNOWLEDGED = "unacknowledged"  # nobody has acknowledged the urgent smear, and every recipient was reminded


class _ClaimHeldError(Exception):
    """A channel claimed by another worker, possibly one that crashed."""


@dataclass(frozen=True)
class NotificationService:
    """The notification function without its cloud.

    Parameters
    ----------
    portal_url
        Base URL of the links in notifications.
    grace
        How long the claim of a channel holds: longer than the function may run and an event of SES takes.
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
        """Notify people of one terminal state, unless that was done before.

        A task that is not due yet, or whose channel another worker has claimed, is put back into the queue with a delay.

        Raises
        ------
        ForgottenObject
            Where the patient's data was deleted on request while the message was in the queue.
        TransientError
            Where there is no such row, or a service did not answer.
        """
        row, now = self._row(task), self.clock.now()
        if task.due_at and task.due_at > now:
            self.notifications.put(task, task.due_at - now)
            return DeliveryOutcome.NOT_SENT
        settings = self.hospitals.settings_of(row.hospital or _UNKNOWN)
        try:
            if task.drift:
                return self._send_drift(row, task.drift, settings)
            if task.step:
                return self._escalate(row, task, settings)
            sent = self._send_release(row, task, settings) if task.released else self._send_all(row, settings)
            return DeliveryOutcome.SENT if sent else DeliveryOutcome.NOT_SENT
        except _ClaimHeldError:
            logger.info("notification channel claimed by another worker", extra={"object_id": row.object_id})
            self.notifications.put(task.model_copy(update={"due_at": now + self.grace}), self.grace)
            return DeliveryOutcome.NOT_SENT

    def _row(self, task: NotificationTask) -> LedgerRow:
        row = self.ledger.find(task.object_id, task.model)
        if row is None and self.ledger.is_forgotten(task.object_id):
            raise ForgottenObject(f"expected a ledger row of {task.object_id}, it was deleted on request")
        if row is None:
            raise TransientError(f"expected a ledger row of {task.object_id}, there is none")
        return row

    def _send_all(self, row: LedgerRow, settings: HospitalSettings) -> bool:
        # A bounce may be recorded before the channels after the bounced mail were used: they are used all the same.
        if row.notification in {NotificationStatus.SENT, NotificationStatus.NOT_DUE}:
            return False
        sent, failures = False, list[Exception]()
        for send in self._channels(row, self._notification(row), settings):
            try:
                sent |= send()
            except Exception as error:  # a failing channel does not hold up the others, and is retried alone
                failures.append(error)
        if failures:  # an error is retried sooner than a claim expires, so it is raised first
            raise min(failures, key=lambda failure: isinstance(failure, _ClaimHeldError))
        recorded = self.ledger.set_notification(row.object_id, row.model, NotificationStatus.SENT, row.state)
        return sent or recorded

    def _channels(self, row: LedgerRow, notification: Notification, settings: HospitalSettings) -> Iterator[Callable[[], bool]]:
        """Yield a function for each channel of the row; it sends once and returns whether it sent now."""
        yield lambda: self._send_once(row, Channel.TOPIC, lambda: self.publisher.publish(notification))
        if row.state is State.REJECTED and settings.laboratory:
            mail = self.composer.rejection
            yield lambda: self._send_once(row, Channel.LABORATORY, lambda: self.mailer.send(mail(notification, row, settings)))
        elif settings.recipients:
            yield lambda: self._send_once(row, Channel.CLINICIAN, lambda: self._mail_clinician(row, notification, settings))
        if settings.release is ReleasePolicy.IMMEDIATE:
            yield lambda: self._notify_patient(row, settings, Channel.PATIENT)

    def _mail_clinician(self, row: LedgerRow, notification: Notification, settings: HospitalSettings) -> None:
        # The reminder is queued before the mail is sent: after a crash in between there may be a reminder too many, never one
        # too few.
        if row.urgent:
            self._queue_reminder(row, 1, settings)
        self.mailer.send(self.composer.first(notification, row, settings))

    def _escalate(self, row: LedgerRow, task: NotificationTask, settings: HospitalSettings) -> DeliveryOutcome:
        """Remind the next clinician of an urgent smear, unless somebody has acknowledged it."""
        if row.acknowledged_at is not None or not row.urgent:
            return DeliveryOutcome.NOT_SENT
        if task.step >= min(len(settings.recipients), STEPS):
            logger.error("urgent smear unacknowledged", extra={"object_id": row.object_id, "asked": task.step})
            return DeliveryOutcome.UNACKNOWLEDGED
        notification = self._notification(row)

        def mail() -> None:
            self._queue_reminder(row, task.step + 1, settings)
            self.mailer.send(self.composer.reminder(notification, task.step, settings))

        sent = self._send_once(row, f"{Channel.CLINICIAN}-{task.step}", mail)
        return DeliveryOutcome.SENT if sent else DeliveryOutcome.NOT_SENT

    def _send_release(self, row: LedgerRow, task: NotificationTask, settings: HospitalSettings) -> bool:
        """Notify the patient of a release: once, and once more of each correction of what they may have read."""
        if row.released_verdict_number < task.released:
            return False  # the release failed after its task had been queued
        corrected = row.release is Release.AMENDED
        return self._notify_patient(
            row, settings, f"{Channel.PATIENT}-{row.released_verdict_number}" if corrected else Channel.PATIENT
        )

    def _send_drift(self, row: LedgerRow, notice: DriftNotice, settings: HospitalSettings) -> DeliveryOutcome:
        """Notify the administrators of a change at a microscope. It has nothing to do with the row's own notification."""
        link = f"{self.portal_url}/#/admin/microscopes"
        mail = self.composer.drift(self._notification(row).model_copy(update={"link": link}), notice, settings)
        if not mail.recipients:
            return DeliveryOutcome.NOT_SENT
        sent = self._send_once(row, mail.channel, lambda: self.mailer.send(mail))
        return DeliveryOutcome.SENT if sent else DeliveryOutcome.NOT_SENT

    def _notify_patient(self, row: LedgerRow, settings: HospitalSettings, channel: str) -> bool:
        specimen = specimen_of(row.object.key)
        if settings.patient_channel is PatientChannel.NONE or row.state is not State.REPORTED or specimen is None:
            return False
        text = self.composer.to_patient(settings, f"{self.portal_url}/")
        notification = PatientNotification(hospital=specimen.hospital, patient=specimen.patient, text=text)
        return self._send_once(row, channel, lambda: self.patients.publish(notification))

    def _queue_reminder(self, row: LedgerRow, step: int, settings: HospitalSettings) -> None:
        wait = timedelta(minutes=settings.escalate_after_minutes)
        task = NotificationTask(object_id=row.object_id, model=row.model, step=step, due_at=self.clock.now() + wait)
        self.notifications.put(task, wait)

    def _send_once(self, row: LedgerRow, channel: str, send: Callable[[], None]) -> bool:
        """Send on a channel unless it was used before; return whether it was sent now."""
        mark, now = (row.object_id, row.model, channel), self.clock.now()
        status = self.ledger.claim_channel(*mark, now, now + self.grace)
        if status is ClaimStatus.HELD:
            raise _ClaimHeldError
        if status is ClaimStatus.COMPLETED:
            return False
        try:
            send()
        except RequestRejected:
            # The service refused, so nothing was sent: the next attempt need not wait for the claim to expire.
            self.ledger.release_channel(*mark)
            raise
        self.ledger.complete_channel(*mark)
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
