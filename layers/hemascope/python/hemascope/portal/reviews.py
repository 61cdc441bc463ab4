"""Review of reports: verdicts, release to the patient, acknowledgement. The model's own answer is never changed."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from pydantic import Field

from hemascope.domain.audit import AuditAction
from hemascope.domain.ledger import LedgerRow
from hemascope.domain.notification import NotificationTask
from hemascope.domain.release_rules import apply_release, apply_verdict
from hemascope.domain.report import Decision, Release, State
from hemascope.domain.review import Opinion, Verdict, VerdictKind
from hemascope.portal.audit import AuditService
from hemascope.portal.identity import Person
from hemascope.portal.problems import BadRequest, Conflict, NotFound
from hemascope.portal.report_repository import ReportRepository
from hemascope.portal.requests import Message
from hemascope.portal.rows import find_own_rows
from hemascope.ports import Clock, HospitalSettingsRepository, Ledger, NotificationQueue

_ATTEMPTS = 10
_NOTIFICATION_DELAY = timedelta(seconds=30)


class OpinionRequest(Opinion):
    """A verdict to add, and on which model's answer."""

    model: str = Field(max_length=200)


class ReleaseRequest(Message):
    """Which model's report to release."""

    model: str = Field(max_length=200)


class Released(Message):
    """The release state of the report from now on."""

    release: Release


_BUSY = "Others are reviewing this report at this moment. Please look at it again."
_LACKING = {
    1: "Expected a verdict before the release: confirm or correct the answer first.",
    2: "Expected the same verdict of two people before the release.",
}


@dataclass(frozen=True)
class ReviewService:
    """Verdicts, releases and acknowledgements of one deployment.

    A verdict is a file beside the report, written once under the next free number, and counts when the ledger's row counts it.
    Verdict count and release change in one conditional write, so that no release overlooks a verdict. An audit entry is written
    before the change it records: an entry may exist for a change that then failed, but no change exists without its entry.
    """

    ledger: Ledger
    repository: ReportRepository
    hospitals: HospitalSettingsRepository
    audit: AuditService
    notifications: NotificationQueue
    clock: Clock
    patient_classes: Collection[str]  # the classes that have a patient text

    def add_verdict(self, person: Person, object_id: str, request: OpinionRequest) -> Verdict:
        """Store a verdict; where the report is released already and enough people agree, it is amended.

        Raises
        ------
        Forbidden, NotFound, BadRequest, Conflict
        """
        row = self._find_row(person, object_id, request.model)
        self._check_label(request, row)
        opinion = request.model_dump()
        for _ in range(_ATTEMPTS):
            verdict = Verdict(**opinion, number=row.verdicts + 1, reviewer=person.account, at=self.clock.now())
            stored = self.repository.put_verdict(object_id, verdict)
            # Otherwise another reviewer was faster, or crashed before the verdict was counted: that one comes first.
            self._count(person, row, verdict if stored else self.repository.verdict(row, verdict.number))
            if stored:
                return verdict
            row = self._find_row(person, object_id, request.model)
        raise Conflict(_BUSY)

    def release(self, person: Person, object_id: str, request: ReleaseRequest) -> Released:
        """Release a report to its patient, once enough people gave the same verdict.

        Raises
        ------
        Forbidden, NotFound, Conflict
        """
        needed = self.hospitals.settings_of(person.hospital).reviewers
        for _ in range(_ATTEMPTS):
            row = self._find_row(person, object_id, request.model)
            after = apply_release(row, self.repository.verdicts(row), needed, self.clock.now())
            if after is None:
                raise Conflict(_LACKING[needed])
            if after == row or self._change(person.hospital, person.account, row, after):
                return Released(release=after.release)
        raise Conflict(_BUSY)

    def acknowledge(self, person: Person, object_id: str) -> None:
        """Acknowledge every urgent answer on an object version, so that nobody else is notified; the first one counts.

        Raises
        ------
        Forbidden, NotFound
        """
        rows = find_own_rows(self.ledger, person, object_id)
        unacknowledged = [row for row in rows if row.urgent and row.acknowledged_at is None]
        if unacknowledged:
            self.audit.record(person.hospital, person.account, AuditAction.ACKNOWLEDGED, object_id)
        for row in unacknowledged:
            self.ledger.acknowledge(row.object_id, row.model, self.clock.now())

    def _count(self, person: Person, row: LedgerRow, verdict: Verdict) -> None:
        """Count a stored verdict, unless another request has counted it meanwhile."""
        needed = self.hospitals.settings_of(person.hospital).reviewers
        self.audit.record(person.hospital, verdict.reviewer, AuditAction.VERDICT, row.object_id)
        for _ in range(_ATTEMPTS):
            if row.verdicts >= verdict.number:
                return
            after = apply_verdict(row, (*self.repository.verdicts(row), verdict), needed, self.clock.now())
            if self._change(person.hospital, verdict.reviewer, row, after):
                return
            row = self._find_row(person, row.object_id, row.model)
        raise Conflict(_BUSY)

    def _change(self, hospital: str, account: str, before: LedgerRow, after: LedgerRow) -> bool:
        if after.released_verdict_number != before.released_verdict_number:
            done = AuditAction.RELEASED if before.release is Release.PRELIMINARY else AuditAction.AMENDED
            self.audit.record(hospital, account, done, before.object_id)
        # Queued before the change and due well after it: a change is notified wherever this function crashes, and a change that
        # failed is not.
        if after.released_verdict_number != before.released_verdict_number:
            self.notifications.put(
                NotificationTask(object_id=after.object_id, model=after.model, released=after.released_verdict_number),
                _NOTIFICATION_DELAY,
            )
        return self.ledger.set_review(before, after)

    def _find_row(self, person: Person, object_id: str, model: str) -> LedgerRow:
        for row in find_own_rows(self.ledger, person, object_id):
            if row.model == model:
                if row.state is not State.REPORTED:
                    raise Conflict("There is no answer to review: this picture could not be judged.")
                return row
        raise NotFound("There is no report of this model, or not yet.")

    def _check_label(self, opinion: Opinion, row: LedgerRow) -> None:
        """A correction names another class than the model, or any of its classes where the model gave no confident answer."""
        if opinion.kind is VerdictKind.CONFIRM:
            return
        result = self.repository.report(row).result
        assert result is not None  # the row says reported
        known = [name for name in result.probabilities if name in self.patient_classes]
        if opinion.label not in known:
            raise BadRequest(f"Expected one of the classes {', '.join(known)}.")
        if opinion.label == result.label and result.decision is Decision.CONFIDENT:
            raise BadRequest("This is the model's own answer. Please confirm it instead.")
