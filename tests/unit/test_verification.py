"""The proof of a microscope: what counts, which bounds it has, and that an edited one is refused."""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError
from scipy.stats import binomtest

from hemascope.domain.errors import HemascopeError
from hemascope.domain.given_answers import GivenAnswer
from hemascope.domain.known_answers import parse_answers, read_answer
from hemascope.domain.profile import FittedField, MicroscopeProfile
from hemascope.domain.report import Decision, ModelReference, Report
from hemascope.domain.verification import VerificationLimits, VerificationProof, VerifiedSlide
from hemascope.microscopes.verification import ScreenedField, Signature, make_proof
from hemascope.model.artifact import Artifact
from hemascope.model.classifier import Classifier
from hemascope.screening.pipeline import screen

PROFILE = MicroscopeProfile()
SIGNED = Signature(by="hematologist", at=datetime(2026, 1, 2, tzinfo=UTC), microscope="left")
CONFIDENT, UNSURE = Decision.CONFIDENT, Decision.INDETERMINATE
LEUKEMIA, BENIGN = (CONFIDENT, "Pre-B", ("Pre-B",)), (CONFIDENT, "Benign", ("Benign",))
SUSPICION = (UNSURE, "Benign", ("Benign", "Pre-B"))
FOREIGN = (Decision.OUT_OF_DISTRIBUTION, "Pre-B", ("Pre-B",))
Said = tuple[Decision, str, tuple[str, ...]]
Prove = Callable[..., VerificationProof]


@pytest.fixture(scope="module")
def report(smear: bytes, classifier: Classifier) -> Report:
    return screen(smear, None, classifier, draw=False).report


@pytest.fixture
def model(artifact: Artifact) -> ModelReference:
    return artifact.reference


def field_of(report: Report, slide: str, name: str, said: Said, picture: str | None = None) -> ScreenedField:
    assert report.result is not None
    decision, label, possible = said
    result = report.result.model_copy(update={"decision": decision, "label": label, "prediction_set": possible})
    digest = hashlib.sha256((picture or f"{slide}/{name}").encode()).hexdigest()
    return ScreenedField(slide, name, digest, report.model_copy(update={"result": result}))


@pytest.fixture
def prove(report: Report, artifact: Artifact) -> Prove:
    """Make a proof of slides: name -> known answer and what was said of each of its fields."""

    def prove(
        slides: dict[str, tuple[str, list[Said]]],
        profile: MicroscopeProfile = PROFILE,
        limits: VerificationLimits | None = None,
    ) -> VerificationProof:
        disease = artifact.manifest.disease
        fields = [
            field_of(report, slide, f"{number}.jpg", said)
            for slide, (_, fields) in slides.items()
            for number, said in enumerate(fields)
        ]
        answers = {slide: read_answer(word, disease, "a test") for slide, (word, _) in slides.items()}
        return make_proof(fields, answers, profile, artifact.reference, disease, SIGNED, limits)

    return prove


def many(leukemia: int, benign: int) -> dict[str, tuple[str, list[Said]]]:
    return {f"l{n}": ("leukemia", [LEUKEMIA]) for n in range(leukemia)} | {f"b{n}": ("benign", [BENIGN]) for n in range(benign)}


@pytest.mark.parametrize(
    ("leukemia", "benign", "passed", "needed"),
    [(29, 9, True, (0, 0)), (28, 9, False, (1, 0)), (29, 8, False, (0, 1)), (0, 9, False, (29, 0))],
)
def test_without_an_error_29_leukemia_and_9_benign_slides_pass(
    prove: Prove, leukemia: int, benign: int, passed: bool, needed: tuple[int, int]
) -> None:
    proof = prove(many(leukemia, benign))

    assert proof.passed is passed
    assert (proof.figures.leukemia_slides_needed, proof.figures.benign_slides_needed) == needed


def test_bounds_are_exact(prove: Prove) -> None:
    proof = prove(many(30, 20) | {"missed": ("leukemia", [BENIGN])})

    exact = binomtest(30, 31).proportion_ci(0.9, method="exact")  # two bounds of 95 % each
    found = proof.figures.sensitivity
    assert (found.right, found.wrong, found.unanswered, found.total) == (30, 1, 0, 31)
    assert (found.lower, found.upper) == (pytest.approx(exact.low, abs=1e-6), pytest.approx(exact.high, abs=1e-6))
    assert proof.figures.leukemia_slides_needed == 15
    assert not proof.passed


