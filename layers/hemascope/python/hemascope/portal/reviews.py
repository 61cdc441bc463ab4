"""What reviewers do: confirm or correct an answer, and release it to its patient. The AI's answer stays as it was."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field

from hemascope.domain.audit import AuditAction
from hemascope.domain.ledger import LedgerRow
from hemascope.domain.notification import NotificationTask
from hemascope.domain.release_rules import judged, released
from hemascope.domain.report import Decision, Release, State
from hemascope.domain.review import Opinion, Verdict, VerdictKind
from hemascope.portal.audit import Trail
from hemascope.portal.identity import REVIEWERS, Person
from hemascope.portal.problems import BadRequest, Conflict, NotFound
from hemascope.portal.report_repository import ReportRepository
from hemascope.portal.reports import rows_of_own
from hemascope.portal.requests import read_body
from hemascope.ports import Clock, HospitalSettingsRepository, Ledger, NotificationQueue

_TRIES = 10
_SETTLING = timedelta(seconds=30)


class OpinionRequest(Opinion):
    """Body of a verdict: on which model's answer, and what."""

    model: str = Field(max_length=200)


class ReleaseRequest(BaseModel):
    """Body of a release."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = Field(max_length=200)


class Released(BaseModel):
    """How far the report may be relied on from now on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    release: Release


_EXPECTED = {
    OpinionRequest: "model, kind (confirm, or correct with a label) and a comment of at most 2000 characters if there is one",
    ReleaseRequest: "model",
}
_BUSY = "Others are reviewing this report at this moment. Please look at it again."
_LACKING = {
    1: "Expected a verdict before the release: confirm or correct the answer first.",
    2: "Expected the same verdict of two people before the release.",
}


@dataclass(frozen=True)
class Review:
    """Verdicts and releases of one deployment.

    A verdict is a file beside the report, put once under the next free number, and counts when the ledger's row counts it.
    Row and release change together and only as they were read, so that no release overlooks a verdict. An entry of the
    audit trail comes before the change it tells of: an entry may be of a change that then failed, a change is never without.
    """

    ledger: Ledger
    reviews: Ledger
    repository: ReportRepository
    hospitals: HospitalSettingsRepository
    trail: Trail
    notifications: NotificationQueue
    clock: Clock
    patient_classes: Collection[str]  # those that there are words for a patient for

    def add_verdict(self, person: Person, object_id: str, body: str) -> Verdict:
        """Store a verdict; where the report is out already and enough people agree, it is amended.

        Raises
        ------
        Forbidden, NotFound, BadRequest, Conflict
        """
        person.expect(REVIEWERS)
        wanted = read_body(OpinionRequest, body, _EXPECTED[OpinionRequest])
        row = self._row(person, object_id, wanted.model)
        self._check(wanted, row)
        for _ in range(_TRIES):
            opinion = wanted.model_dump()
            verdict = Verdict(**opinion, number=row.verdicts + 1, reviewer=person.account, at=self.clock.now())
            stored = self.repository.put_verdict(object_id, verdict)
            # Else somebody was faster, or died before their verdict was counted: theirs comes first.
            self._count(person, row, verdict if stored else self.repository.verdict(row, verdict.number))
            if stored:
                return verdict
            row = self._row(person, object_id, wanted.model)
        raise Conflict(_BUSY)

    def release(self, person: Person, object_id: str, body: str) -> Released:
        """Release a report to its patient, once enough people gave the same verdict.

        Raises
        ------
        Forbidden, NotFound, BadRequest, Conflict
        """
        person.expect(REVIEWERS)
        model = read_body(ReleaseRequest, body, _EXPECTED[ReleaseRequest]).model
        needed = self.hospitals.settings_of(person.hospital).reviewers
        for _ in range(_TRIES):
            row = self._row(person, object_id, model)
            after = released(row, self.repository.verdicts(row), needed, self.clock.now())
            if after is None:
                raise Conflict(_LACKING[needed])
            if after == row or self._change(person.hospital, person.account, row, after):
                return Released(release=after.release)
        raise Conflict(_BUSY)

    def _count(self, person: Person, row: LedgerRow, verdict: Verdict) -> None:
        """Count a stored verdict, unless somebody else does so at the same time."""
        needed = self.hospitals.settings_of(person.hospital).reviewers
        self.trail.note(person.hospital, verdict.reviewer, AuditAction.VERDICT, row.object_id)
        for _ in range(_TRIES):
            if row.verdicts >= verdict.number:
                return
            after = judged(row, (*self.repository.verdicts(row), verdict), needed, self.clock.now())
            if self._change(person.hospital, verdict.reviewer, row, after):
                return
            row = self._row(person, row.object_id, row.model)
        raise Conflict(_BUSY)

    def _change(self, hospital: str, account: str, before: LedgerRow, after: LedgerRow) -> bool:
        if after.released_verdict_number != before.released_verdict_number:
            done = AuditAction.RELEASED if before.release is Release.PRELIMINARY else AuditAction.AMENDED
            self.trail.note(hospital, account, done, before.object_id)
        # Asked for before the change and due well after it: a change is told of wherever this function dies, and one that
        # never came about is not.
        if after.released_verdict_number != before.released_verdict_number:
            self.notifications.put(
                NotificationTask(object_id=after.object_id, model=after.model, released=after.released_verdict_number),
                _SETTLING,
            )
        return self.reviews.set_review(before, after)

    def _row(self, person: Person, object_id: str, model: str) -> LedgerRow:
        for row in rows_of_own(self.ledger, person, object_id):
            if row.model == model:
                if row.state is not State.REPORTED:
                    raise Conflict("There is no answer to review: this picture could not be judged.")
                return row
        raise NotFound("There is no report of this model, or not yet.")

    def _check(self, wanted: Opinion, row: LedgerRow) -> None:
        """A correction names another class of the same model, or a class at all where the model stated none."""
        if wanted.kind is VerdictKind.CONFIRM:
            return
        result = self.repository.report(row).result
        assert result is not None  # the row says reported
        known = [name for name in result.probabilities if name in self.patient_classes]
        if wanted.label not in known:
            raise BadRequest(f"Expected one of the classes {', '.join(known)}.")
        if wanted.label == result.label and result.decision is Decision.CONFIDENT:
            raise BadRequest("This is the model's own answer. Please confirm it instead.")
