"""A hospital's microscopes: its staff list them, its administrator registers, describes, suspends and resumes them.

Addresses hold a microscope's digest, since a name may hold any character. Which microscope is a reference only the operator
says, so nothing here changes it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from uuid import uuid4

from hemascope.domain.audit import AuditAction
from hemascope.domain.errors import TransientError
from hemascope.domain.microscope import (
    Microscope,
    describe,
    resume,
    state_of,
    suspend,
)
from hemascope.domain.microscope_alarm import acknowledge_alarm
from hemascope.domain.microscope_jobs import MicroscopeJob, RescreenJob, as_one_change, end_run, queue_run
from hemascope.domain.microscope_keys import profile_key, proof_key
from hemascope.domain.microscope_refusal import TransitionRefused
from hemascope.domain.microscope_run import JobRun, RunState
from hemascope.portal.audit import AuditService
from hemascope.portal.identity import Person
from hemascope.portal.microscope_runs import run_views
from hemascope.portal.microscope_views import (
    Description,
    MicroscopeDetails,
    MicroscopeList,
    MicroscopeView,
    NewMicroscope,
    StoredProfile,
    SuspensionRequest,
    view_alarm,
)
from hemascope.portal.problems import Conflict, NotFound
from hemascope.ports import Clock, JobQueue, LinkMaker, MicroscopeRegistry

_ATTEMPTS = 5
_NOT_QUEUED = "This could not be queued. Please start it again."


Change = Callable[[Microscope], Microscope]


class MakeJob(Protocol):
    """Makes the job of a run."""

    def __call__(self, *, hospital: str, microscope: str, run: str) -> MicroscopeJob:
        """Return the job of this run."""


@dataclass(frozen=True)
class MicroscopeService:
    """The microscopes of the caller's hospital.

    Parameters
    ----------
    model
        SHA-256 of the serving model's weights, on which every state depends.
    """

    registry: MicroscopeRegistry
    audit: AuditService
    links: LinkMaker
    clock: Clock
    model: str
    jobs: JobQueue

    def list_microscopes(self, person: Person) -> MicroscopeList:
        """List the microscopes of the hospital."""
        return MicroscopeList(microscopes=tuple(map(self._view, self.registry.of_hospital(person.hospital))))

    def show_microscope(self, person: Person, microscope_id: str) -> MicroscopeDetails:
        """Show a microscope with links to its profiles and its proof.

        Raises
        ------
        NotFound
            Where the hospital has none of this id.
        """
        microscope = self.find(person, microscope_id)
        proof = microscope.verification
        return MicroscopeDetails(
            microscope=self._view(microscope),
            profiles=tuple(
                StoredProfile(version=version, link=self.links.link(profile_key(microscope.digest, version.sha256)))
                for version in microscope.profiles
            ),
            proof=self.links.link(proof_key(microscope.digest, proof.sha256)) if proof else None,
        )

    def register_microscope(self, person: Person, new: NewMicroscope) -> MicroscopeView:
        """Register a microscope. It is ``unknown`` until it has a profile.

        Raises
        ------
        Conflict
            Where the hospital has one of this name.
        """
        microscope = Microscope(hospital=person.hospital, **new.model_dump())
        if self.registry.find(person.hospital, new.name):
            raise Conflict("Your hospital has a microscope of this name already.")
        self._record(person, microscope)
        if not self.registry.store(microscope):
            raise Conflict("Your hospital has a microscope of this name already.")
        return self._view(microscope)

    def describe_microscope(self, person: Person, microscope_id: str, description: Description) -> MicroscopeView:
        """Change make and objective. Another objective takes the profile out of use.

        Raises
        ------
        NotFound, Conflict
        """
        now = self.clock.now()
        return self._change(person, microscope_id, lambda microscope: describe(microscope, at=now, **description.model_dump()))

    def suspend_microscope(self, person: Person, microscope_id: str, request: SuspensionRequest) -> MicroscopeView:
        """Let a microscope give no answers for now. Those that it gave stay.

        Raises
        ------
        NotFound, Conflict
        """
        now = self.clock.now()
        return self._change(person, microscope_id, lambda microscope: suspend(microscope, request.reason, now, person.account))

    def resume_microscope(self, person: Person, microscope_id: str) -> MicroscopeView:
        """End a suspension. The chart of its drift begins anew; what came meanwhile stays to be read by eye.

        Raises
        ------
        NotFound, Conflict
        """
        now = self.clock.now()
        return self._change(person, microscope_id, lambda microscope: resume(microscope, now))

    def acknowledge_alarm(self, person: Person, microscope_id: str) -> MicroscopeView:
        """End an alarm about a microscope that has changed. What grows suspends the microscope all the same.

        Raises
        ------
        NotFound, Conflict
        """
        now = self.clock.now()
        return self._change(person, microscope_id, lambda microscope: acknowledge_alarm(microscope, now))

    def rescreen(self, person: Person, microscope_id: str) -> MicroscopeView:
        """Screen the open slides of a microscope again, as after every change by itself.

        Raises
        ------
        NotFound, Conflict
        """
        return self.change_and_rescreen(person, microscope_id, lambda microscope: microscope)

    def change_and_rescreen(self, person: Person, microscope_id: str, change: Change) -> MicroscopeView:
        """Apply a change and queue the open slides, which another state of the microscope may answer differently.

        Raises
        ------
        NotFound, Conflict
        """
        return self.start(person, microscope_id, RescreenJob, change)

    def start(
        self, person: Person, microscope_id: str, make_job: MakeJob, change: Change = lambda microscope: microscope
    ) -> MicroscopeView:
        """Queue a job about a microscope, in one change with another one where that is given.

        The row names the run before the message is sent, since a run that no row names is not carried out. Where the message
        can't be sent, the run has failed, and the page says so; the change stands.

        Raises
        ------
        NotFound, Conflict
        """
        now, run_id = self.clock.now(), uuid4().hex
        run = JobRun(id=run_id, at=now, by=person.account)
        job: MicroscopeJob | None = None

        def queue(before: Microscope) -> Microscope:
            nonlocal job
            job = make_job(hospital=before.hospital, microscope=before.name, run=run_id)
            return as_one_change(before, queue_run(change(before), job.kind, run, now))

        shown = self._change(person, microscope_id, queue)
        assert job is not None  # the change was made
        try:
            self.jobs.put(job)
        except TransientError:
            # Nobody shall wait for a run that never begins.
            after = end_run(self.find(person, microscope_id), job.kind, run_id, RunState.FAILED, _NOT_QUEUED, now)
            if after and self.registry.store(after):
                return self._view(after)
        return shown

    def _change(self, person: Person, microscope_id: str, change: Change) -> MicroscopeView:
        """Apply a change to the stored microscope, again where somebody else's came first."""
        for attempt in range(_ATTEMPTS):
            before = self.find(person, microscope_id)
            try:
                after = change(before)
            except TransitionRefused as refusal:
                raise Conflict(str(refusal)) from refusal
            if attempt == 0:
                self._record(person, before)
            if self.registry.store(after):
                return self._view(after)
        raise Conflict("Somebody else changes this microscope. Please try again in a moment.")

    def find(self, person: Person, microscope_id: str) -> Microscope:
        """The microscope of this id, of the person's own hospital.

        Raises
        ------
        NotFound
            Where the hospital has none of this id.
        """
        for microscope in self.registry.of_hospital(person.hospital):
            if microscope.digest == microscope_id:
                return microscope
        raise NotFound("Your hospital has no such microscope.")

    def _record(self, person: Person, microscope: Microscope) -> None:
        self.audit.record(person.hospital, person.account, AuditAction.MICROSCOPES, None, microscope.digest)

    def _view(self, microscope: Microscope) -> MicroscopeView:
        shown = {"name", "make", "objective", "is_reference", "profile"}
        return MicroscopeView(
            id=microscope.digest,
            state=state_of(microscope, self.model),
            verification=microscope.verification,
            suspension=microscope.suspension,
            alarm=view_alarm(microscope),
            runs=run_views(microscope, self.clock.now()),
            **microscope.model_dump(include=shown),
        )