@pytest.mark.parametrize(
    ("known", "fields", "answer", "right", "wrong", "fields_right"),
    [
        ("leukemia", [LEUKEMIA, BENIGN, FOREIGN], "leukemia", 1, 0, 1),  # one confident field flags the slide
        ("leukemia", [SUSPICION, FOREIGN], "suspicion", 0, 0, 0),  # a suspicion is no hit
        ("leukemia", [FOREIGN], "none", 0, 0, 0),
        ("leukemia", [BENIGN, FOREIGN], "benign", 0, 1, 0),
        ("Pro-B", [LEUKEMIA], "leukemia", 1, 0, 1),  # the pattern may be wrong
        ("benign", [BENIGN, BENIGN, FOREIGN], "benign", 1, 0, 2),
        ("leukemia", [BENIGN, SUSPICION], "benign", 0, 1, 0),  # the worst answer
        ("benign", [BENIGN, SUSPICION], "benign", 1, 0, 1),
        ("benign", [SUSPICION], "suspicion", 0, 0, 0),
        ("benign", [BENIGN, LEUKEMIA], "leukemia", 0, 1, 1),
        ("benign", [FOREIGN], "none", 0, 0, 0),
    ],
)
def test_what_counts_as_right(
    prove: Prove, known: str, fields: list[Said], answer: str, right: int, wrong: int, fields_right: int
) -> None:
    proof = prove({"s": (known, fields)})

    figures = proof.figures
    by_slide, by_field = (
        (figures.specificity, figures.specificity_by_field)
        if known == "benign"
        else (figures.sensitivity, figures.sensitivity_by_field)
    )
    assert proof.slides[0].answer == answer
    assert (by_slide.right, by_slide.wrong, by_slide.unanswered, by_slide.total) == (right, wrong, 1 - right - wrong, 1)
    assert (by_field.right, by_field.total) == (fields_right, len(fields))


def test_a_picture_that_the_profile_was_fitted_on_does_not_count(prove: Prove) -> None:
    digest = hashlib.sha256(b"l0/0.jpg").hexdigest()
    profile = PROFILE.model_copy(update={"fitted_on": (FittedField(slide="x", sha256=digest),)})

    proof = prove(many(29, 14), profile)

    (slide,) = [slide for slide in proof.slides if slide.slide == "l0"]
    assert slide.fields[0].not_counted == "fitted_on"
    assert (proof.figures.sensitivity.total, proof.passed) == (28, False)


def test_a_picture_counts_once(report: Report, artifact: Artifact) -> None:
    fields = [field_of(report, "s", name, LEUKEMIA, "the same") for name in ("a", "b")]
    answers = parse_answers("slide,answer\ns,leukemia\n", artifact.manifest.disease)

    proof = make_proof(fields, answers, PROFILE, artifact.reference, artifact.manifest.disease, SIGNED)

    assert [field.not_counted for field in proof.slides[0].fields] == [None, "repeated"]
    assert proof.figures.sensitivity_by_field.total == 1


def test_one_picture_in_two_slides_is_refused(report: Report, artifact: Artifact) -> None:
    fields = [field_of(report, slide, "a", LEUKEMIA, "the same") for slide in ("s", "t")]
    answers = parse_answers("slide,answer\ns,leukemia\nt,benign\n", artifact.manifest.disease)

    with pytest.raises(HemascopeError, match="The same picture is in two slides: a of s and a of t"):
        make_proof(fields, answers, PROFILE, artifact.reference, artifact.manifest.disease, SIGNED)


def test_reports_of_another_model_are_refused(report: Report, artifact: Artifact) -> None:
    other = artifact.reference.model_copy(update={"sha256": "0" * 64})
    answers = {"s": read_answer("leukemia", artifact.manifest.disease, "x")}

    with pytest.raises(HemascopeError, match="expected reports of"):
        make_proof([field_of(report, "s", "a", LEUKEMIA)], answers, PROFILE, other, artifact.manifest.disease, SIGNED)


def test_reports_that_withhold_their_answer_are_refused(prove: Prove) -> None:
    with pytest.raises(HemascopeError, match="as if the microscope were verified"):
        prove({"s": ("leukemia", [(Decision.UNVERIFIED, "Pre-B", ("Pre-B",))])})


def test_slides_without_an_answer_are_left_out_and_none_at_all_is_an_error(report: Report, artifact: Artifact) -> None:
    fields, disease = [field_of(report, "s", "a", LEUKEMIA), field_of(report, "t", "a", BENIGN)], artifact.manifest.disease

    proof = make_proof(fields, parse_answers("slide,answer\ns,Pre-B\n", disease), PROFILE, artifact.reference, disease, SIGNED)

    assert [(slide.slide, slide.known, slide.given_as) for slide in proof.slides] == [("s", "leukemia", "Pre-B")]
    with pytest.raises(HemascopeError, match="no pictures of a slide with a known answer"):
        make_proof(fields, {}, PROFILE, artifact.reference, disease, SIGNED)


