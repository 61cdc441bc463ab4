"""Verification in the portal: slides whose answer is known, how many are still needed, starting it, and the proof."""

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal

from pydantic import Field

from hemascope.domain.binomial import successes_needed
from hemascope.domain.disease import Disease
from hemascope.domain.errors import MissingObject
from hemascope.domain.given_answers import GivenAnswer
from hemascope.domain.known_answers import KnownAnswer, SlideAnswer
from hemascope.domain.microscope import Microscope
from hemascope.domain.microscope_fields import ROWS, by_slide, fields_of
from hemascope.domain.microscope_jobs import LARGEST_TABLE, SlideDigest, VerifyJob
from hemascope.domain.microscope_keys import proof_key
from hemascope.domain.microscope_refusal import IsReference, NoProfile
from hemascope.domain.microscope_run import JobKind
from hemascope.domain.picture_file import MAXIMUM_BYTES
from hemascope.domain.report import Digest
from hemascope.domain.specimen import ObjectVersion
from hemascope.domain.verification import VerificationFigures, VerificationLimits, VerificationProof
from hemascope.portal.identity import Person
from hemascope.portal.known_slides import SignedOffLabels, Slides, read_table
from hemascope.portal.microscope_runs import RunView, run_view
from hemascope.portal.microscope_views import MicroscopeView
from hemascope.portal.microscopes import MicroscopeService
from hemascope.portal.problems import BadRequest, Conflict
from hemascope.portal.requests import Message
from hemascope.ports import Ledger, ObjectStore

_TABLE = 200_000  # characters


class VerificationRequest(Message):
    """Which slides, and what the hospital signs.

    Parameters
    ----------
    slides
        Digests of slides that are signed off; their answers are read from the reviewers' verdicts.
    table
        A table of answers from elsewhere.
    again
        The slides of the newest proof, with the answers that it names.

    Where two of these speak of a slide, or reviewers signed one off, they must agree.
    """

    slides: Annotated[tuple[SlideDigest, ...], Field(max_length=LARGEST_TABLE)] = ()
    table: Annotated[str, Field(max_length=_TABLE)] = ""
    again: bool = False
    limits: VerificationLimits = VerificationLimits()


class SignedOffSlide(Message):
    """A slide whose answer follows from what reviewers signed off."""

    id: str
    slide: str
    patient: str
    known: KnownAnswer
    given_as: str
    fields: int


class ProvenSlide(Message):
    """A slide of a proof. ``slide`` is None where its pictures are gone."""

    slide: str | None
    known: KnownAnswer
    answer: GivenAnswer
    is_right: bool
    is_counted: bool


class ProofView(Message):
    """A proof, by its SHA-256. ``standing``: it opens the microscope, or why it does not."""

    sha256: Digest
    passed: bool
    standing: Literal["counts", "not_passed", "other_profile", "other_model"]
    limits: VerificationLimits
    figures: VerificationFigures
    slides: tuple[ProvenSlide, ...]
    link: str


class VerificationView(Message):
    """What is needed, what is there, and what was proved last.

    ``leukemia_needed`` and ``benign_needed`` are the slides that the default limits ask for if all of them are right.
    """

    run: RunView | None
    proof: ProofView | None
    signed_off: tuple[SignedOffSlide, ...]
    limits: VerificationLimits
    leukemia_needed: int
    benign_needed: int


