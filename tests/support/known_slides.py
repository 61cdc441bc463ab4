"""Slides of a microscope whose answer is known, and proofs about them, in a portal on fakes."""

from hemascope.domain.given_answers import GivenAnswer
from hemascope.domain.known_answers import KnownAnswer
from hemascope.domain.ledger import LedgerRow
from hemascope.domain.manifest import WEIGHTS
from hemascope.domain.microscope import Microscope, Verification, adopt_profile, verify
from hemascope.domain.microscope_keys import proof_key
from hemascope.domain.report import Decision, ModelReference, Release, Report
from hemascope.domain.review import Verdict, VerdictKind
from hemascope.domain.specimen import ObjectVersion, Specimen, smear_key, verdict_key
from hemascope.domain.verification import VerificationProof, VerifiedField, VerifiedSlide
from tests.support.fakes import START
from tests.support.job_world import field_row, slide_digest
from tests.support.portal_world import PortalWorld

PROFILE, MODEL = "a" * 64, "all-subtypes/1.0.1"
SCOPE = adopt_profile(Microscope(hospital="st-mary", name="scope 2"), PROFILE, START, "8f0c").model_copy(update={"version": 1})
PATH = f"/microscopes/{SCOPE.digest}"


def signed(
    portal: PortalWorld,
    report: Report,
    slide: str,
    label: str | None,
    decision: Decision,
    *,
    name: str = "1",
    patient: str = "p-7",
) -> LedgerRow:
    """A field that a reviewer released: corrected to a label, or with the model's word (Pre-B) confirmed."""
    specimen = Specimen(hospital="st-mary", patient="p-7", slide=slide, microscope="scope 2", field=f"{name}.jpg")
    version = ObjectVersion(bucket="uploads", key=smear_key(specimen), version_id="v1")
    released = {"released_at": START, "verdicts": 1, "released_verdict_number": 1, "model": MODEL}
    release = Release.AMENDED if label else Release.FINAL
    found = field_row(
        version, len(portal.ledger.rows), release=release, report_key=f"reports/{version.object_id}.json", **released
    )
    kind = VerdictKind.CORRECT if label else VerdictKind.CONFIRM
    verdict = Verdict(kind=kind, label=label, number=1, reviewer="ann", at=START, model=MODEL)
    assert report.result is not None
    result = report.result.model_copy(update={"label": "Pre-B", "prediction_set": ("Pre-B",), "decision": decision})
    stored = report.model_copy(update={"result": result})
    portal.reports.files[verdict_key(version.object_id, MODEL, 1)] = (verdict.to_json().encode(), "")
    portal.reports.files[str(found.report_key)] = (stored.to_json().encode(), "")
    portal.ledger.rows.append(found)
    return found


def unsigned(portal: PortalWorld, slide: str, name: str = "9", patient: str = "p-7") -> None:
    specimen = Specimen(hospital="st-mary", patient=patient, slide=slide, microscope="scope 2", field=f"{name}.jpg")
    version = ObjectVersion(bucket="uploads", key=smear_key(specimen), version_id="v1")
    portal.ledger.rows.append(field_row(version, len(portal.ledger.rows)))


def made(portal: PortalWorld, *, profile: str = PROFILE, model: str | None = None, right: int = 29) -> VerificationProof:
    """A stored proof of 29 leukemia and 9 benign slides, recorded where it passes."""
    weights = model or portal.model.manifest.files[WEIGHTS]
    reference = ModelReference(id="all-subtypes", version="1.0.1", sha256=weights, preprocessing="d" * 64)
    slides = []
    for number in range(38):
        known = KnownAnswer.LEUKEMIA if number < 29 else KnownAnswer.BENIGN
        answer = GivenAnswer(known) if number < right or number >= 29 else GivenAnswer.NONE
        outcome = "out_of_distribution" if answer is GivenAnswer.NONE else "confident"
        field = VerifiedField(name=f"{number:032x}", sha256=f"{number:064x}", outcome=outcome, label="Pre-B", answer=answer)
        digest = slide_digest(f"s-{number}")
        slides.append(VerifiedSlide(slide=digest, known=known, given_as=known, answer=answer, fields=(field,)))
    proof = VerificationProof.of(slides, profile=profile, model=reference, at=START, by="9a1b", microscope="scope 2")
    portal.reports.files[proof_key(SCOPE.digest, proof.sha256)] = (proof.to_json().encode(), "")
    if proof.passed and profile == PROFILE:
        recorded = Verification(sha256=proof.sha256, at=START, by="9a1b", profile=profile, model=weights)
        portal.microscopes.store(verify(portal.microscopes.kept["st-mary", "scope 2"], recorded))
    return proof
