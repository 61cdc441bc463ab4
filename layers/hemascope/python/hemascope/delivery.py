"""The delivery station: a finished smear's ledger row -> topic and mails, each once, however often the message comes.

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

from hemascope.contracts.errors import ForgottenObject, NothingDone, TransientError
from hemascope.contracts.hospital import HospitalSettings, PatientChannel, ReleasePolicy
from hemascope.contracts.notice import STEPS, Channel, DueNotice, Notice, PatientNotice
from hemascope.contracts.report import Release, State
from hemascope.contracts.specimen import specimen_of
from hemascope.letters import Letters
from hemascope.ports import (
    Clock,
    HospitalBook,
    Ledger,
    LedgerRow,
    Mailer,
    NoticeQueue,
    NoticeState,
    PatientPublisher,
    Publisher,
    Telling,
)

logger = logging.getLogger(__name__)
_UNKNOWN = "unknown"  # whose the smear is, where its key could not be read


class Told(StrEnum):
    """What a message led to; false where nobody heard now."""

    NOBODY = ""
    PEOPLE = "people"
    UNHEARD = "unheard"  # an urgent smear that nobody has acknowledged, and the list is at its end


class _HeldByAnotherError(Exception):
    """A channel that somebody else is at, or was when they died."""


@dataclass(frozen=True)
class Delivery:
    """The delivering function without its cloud.

    Parameters
    ----------
    portal_url
        Where links lead.
    grace
        How long a channel that was begun is left alone: longer than the function may run and SES's event takes.
    """

    ledger: Ledger
    hospitals: HospitalBook
    publisher: Publisher
    patients: PatientPublisher
    mailer: Mailer
    letters: Letters
    notices: NoticeQueue
    clock: Clock
    portal_url: str
    grace: timedelta

    def deliver(self, due: DueNotice) -> Told:
        """Tell people of one end, unless they were told.

        What is not due yet, or is in another worker's hands, is put back into the queue and comes again when it is time.

        Raises
        ------
        ForgottenObject
            Where the patient's data was deleted on request while the message was on its way.
        TransientError
            Where the row is not there, or a service did not answer.
        """
        row, now = self._row(due), self.clock.now()
        if due.due_at and due.due_at > now:
            self.notices.put(due, due.due_at - now)
            return Told.NOBODY
        settings = self.hospitals.settings_of(row.hospital or _UNKNOWN)
        try:
            if due.step:
                return self._escalate(row, due, settings)
            told = self._tell_of_release(row, due, settings) if due.released else self._tell(row, settings)
            return Told.PEOPLE if told else Told.NOBODY
        except _HeldByAnotherError:
            logger.info("notice in other hands", extra={"object_id": row.object_id})
            self.notices.put(due.model_copy(update={"due_at": now + self.grace}), self.grace)
            return Told.NOBODY

    def _row(self, due: DueNotice) -> LedgerRow:
        row = self.ledger.find(due.object_id, due.model)
        if row is None and self.ledger.is_forgotten(due.object_id):
            raise ForgottenObject(f"expected a ledger row of {due.object_id}, it was deleted on request")
        if row is None:
            raise TransientError(f"expected a ledger row of {due.object_id}, there is none")
        return row

    def _tell(self, row: LedgerRow, settings: HospitalSettings) -> bool:
        # A bounce may overtake the channels behind the mail that came back: those are used all the same.
        if row.notice in {NoticeState.SENT, NoticeState.NOT_DUE}:
            return False
        told, failures = False, list[Exception]()
        for tell in self._tellings(row, self._notice(row), settings):
            try:
                told |= tell()
            except Exception as error:  # a way that fails keeps no other waiting; the message comes again for it alone
                failures.append(error)
        if failures:  # what failed is tried again sooner than what somebody else holds
            raise min(failures, key=lambda one: isinstance(one, _HeldByAnotherError))
        new = self.ledger.set_notice(row.object_id, row.model, NoticeState.SENT, row.state)
        return told or new

    def _tellings(self, row: LedgerRow, notice: Notice, settings: HospitalSettings) -> Iterator[Callable[[], bool]]:
        yield lambda: self._once(row, Channel.TOPIC, lambda: self.publisher.publish(notice))
        if row.state is State.REJECTED and settings.laboratory:
            mail = self.letters.rejection
            yield lambda: self._once(row, Channel.LABORATORY, lambda: self.mailer.send(mail(notice, row, settings)))
        elif settings.recipients:
            yield lambda: self._once(row, Channel.CLINICIAN, lambda: self._mail_clinician(row, notice, settings))
        if settings.release is ReleasePolicy.IMMEDIATE:
            yield lambda: self._tell_patient(row, settings, Channel.PATIENT)

    def _mail_clinician(self, row: LedgerRow, notice: Notice, settings: HospitalSettings) -> None:
        # The reminder is in the queue before the mail is out: a crash in between may remind of a mail, never forget one.
        if row.urgent:
            self._remind_later(row, 1, settings)
        self.mailer.send(self.letters.first(notice, row, settings))

    def _escalate(self, row: LedgerRow, due: DueNotice, settings: HospitalSettings) -> Told:
        """Tell the next clinician of an urgent smear, where nobody has acknowledged it."""
        if row.acknowledged_at is not None or not row.urgent:
            return Told.NOBODY
        if due.step >= min(len(settings.recipients), STEPS):
            logger.error("urgent smear unacknowledged", extra={"object_id": row.object_id, "asked": due.step})
            return Told.UNHEARD
        notice = self._notice(row)

        def mail() -> None:
            self._remind_later(row, due.step + 1, settings)
            self.mailer.send(self.letters.reminder(notice, due.step, settings))

        return Told.PEOPLE if self._once(row, f"{Channel.CLINICIAN}-{due.step}", mail) else Told.NOBODY

    def _tell_of_release(self, row: LedgerRow, due: DueNotice, settings: HospitalSettings) -> bool:
        """Tell the patient of what is out now: once, and once more of each correction of what they may have read."""
        if row.spoken < due.released:
            return False  # a release that failed after it was asked for has nothing to tell
        corrected = row.release is Release.AMENDED
        return self._tell_patient(row, settings, f"{Channel.PATIENT}-{row.spoken}" if corrected else Channel.PATIENT)

    def _tell_patient(self, row: LedgerRow, settings: HospitalSettings, channel: str) -> bool:
        specimen = specimen_of(row.object.key)
        if settings.patient_channel is PatientChannel.NONE or row.state is not State.REPORTED or specimen is None:
            return False
        text = self.letters.to_patient(settings, f"{self.portal_url}/")
        notice = PatientNotice(hospital=specimen.hospital, patient=specimen.patient, text=text)
        return self._once(row, channel, lambda: self.patients.publish(notice))

    def _remind_later(self, row: LedgerRow, step: int, settings: HospitalSettings) -> None:
        wait = timedelta(minutes=settings.escalate_after_minutes)
        due = DueNotice(object_id=row.object_id, model=row.model, step=step, due_at=self.clock.now() + wait)
        self.notices.put(due, wait)

    def _once(self, row: LedgerRow, channel: str, tell: Callable[[], None]) -> bool:
        """Use a channel unless it was used; return whether it was used now."""
        which, now = (row.object_id, row.model, channel), self.clock.now()
        found = self.ledger.begin_telling(*which, now, now + self.grace)
        if found is Telling.HELD:
            raise _HeldByAnotherError
        if found is Telling.TOLD:
            return False
        try:
            tell()
        except NothingDone:
            # The service said no, so nobody heard: the next try need not wait.
            self.ledger.end_telling(*which, told=False)
            raise
        self.ledger.end_telling(*which, told=True)
        return True

    def _notice(self, row: LedgerRow) -> Notice:
        return Notice(
            object_id=row.object_id,
            model=row.model,
            hospital=row.hospital or _UNKNOWN,
            state=row.state,
            urgent=row.urgent,
            link=f"{self.portal_url}/#/reports/{row.object_id}",
        )
