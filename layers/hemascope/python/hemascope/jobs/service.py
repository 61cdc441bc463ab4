"""The jobs service: one job -> its run carried out once, however often its message comes, and an end that the page shows.

The microscope's row holds the newest run of each kind. A worker begins by a conditional write, and does nothing where the run
has ended or another one took its place. What it makes is stored under digests or under the run's id, each once, before the row
says that the run has ended; so a worker that crashes between any two writes leaves a state from which the next
delivery continues.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from hemascope.domain.errors import TransientError
from hemascope.domain.microscope import Microscope, Verification, verify
from hemascope.domain.microscope_jobs import (
    CommissionJob,
    MicroscopeJob,
    RescreenJob,
    VerifyJob,
    as_one_change,
    begin_run,
    end_run,
    queue_run,
)
from hemascope.domain.microscope_refusal import OtherProfile, TransitionRefused
from hemascope.domain.microscope_run import JobKind, JobRun, RunState
from hemascope.domain.profile import ProfileLimits
from hemascope.domain.specimen import digest_of
from hemascope.domain.verification import VerificationProof
from hemascope.jobs.commission import Commissioner
from hemascope.jobs.outcome import Ended, JobRefused
from hemascope.jobs.pictures import FieldReader
from hemascope.jobs.rescreen import Rescreener
from hemascope.jobs.verify import Verifier
from hemascope.microscopes.reference import MicroscopeReference
from hemascope.model.classifier import Classifier
from hemascope.ports import Clock, JobQueue, Ledger, MicroscopeRegistry, ObjectStore, PictureQueue
from hemascope.screening.microscopes import MicroscopeLookup

_ATTEMPTS = 10
_FAILED = "The service could not finish this. You may start it again. Its operator is told if it keeps failing."
_CHANGED = "The profile was changed while the slides were read, so this proof opens nothing. Verify again with the one in use."


@dataclass(frozen=True)
class MicroscopeJobService:
    """The function ``microscope_jobs`` without its cloud.

    Parameters
    ----------
    reference
        Reads the reference microscope of the classifier's artifact, to which profiles are fitted. Other jobs need none.
    reports, reports_bucket
        Where profiles, proofs and documents are stored.
    """

    classifier: Classifier
    reference: Callable[[], MicroscopeReference]
    pictures: ObjectStore
    reports: ObjectStore
    reports_bucket: str
    ledger: Ledger
    registry: MicroscopeRegistry
    jobs: JobQueue
    screening: PictureQueue
    clock: Clock
    limits: ProfileLimits = field(default_factory=ProfileLimits)

    def carry_out(self, job: MicroscopeJob) -> JobRun | None:
        """Carry out a job and return its run; None where there was nothing to do.

        Raises
        ------
        TransientError
            Where another worker is at this run, or a service did not answer.
        HemascopeError
            Where it could not be carried out this time.
        """
        begun = self._change(job, self._begin)
        if begun is None:
            return None
        try:
            ended = self._work(begun, job)
        except JobRefused as refusal:
            ended = Ended(str(refusal), None, RunState.REFUSED)
        except Exception:
            self._end(job, Ended(_FAILED, None, RunState.FAILED))
            raise
        finished = self._end(job, ended)
        return finished.runs[job.kind] if finished else None

    def _begin(self, microscope: Microscope, job: MicroscopeJob) -> Microscope | None:
        now = self.clock.now()
        run = microscope.runs.get(job.kind)
        if run and run.id == job.run and run.is_held(now):
            raise TransientError("expected a run that nobody works on, another worker holds it")
        return begin_run(microscope, job.kind, job.run, now)

    def _end(self, job: MicroscopeJob, ended: Ended) -> Microscope | None:
        now = self.clock.now()
        return self._change(
            job,
            lambda microscope, _: end_run(
                microscope, job.kind, job.run, ended.state, ended.message, now, ended.document, ended.oldest
            ),
        )

    def _work(self, microscope: Microscope, job: MicroscopeJob) -> Ended:
        run = microscope.runs[job.kind]
        reader = FieldReader(self.ledger, self.pictures, self.clock)
        match job:
            case CommissionJob():
                commissioner = Commissioner(
                    self.classifier, self.reference(), reader, self.reports, self.reports_bucket, self.limits
                )
                return commissioner.carry_out(microscope, job, run)
            case VerifyJob():
                model = self.classifier.artifact.reference.sha256
                lookup = MicroscopeLookup(self.registry, self.reports, self.reports_bucket, model)
                verifier = Verifier(self.classifier, reader, self.reports, lookup.load, self._open)
                return verifier.carry_out(microscope, job, run)
            case RescreenJob():
                return Rescreener(self.ledger, self.screening).carry_out(microscope)

    def _open(self, microscope: Microscope, proof: VerificationProof) -> None:
        """Record a proof that passed, and queue the open slides. Recorded before, after a crash, it is queued again.

        Raises
        ------
        JobRefused
            Where the microscope has another profile, or became a reference, or another run took this one's place, meanwhile.
        """
        own = microscope.runs[JobKind.VERIFY].id
        now = self.clock.now()
        verification = Verification(
            sha256=proof.sha256, at=proof.at, by=proof.by, profile=proof.profile, model=proof.model.sha256
        )
        run = JobRun(id=digest_of(proof.sha256, JobKind.RESCREEN), at=now, by=proof.by)

        def record(before: Microscope) -> Microscope:
            run_now = before.runs.get(JobKind.VERIFY)
            if run_now is None or run_now.id != own:
                raise OtherProfile
            return queue_run(verify(before, verification), JobKind.RESCREEN, run, now)

        for _ in range(_ATTEMPTS):
            current = self.registry.find(microscope.hospital, microscope.name)
            try:
                if current and self.registry.store(as_one_change(current, record(current))):
                    self.jobs.put(RescreenJob(hospital=current.hospital, microscope=current.name, run=run.id))
                    return
            except TransitionRefused:
                raise JobRefused(_CHANGED) from None
        raise TransientError("expected to record a proof, others change this microscope")

    def _change(
        self, job: MicroscopeJob, change: Callable[[Microscope, MicroscopeJob], Microscope | None]
    ) -> Microscope | None:
        """Apply a change to the stored row, again where somebody else's came first; None where there is nothing to change."""
        for _ in range(_ATTEMPTS):
            before = self.registry.find(job.hospital, job.microscope)
            after = change(before, job) if before else None
            if after is None or self.registry.store(after):
                return after
        raise TransientError("expected to record a run, others change this microscope")
