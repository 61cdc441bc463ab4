"""What a screening says of a microscope's pictures in each of its states, and which guards look at them."""

import numpy as np
import pytest
from pydantic import ValidationError

from hemascope.domain.microscope import MicroscopeUse
from hemascope.domain.profile import ColourMap, MicroscopeProfile
from hemascope.domain.report import Decision, MicroscopeState, Report
from hemascope.imaging.model_input import NetworkInputs
from hemascope.imaging.synthetic import draw_synthetic_smear, encode_jpeg
from hemascope.model.artifact import Artifact
from hemascope.model.classifier import Answer, Classifier
from hemascope.screening.pipeline import screen
from tests.support.fakes import FixedClassifier
from tests.support.screenings import CLASSES, SPECIMEN, one_hot, tuned

GREENER = MicroscopeProfile(colour=ColourMap(name="mk", offset=(0.0, 12.0, 0.0)))
PROOF = "c" * 64
CLOSED = (MicroscopeState.UNKNOWN, MicroscopeState.PROFILED, MicroscopeState.SUSPENDED)


def used(state: MicroscopeState, profile: MicroscopeProfile | None = None, proof: str | None = None) -> MicroscopeUse:
    return MicroscopeUse("scope 2", state, profile, profile.sha256 if profile else None, proof)


class Looking(FixedClassifier):
    """A network whose features are strange in pictures that are as blue as those before the correction."""

    def answer(self, inputs: NetworkInputs) -> Answer:
        answer = super().answer(inputs)
        return answer._replace(feature_score=1.4 if len(self.asked) == 2 else 0.3)


@pytest.mark.parametrize("state", CLOSED)
def test_a_microscope_that_is_not_verified_gives_no_answer_and_the_json_keeps_what_the_network_said(
    artifact: Artifact, smear: bytes, state: MicroscopeState
) -> None:
    network = one_hot(tuned(artifact), "Pre-B")

    closed, plain = (screen(smear, SPECIMEN, network, microscope=use) for use in (used(state), None))

    assert closed.report.result is not None
    assert plain.report.result is not None
    assert (plain.report.result.decision, closed.report.result.decision) == (Decision.CONFIDENT, Decision.UNVERIFIED)
    assert closed.report.result.recommendation == "Read by eye: this microscope is not verified."
    assert (closed.report.result.label, closed.report.result.probabilities) == ("Pre-B", plain.report.result.probabilities)
    assert closed.summary.headline == artifact.texts.patient_unclear.headline


@pytest.mark.parametrize("share", [0.97, 0.5])
def test_what_would_be_indeterminate_or_strange_is_unverified_too(artifact: Artifact, smear: bytes, share: float) -> None:
    network = one_hot(tuned(artifact, accepted_distance=1e-6), "Pro-B", share=share)

    result = screen(smear, SPECIMEN, network, microscope=used(MicroscopeState.PROFILED, GREENER)).report.result

    assert result is not None
    assert result.decision is Decision.UNVERIFIED


def test_a_poor_picture_is_poor_and_a_damaged_file_rejected_whatever_the_microscope(artifact: Artifact, smear: bytes) -> None:
    network, microscope = one_hot(tuned(artifact), "Pro-B"), used(MicroscopeState.SUSPENDED)

    poor = screen(encode_jpeg(draw_synthetic_smear(1, cells=0)), SPECIMEN, network, microscope=microscope).report
    rejected = screen(smear[:4000], SPECIMEN, network, microscope=microscope).report

    assert poor.result is not None
    assert poor.result.decision is Decision.POOR_QUALITY
    assert rejected.rejection is not None
    assert poor.microscope == rejected.microscope == microscope.reported


def test_a_verified_microscope_gives_answers_and_the_report_names_profile_and_proof(artifact: Artifact, smear: bytes) -> None:
    microscope = used(MicroscopeState.VERIFIED, GREENER, PROOF)

    report = screen(smear, SPECIMEN, one_hot(tuned(artifact), "Pre-B"), microscope=microscope).report

    assert report.result is not None
    assert report.result.decision is Decision.CONFIDENT
    assert report.microscope is not None
    assert report.microscope.model_dump(mode="json") == {
        "name": "scope 2",
        "state": "verified",
        "profile": GREENER.sha256,
        "verification": PROOF,
    }
    assert report.evidence is not None
    assert report.evidence.uncorrected is None


def test_the_reference_microscope_is_judged_as_without_a_registry(classifier: Classifier, smear: bytes) -> None:
    registered = screen(smear, SPECIMEN, classifier, microscope=used(MicroscopeState.VERIFIED)).report

    plain = screen(smear, SPECIMEN, classifier).report

    assert registered.model_copy(update={"microscope": None}) == plain


def test_the_guards_look_at_the_picture_before_its_correction_where_nothing_is_proven(artifact: Artifact, smear: bytes) -> None:
    network = Looking(tuned(artifact), *(0.97 if name == "Pre-B" else 0.01 for name in CLASSES))

    evidence = screen(smear, SPECIMEN, network, microscope=used(MicroscopeState.PROFILED, GREENER)).report.evidence

    assert evidence is not None
    assert evidence.uncorrected is not None
    assert (evidence.feature_score, evidence.uncorrected.feature_score, evidence.guard_score) == (0.3, 1.4, 1.4)
    corrected, photographed = network.asked
    assert np.mean(corrected.original[..., 1]) > np.mean(photographed.original[..., 1])
    plain = screen(smear, SPECIMEN, FixedClassifier(tuned(artifact), 0.01, 0.01, 0.97, 0.01)).report.evidence
    assert plain is not None
    assert evidence.uncorrected.out_of_distribution_score == plain.out_of_distribution_score


@pytest.mark.parametrize("profile", [None, MicroscopeProfile()])
def test_where_nothing_is_corrected_the_network_is_asked_once(
    artifact: Artifact, smear: bytes, profile: MicroscopeProfile | None
) -> None:
    network = one_hot(tuned(artifact), "Pre-B")

    evidence = screen(smear, SPECIMEN, network, microscope=used(MicroscopeState.PROFILED, profile)).report.evidence

    assert evidence is not None
    assert (evidence.uncorrected, len(network.asked)) == (None, 1)


@pytest.mark.parametrize("state", CLOSED)
def test_no_report_can_hold_an_answer_of_a_microscope_that_is_not_verified(
    artifact: Artifact, smear: bytes, state: MicroscopeState
) -> None:
    content = screen(smear, SPECIMEN, one_hot(tuned(artifact), "Pre-B")).report.model_dump(mode="json", by_alias=True)

    with pytest.raises(ValidationError, match="not verified"):
        Report.model_validate(content | {"microscope": {"name": "scope 2", "state": state}})
