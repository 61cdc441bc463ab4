"""Slides whose answer is known -> a stored proof, and the microscope opened by it where it passes."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from hemascope.domain.microscope import Microscope, MicroscopeUse
from hemascope.domain.microscope_fields import ROWS, by_slide, fields_of
from hemascope.domain.microscope_jobs import VerifyJob
from hemascope.domain.microscope_keys import proof_key
from hemascope.domain.microscope_run import JobRun, RunState
from hemascope.domain.profile import MicroscopeProfile
from hemascope.domain.report import MicroscopeState
from hemascope.domain.verification import VerificationProof, slides_needed
from hemascope.jobs.outcome import Ended, JobRefused
from hemascope.jobs.pictures import FieldReader
from hemascope.microscopes.verification import MixedSlides, ScreenedField, Signature, make_proof
from hemascope.model.classifier import Classifier
from hemascope.ports import ObjectStore
from hemascope.screening.pipeline import screen


def judge_field(slide: str, name: str, data: bytes, profile: MicroscopeProfile, classifier: Classifier) -> ScreenedField:
    """Judge a field as if its microscope were verified: its answers are what is to be proved."""
    use = MicroscopeUse(None, MicroscopeState.VERIFIED, profile, profile.sha256)
    report = screen(data, None, classifier, microscope=use, draw=False).report
    return ScreenedField(slide, name, hashlib.sha256(data).hexdigest(), report)


@dataclass(frozen=True)
class Verifier:
    """Makes proofs with the code of ``hemascope verify``.

    Parameters
    ----------
    load
        Reads a profile of a microscope by its SHA-256.
    adopt
        Records that a proof passed, unless the microscope's profile is another one by then.
    """

    classifier: Classifier
    pictures: FieldReader
    reports: ObjectStore
    load: Callable[[Microscope, str], MicroscopeProfile]
    adopt: Callable[[Microscope, VerificationProof], None]

    def carry_out(self, microscope: Microscope, job: VerifyJob, run: JobRun) -> Ended:
        """Screen every field of the slides that this microscope took, store the proof, and record it where it passes.

        Pictures that are older than those to which the profile was fitted are of a microscope in another condition.

        A proof names its slides and fields by digests. Made again, after a crash, it is the same one: it bears the time at
        which it was asked for.

        Raises
        ------
        JobRefused
            Where nothing can be proved, or the profile was changed meanwhile.
        TransientError
        """
        if microscope.profile is None:
            raise JobRefused("This microscope has no profile any more. Commission it first.")
        profile = self.load(microscope, microscope.profile)
        rows = self.pictures.ledger.rows_by_microscope(microscope.digest, ROWS)
        slides = by_slide(fields_of(microscope, rows, microscope.profile_since))
        wanted = [field for digest, fields in slides.items() if digest in job.answers for field in fields]
        screened = [
            judge_field(field.specimen.slide_digest, field.object.object_id, data, profile, self.classifier)
            for field, data in self.pictures.read(wanted)
        ]
        if not screened:
            raise JobRefused("None of these slides has pictures of this microscope any more.")
        artifact = self.classifier.artifact
        try:
            proof = make_proof(
                screened,
                job.answers,
                profile,
                artifact.reference,
                artifact.manifest.disease,
                Signature(by=run.by, at=run.at, microscope=microscope.name),
                job.limits,
            )
        except MixedSlides:
            raise JobRefused(
                "Two of these slides hold the same picture, so slides were mixed up, and no answer can be relied on. Find out "
                "which slide it shows, and leave both out."
            ) from None
        self.reports.write_once(proof_key(microscope.digest, proof.sha256), proof.to_json().encode(), "application/json")
        left_out = len(job.answers) - len(proof.slides)
        lost = f" {left_out} slides have no pictures of this microscope as it is now." if left_out else ""
        if not proof.passed:
            message = f"The proof does not pass. {_why_not(proof)}{lost}"
            return Ended(message, proof.sha256, RunState.REFUSED)
        self.adopt(microscope, proof)
        return Ended(f"The proof passes: this microscope gives answers with this profile and this model.{lost}", proof.sha256)


def _why_not(proof: VerificationProof) -> str:
    """What to do about a proof that does not pass."""
    if any(slide.is_called_benign for slide in proof.slides):
        return (
            "Leukemia slides were called benign, so don't add slides: check the table and whether slides were mixed up, then "
            "stain and objective, and commission again."
        )
    return f"Still needed: {' and '.join(slides_needed(proof.figures))}."
