"""A hospital with a microscope, its fields in ledger and bucket, and the jobs service on fakes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

import pytest

from hemascope.domain.known_answers import KnownAnswer, SlideAnswer
from hemascope.domain.ledger import LedgerRow
from hemascope.domain.microscope import Microscope, adopt_profile
from hemascope.domain.microscope_jobs import CommissionJob, MicroscopeJob, RescreenJob, VerifyJob, queue_run
from hemascope.domain.microscope_keys import profile_key
from hemascope.domain.microscope_run import JobKind, JobRun
from hemascope.domain.profile import MicroscopeProfile, ProfileLimits
from hemascope.domain.report import Decision
from hemascope.domain.specimen import ObjectVersion, Specimen, smear_key
from hemascope.jobs import verify as judging
from hemascope.jobs.service import MicroscopeJobService
from hemascope.microscopes.reference import load_reference
from hemascope.model.classifier import Classifier
from hemascope.model.folder import ArtifactFolder
from hemascope.screening.pipeline import Screening, screen
from tests.support.fake_channels import FakeJobs, FakePictureQueue
from tests.support.fake_ledger import FakeLedger
from tests.support.fake_microscopes import FakeMicroscopes
from tests.support.fakes import START, FakeClock, FakeStore, Wire
from tests.support.rows import row
from tests.support.wired import Wired

SCOPE = Microscope(hospital="st-mary", name="scope 2")
RUN = "1e" * 16
ADMIN = "9a1b"
# Drawn smears are unlike those of the shipped model, whatever the correction.
OPEN = ProfileLimits(
    minimum_fields=1, minimum_slides=1, largest_uncorrected_score=1000, largest_corrected_score=1000, smallest_quality_passed=0
)


def field_row(version: ObjectVersion, minute: int = 0, **changed: Any) -> LedgerRow:
    """The row of a microscope's field, finished at a minute."""
    fields: dict[str, Any] = {
        "object": version,
        "object_id": version.object_id,
        "microscope": SCOPE.digest,
        "finished_at": START + timedelta(minutes=minute),
    }
    return row(**fields | changed)


def slide_digest(slide: str, patient: str = "p-7") -> str:
    return Specimen(hospital="st-mary", patient=patient, slide=slide, field="1").slide_digest


@dataclass
class JobWorld:
    """Everything outside the jobs service."""

    classifier: Classifier
    pictures: FakeStore = field(default_factory=FakeStore)
    reports: FakeStore = field(default_factory=FakeStore)
    ledger: FakeLedger = field(default_factory=FakeLedger)
    registry: FakeMicroscopes = field(default_factory=lambda: FakeMicroscopes(SCOPE))
    jobs: FakeJobs = field(default_factory=FakeJobs)
    screening: FakePictureQueue = field(default_factory=FakePictureQueue)
    clock: FakeClock = field(default_factory=FakeClock)

    @property
    def scope(self) -> Microscope:
        return self.registry.kept["st-mary", "scope 2"]

    def photograph(
        self, data: bytes, slide: str, name: str = "1.jpg", *, patient: str = "p-7", version: str = "v1", **changed: Any
    ) -> ObjectVersion:
        """A field of the microscope that was screened; each is a minute later than the one before."""
        specimen = Specimen(hospital="st-mary", patient=patient, slide=slide, microscope="scope 2", field=name)
        stored = ObjectVersion(bucket="uploads", key=smear_key(specimen), version_id=version)
        self.pictures.pictures[stored] = data
        self.ledger.rows.append(field_row(stored, len(self.ledger.rows), **changed))
        return stored

    def queue(self, job: MicroscopeJob) -> MicroscopeJob:
        """Record the job's run, as the portal does before it sends the message."""
        run = JobRun(id=job.run, at=self.clock.now(), by=ADMIN)
        assert self.registry.store(queue_run(self.scope, job.kind, run, self.clock.now()))
        return job

    def commission(self, run: str = RUN, **more: Any) -> CommissionJob:
        job = CommissionJob(hospital="st-mary", microscope="scope 2", run=run, **more)
        return cast("CommissionJob", self.queue(job))

    def verify(self, answers: dict[str, str], run: str = RUN) -> VerifyJob:
        """Verify with answers by the names of slides."""
        known = {slide_digest(slide): SlideAnswer(known=KnownAnswer(word), given_as=word) for slide, word in answers.items()}
        return cast("VerifyJob", self.queue(VerifyJob(hospital="st-mary", microscope="scope 2", run=run, answers=known)))

    def rescreen(self, run: str = RUN) -> RescreenJob:
        return cast("RescreenJob", self.queue(RescreenJob(hospital="st-mary", microscope="scope 2", run=run)))

    def profile(self, profile: MicroscopeProfile) -> None:
        """Store a profile and make it the current one."""
        self.reports.write_once(profile_key(SCOPE.digest, profile.sha256), profile.to_json().encode(), "application/json")
        assert self.registry.store(adopt_profile(self.scope, profile.sha256, START, ADMIN))

    def run(self, kind: JobKind) -> JobRun:
        return self.scope.runs[kind]

    def service(self, wire: Wire | None = None, limits: ProfileLimits | None = None) -> MicroscopeJobService:
        """A worker."""
        around = (wire or Wire()).around
        return MicroscopeJobService(
            classifier=self.classifier,
            reference=lambda: load_reference(ArtifactFolder.open(self.classifier.artifact.folder)),
            pictures=self.pictures,
            reports=Wired(self.reports, around, ("write_once",)),
            reports_bucket="reports",
            ledger=self.ledger,
            registry=Wired(self.registry, around, ("store",)),
            jobs=Wired(self.jobs, around, ("put",)),
            screening=Wired(self.screening, around, ("announce_again",)),
            clock=self.clock,
            limits=limits or OPEN,
        )


def let_the_model_read(monkeypatch: pytest.MonkeyPatch, smear: bytes, classifier: Classifier) -> Callable[..., Screening]:
    """Let the model call a picture what is written in it, and nothing that says neither."""
    report = screen(smear, None, classifier, draw=False).report
    assert report.result is not None
    result = report.result

    def read(data: bytes, *_: Any, **__: Any) -> Screening:
        label = "Pre-B" if data.startswith(b"leukemia") else "Benign"
        decision = Decision.CONFIDENT if data.startswith((b"leukemia", b"benign")) else Decision.OUT_OF_DISTRIBUTION
        said = result.model_copy(update={"label": label, "prediction_set": (label,), "decision": decision})
        return Screening(report.model_copy(update={"result": said}), None, None)  # type: ignore[arg-type]

    monkeypatch.setattr(judging, "screen", read)
    return read