@pytest.mark.parametrize(
    "text",
    [
        "slide,answer\na,Leukemia\nb,benign\nc,pro-b\n",
        "\ufeffanswer;slide;remark\nLEUKEMIA;a;x\nbenign;b;\nPro-B;c;\n;;\n",
        " Slide , Answer \na, leukemia\na,leukemia\nb,Benign\nc,Pro-B",
    ],
)
def test_tables_as_people_write_them(text: str, artifact: Artifact) -> None:
    answers = parse_answers(text, artifact.manifest.disease)

    assert {slide: str(answer.known) for slide, answer in answers.items()} == {"a": "leukemia", "b": "benign", "c": "leukemia"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "missing: slide, answer"),
        ("slide\na\n", "missing: answer"),
        (
            "slide,answer\na,AML\n",
            "unknown in line 2 of the answers. Write one of leukemia, benign, Benign, Early Pre-B, Pre-B, Pro-B",
        ),
        ("slide,answer\na\n", "There is no answer in line 2"),
        ("slide,answer\na,benign\na,Pre-B\n", "two answers for the slide a"),
    ],
)
def test_tables_that_cannot_be_understood_are_refused_in_words(text: str, said: str, artifact: Artifact) -> None:
    with pytest.raises(HemascopeError, match=said):
        parse_answers(text, artifact.manifest.disease)


def test_the_identity_is_the_digest_of_the_file(prove: Prove) -> None:
    proof = prove(many(2, 2))

    again = VerificationProof.model_validate_json(proof.to_json())

    assert again == proof
    assert again.sha256 == proof.sha256 == hashlib.sha256(proof.to_json().encode()).hexdigest()
    assert list(json.loads(proof.to_json())) == sorted(json.loads(proof.to_json()))


def test_a_proof_is_of_one_profile_and_one_model(prove: Prove, model: ModelReference) -> None:
    proof = prove(many(29, 14))

    def against(found: VerificationProof, profile: MicroscopeProfile = PROFILE, model: ModelReference = model) -> str | None:
        return found.reason_against(profile, model)

    assert against(proof) is None
    assert against(proof, MicroscopeProfile(software="another")) == "the proof was made with another profile"
    assert "verify the microscope again" in (against(proof, model=model.model_copy(update={"sha256": "0" * 64})) or "")
    assert "not good enough" in (against(prove(many(28, 14))) or "")


def test_a_proof_from_which_the_marks_of_the_fitted_pictures_were_removed_opens_nothing(
    prove: Prove, model: ModelReference
) -> None:
    fitted = FittedField(slide="l0", sha256=hashlib.sha256(b"l0/0.jpg").hexdigest())
    profile = MicroscopeProfile(fitted_on=(fitted,))
    marked = prove(many(30, 9), profile)
    content = json.loads(marked.to_json())
    slides = [VerifiedSlide.model_validate(slide) for slide in content["slides"]]
    unmarked = [
        slide.model_copy(
            update={
                "fields": tuple(field.model_copy(update={"not_counted": None}) for field in slide.fields),
                "answer": GivenAnswer(slide.known),
            }
        )
        for slide in slides
    ]
    edited = VerificationProof.of(unmarked, profile=profile.sha256, model=model, at=marked.at, by=marked.by)

    assert marked.reason_against(profile, model) is None
    assert (edited.passed, edited.figures.sensitivity.total) == (True, 30)
    assert "counts pictures that the profile was fitted on" in (edited.reason_against(profile, model) or "")


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content.update(passed=True),
        lambda content: content["figures"].update(leukemia_slides_needed=0),
        lambda content: content["figures"]["sensitivity"].update(lower=0.95),
        lambda content: content["slides"][0].update(answer="leukemia"),
        lambda content: content["slides"].append(content["slides"][0]),
        lambda content: content["slides"][0]["fields"].append(content["slides"][1]["fields"][0]),
        lambda content: content["limits"].update(sensitivity=0.1),
        lambda content: content["slides"][0]["fields"][0].update(outcome="unverified"),
    ],
)
def test_an_edited_proof_is_refused(prove: Prove, change: Callable[[dict[str, Any]], None]) -> None:
    content = json.loads(prove(many(5, 5)).to_json())
    change(content)

    with pytest.raises(ValidationError):
        VerificationProof.model_validate(content)


def test_an_answer_that_was_given_as_benign_is_not_known_as_leukemia(prove: Prove) -> None:
    content = json.loads(prove({"c-1": ("benign", [LEUKEMIA])}).to_json())["slides"][0]

    with pytest.raises(ValidationError, match="as it was given"):
        VerifiedSlide.model_validate(content | {"known": "leukemia"})


def test_a_hospital_may_sign_stricter_limits(prove: Prove) -> None:
    limits = VerificationLimits(sensitivity=0.95, specificity=0.9)

    assert prove(many(59, 29), limits=limits).passed
    assert prove(many(58, 29), limits=limits).figures.leukemia_slides_needed == 1