@dataclass(frozen=True)
class VerificationService:
    """Verification of the microscopes of the caller's hospital; ``disease`` is the serving model's."""

    microscopes: MicroscopeService
    ledger: Ledger
    reports: ObjectStore
    labels: SignedOffLabels
    disease: Disease

    def show_verification(self, person: Person, microscope_id: str) -> VerificationView:
        """Show the newest proof, and the slides that could be used for the next.

        Raises
        ------
        NotFound
        """
        microscope = self.microscopes.find(person, microscope_id)
        slides, limits = self._slides(microscope), VerificationLimits()
        proof = self._newest_proof(microscope)
        return VerificationView(
            run=run_view(microscope, JobKind.VERIFY, self.microscopes.clock.now()),
            proof=self._view(microscope, proof, slides) if proof else None,
            signed_off=tuple(
                SignedOffSlide(
                    id=digest,
                    slide=slides[digest][0].specimen.slide,
                    patient=slides[digest][0].specimen.patient,
                    fields=len(slides[digest]),
                    **answer.model_dump(),
                )
                for digest, answer in self.labels.answers(slides, self.disease).items()
            ),
            limits=limits,
            leukemia_needed=successes_needed(0, 0, limits.sensitivity, limits.certainty),
            benign_needed=successes_needed(0, 0, limits.specificity, limits.certainty),
        )

    def start_verification(self, person: Person, microscope_id: str, request: VerificationRequest) -> MicroscopeView:
        """Have the model's answers compared with known ones. Labels are read here, never taken from the caller.

        Raises
        ------
        NotFound
        BadRequest
            Where no slide is chosen, or an answer is unclear.
        Conflict
            Where one is running, or the microscope has no profile, or is a reference.
        """
        microscope = self.microscopes.find(person, microscope_id)
        answers = self._answers(microscope, request)
        if not answers:
            raise BadRequest("Choose slides that are signed off, or give a table of answers.")
        if len(answers) > LARGEST_TABLE:
            raise BadRequest(f"At most {LARGEST_TABLE} slides can be compared at a time.")
        make_job = partial(VerifyJob, answers=answers, limits=request.limits)
        return self.microscopes.start(person, microscope_id, make_job, _with_profile)

    def _answers(self, microscope: Microscope, request: VerificationRequest) -> dict[str, SlideAnswer]:
        slides = self._slides(microscope)
        found: dict[str, SlideAnswer] = {}
        if request.again:
            proof = self._newest_proof(microscope)
            if proof is None:
                raise Conflict("This microscope has no proof whose slides could be used again.")
            found |= {slide.slide: SlideAnswer(known=slide.known, given_as=slide.given_as) for slide in proof.slides}
        if request.table.strip():
            found = _agreed(found, read_table(request.table, slides, self.disease))
        # What reviewers signed off since is compared too, whether or not somebody ticked it.
        named = {digest: slides[digest] for digest in {*found, *request.slides} if digest in slides}
        signed = self.labels.answers(named, self.disease)
        if not signed.keys() >= set(request.slides):
            raise Conflict("Some of these slides are not signed off any more. Please look at the page again.")
        return _agreed(signed, found)

    def _slides(self, microscope: Microscope) -> Slides:
        return by_slide(
            fields_of(microscope, self.ledger.rows_by_microscope(microscope.digest, ROWS), microscope.profile_since)
        )

    def _newest_proof(self, microscope: Microscope) -> VerificationProof | None:
        """The proof of the newest run that made one, else the one that the microscope rests on."""
        run = microscope.runs.get(JobKind.VERIFY)
        recorded = microscope.verification.sha256 if microscope.verification else None
        sha256 = run.document if run and run.document else recorded
        if sha256 is None:
            return None
        version = ObjectVersion(bucket=self.labels.repository.bucket, key=proof_key(microscope.digest, sha256))
        try:
            proof = VerificationProof.model_validate_json(self.reports.read(version, MAXIMUM_BYTES))
        except MissingObject:
            return None
        return proof if proof.sha256 == sha256 else None

    def _view(self, microscope: Microscope, proof: VerificationProof, slides: Slides) -> ProofView:
        standing: Literal["counts", "not_passed", "other_profile", "other_model"] = "counts"
        if not proof.passed:
            standing = "not_passed"
        elif proof.profile != microscope.profile:
            standing = "other_profile"
        elif proof.model.sha256 != self.microscopes.model:
            standing = "other_model"
        return ProofView(
            sha256=proof.sha256,
            passed=proof.passed,
            standing=standing,
            limits=proof.limits,
            figures=proof.figures,
            slides=tuple(
                ProvenSlide(
                    slide=slides[slide.slide][0].specimen.slide if slide.slide in slides else None,
                    known=slide.known,
                    answer=slide.answer,
                    is_right=slide.is_right,
                    is_counted=bool(slide.counted),
                )
                for slide in proof.slides
            ),
            link=self.microscopes.links.link(proof_key(microscope.digest, proof.sha256)),
        )


def _agreed(first: dict[str, SlideAnswer], second: dict[str, SlideAnswer]) -> dict[str, SlideAnswer]:
    if any(first[digest].known is not answer.known for digest, answer in second.items() if digest in first):
        raise BadRequest(
            "Two sources disagree about a slide, such as the table and the reviewers. Find out which one is right."
        )
    return second | first


def _with_profile(microscope: Microscope) -> Microscope:
    """Raises at once what recording the proof would raise in the end."""
    if microscope.is_reference:
        raise IsReference
    if microscope.profile is None:
        raise NoProfile
    return microscope
