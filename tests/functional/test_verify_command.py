"""``hemascope verify`` and ``hemascope screen --profile``, in process: a proof opens a microscope, and nothing else does."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hemascope.domain.profile import ColourMap, MicroscopeProfile
from hemascope.domain.report import Decision
from hemascope.domain.verification import VerificationProof
from hemascope.imaging.synthetic import draw_synthetic_smear, encode_jpeg
from hemascope.jobs import verify as judging
from hemascope.model.artifact import Artifact
from hemascope.model.classifier import Classifier
from hemascope.screening.pipeline import Screening, screen
from hemascope_cli.main import main
from hemascope_cli.pictures import microscope_use

Captured = pytest.CaptureFixture[str]
PROFILE = MicroscopeProfile(colour=ColourMap(name="mk", offset=(1.0, 0.0, 0.0)))
LEUKEMIA = b"leukemia"  # a picture that says what it shows: the fake model reads it


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    path = tmp_path / "profile.json"
    path.write_text(PROFILE.to_json())
    return path


@pytest.fixture
def slides(tmp_path: Path) -> Path:
    """Thirty leukemia slides and fifteen benign ones, of one field each."""
    for number in range(45):
        file = tmp_path / "slides" / f"slide {number}" / "field.jpg"
        file.parent.mkdir(parents=True)
        file.write_bytes((LEUKEMIA if number < 30 else b"benign") + str(number).encode())
    return tmp_path / "slides"


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    rows = [f"slide {number},{'Pre-B' if number < 30 else 'benign'}" for number in range(45)]
    (tmp_path / "answers.csv").write_text("\n".join(["slide,answer", *rows]))
    return tmp_path / "answers.csv"


@pytest.fixture
def model_that_reads(monkeypatch: pytest.MonkeyPatch, smear: bytes, classifier: Classifier) -> None:
    """Let the model be right: it calls a picture what is written in it, and nothing that says neither."""
    report = screen(smear, None, classifier, draw=False).report
    assert report.result is not None
    result = report.result

    def read(data: bytes, *_: Any, **__: Any) -> Screening:
        label = "Pre-B" if data.startswith(LEUKEMIA) else "Benign"
        decision = Decision.CONFIDENT if data.startswith((LEUKEMIA, b"benign")) else Decision.OUT_OF_DISTRIBUTION
        said = result.model_copy(update={"label": label, "prediction_set": (label,), "decision": decision})
        return Screening(report.model_copy(update={"result": said}), None, None)  # type: ignore[arg-type]

    monkeypatch.setattr(judging, "screen", read)


@pytest.fixture
def verify(slides: Path, profile: Path, answers: Path, tmp_path: Path) -> Callable[..., int]:
    files = ["--profile", str(profile), "--answers", str(answers), "--out", str(tmp_path / "kept" / "proof.json")]
    return lambda *more: main(["verify", str(slides), *files, "--by", "hematologist", *more])


@pytest.mark.usefixtures("model_that_reads")
def test_a_proof_that_passes_is_written_and_told(verify: Callable[..., int], tmp_path: Path, capsys: Captured) -> None:
    status = verify("--microscope", "left", "--pdf", str(tmp_path / "proof.pdf"))

    out = capsys.readouterr().out
    proof = VerificationProof.model_validate_json((tmp_path / "kept" / "proof.json").read_text())
    assert status == 0
    assert out.startswith("This microscope is verified with this profile and all-subtypes/")
    assert "  30 of 30 leukemia slides found: sensitivity between 90.5 and 100.0 %; at least 90 % must be certain" in out
    assert "  15 of 15 benign slides called benign: specificity between 81.9 and 100.0 %; at least 70 % must be certain" in out
    assert "Still needed" not in out
    assert proof.sha256 in out
    assert (tmp_path / "proof.pdf").read_bytes().startswith(b"%PDF-")
    assert (proof.passed, proof.microscope, proof.by, proof.profile) == (True, "left", "hematologist", PROFILE.sha256)


@pytest.mark.usefixtures("model_that_reads")
def test_a_miss_and_an_unanswered_slide_are_named_with_what_is_still_needed(
    verify: Callable[..., int], slides: Path, tmp_path: Path, capsys: Captured
) -> None:
    (slides / "slide 3" / "field.jpg").write_bytes(b"benign or not")
    (slides / "slide 4" / "field.jpg").write_bytes(b"something else")
    (slides / "slide 40" / "field.jpg").write_bytes(LEUKEMIA + b"?")
    (slides / "slide 41" / "field.jpg").write_bytes(b"")  # a picture that can't be read is no answer

    status = verify()

    out = capsys.readouterr().out
    assert status == 1
    assert out.startswith("This microscope is not verified")
    assert "  slide 3 (Pre-B): called benign\n  slide 4 (Pre-B): no answer\n" in out
    assert "  slide 40 (Benign): called leukemia\n  slide 41 (Benign): no answer\n" in out
    assert "  fields of leukemia slides: 28 of 30 right, 1 wrong, 1 without an answer\n" in out
    assert "Leukemia slides were called benign: slide 3. Don't add slides.\n" in out
    assert "Still needed" not in out
    assert not VerificationProof.model_validate_json((tmp_path / "kept" / "proof.json").read_text()).passed


@pytest.mark.usefixtures("model_that_reads")
def test_a_proof_that_passed_is_never_replaced(
    verify: Callable[..., int], slides: Path, tmp_path: Path, capsys: Captured
) -> None:
    assert verify() == 0
    before = (tmp_path / "kept" / "proof.json").read_bytes()
    (slides / "slide 4" / "field.jpg").write_bytes(b"something else")

    assert verify() == 1
    assert "There is a proof that passed in this file, and it is kept. Give another --out." in capsys.readouterr().err
    assert (tmp_path / "kept" / "proof.json").read_bytes() == before


@pytest.mark.usefixtures("model_that_reads")
def test_a_hospital_signs_its_own_limits(verify: Callable[..., int], capsys: Captured) -> None:
    assert verify("--sensitivity", "0.95") == 1
    assert "Still needed: 29 more leukemia slides" in capsys.readouterr().out


@pytest.mark.usefixtures("model_that_reads")
def test_what_is_left_out_is_named(verify: Callable[..., int], slides: Path, answers: Path, capsys: Captured) -> None:
    answers.write_text(answers.read_text().replace("slide 44,", "slide 99,"))
    (slides / "loose.jpg").write_bytes(LEUKEMIA)

    assert verify() == 0
    assert capsys.readouterr().err.splitlines() == [
        "2 slides without a known answer, not counted: ., slide 44",
        "1 slide with an answer and without pictures, not counted: slide 99",
    ]


@pytest.mark.parametrize("limit", ["0.4", "1", "much"])
def test_limits_that_nobody_may_sign_are_refused(verify: Callable[..., int], limit: str, capsys: Captured) -> None:
    with pytest.raises(SystemExit):
        verify("--sensitivity", limit)

    assert "expected a share from 0.5 to 0.999" in capsys.readouterr().err


def test_files_that_are_something_else_are_one_line(
    slides: Path, profile: Path, answers: Path, tmp_path: Path, capsys: Captured
) -> None:
    rest = ["--out", str(tmp_path / "proof.json")]

    assert main(["verify", str(slides), "--profile", str(answers), "--answers", str(answers), *rest]) == 1
    assert capsys.readouterr().err.startswith(f"hemascope: {answers} is not the profile of a microscope: Invalid JSON")
    assert main(["verify", str(slides), "--profile", str(profile), "--answers", str(tmp_path / "nowhere"), *rest]) == 1
    assert capsys.readouterr().err.startswith(f"hemascope: {tmp_path / 'nowhere'} can't be read: ")
    assert main(["verify", str(slides), "--profile", str(profile), "--answers", str(profile), *rest]) == 1
    assert "The table of answers needs the columns slide and answer" in capsys.readouterr().err


def test_without_pictures_there_is_nothing_to_verify(profile: Path, answers: Path, tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "empty").mkdir()
    command = ["verify", str(tmp_path / "empty"), "--profile", str(profile), "--answers", str(answers), "--out", "x"]

    assert main(command) == 2
    assert "There are no pictures in" in capsys.readouterr().err


def test_drawn_smears_go_through_the_real_model(tmp_path: Path, profile: Path, capsys: Captured) -> None:
    for number in range(2):
        (tmp_path / "s" / str(number)).mkdir(parents=True)
        (tmp_path / "s" / str(number) / "a.jpg").write_bytes(encode_jpeg(draw_synthetic_smear(number)))
    (tmp_path / "answers.csv").write_text("slide,answer\n0,leukemia\n1,benign\n")
    files = ["--profile", str(profile), "--answers", str(tmp_path / "answers.csv"), "--out", str(tmp_path / "proof.json")]

    assert main(["verify", str(tmp_path / "s"), *files]) == 1
    proof = VerificationProof.model_validate_json((tmp_path / "proof.json").read_text())
    assert [field.outcome in set(Decision) for slide in proof.slides for field in slide.fields] == [True, True]
    assert "Still needed" in capsys.readouterr().out


# ---- screen --profile ----


@pytest.fixture
def field(tmp_path: Path) -> Path:
    path = tmp_path / "field.jpg"
    path.write_bytes(encode_jpeg(draw_synthetic_smear(1)))
    return path


@pytest.fixture
def proof(verify: Callable[..., int], model_that_reads: None, tmp_path: Path, capsys: Captured) -> Path:
    assert verify() == 0
    capsys.readouterr()
    return tmp_path / "kept" / "proof.json"


def test_with_a_profile_alone_no_class_is_stated(field: Path, profile: Path, capsys: Captured, artifact: Artifact) -> None:
    status = main(["screen", str(field), "--profile", str(profile)])

    said = capsys.readouterr()
    assert status == 0
    assert said.err.startswith("unverified: there is no proof of this microscope's answers (--verification); ")
    assert len(said.err.splitlines()) == 1
    assert "Read by eye: this microscope is not verified." in said.out
    disease = artifact.manifest.disease
    assert not any(name in said.out or disease.display(name) in said.out for name in disease.class_names)


@pytest.mark.parametrize("style", ["json", "jsonl", "csv"])
def test_label_and_probabilities_are_in_the_json_all_the_same(field: Path, profile: Path, capsys: Captured, style: str) -> None:
    main(["screen", str(field), "--profile", str(profile), "--format", style])

    out = capsys.readouterr().out
    if style == "csv":
        (row,) = csv.DictReader(io.StringIO(out))
        assert (row["decision"], row["label"], row["Benign"], row["Pre-B"]) == ("unverified", "", "", "")
    else:
        report = json.loads(out)[0] if style == "json" else json.loads(out)
        assert report["result"]["decision"] == "unverified"
        assert report["result"]["recommendation"] == "Read by eye: this microscope is not verified."
        assert report["result"]["label"] in report["result"]["probabilities"]


def test_a_passing_proof_of_this_profile_and_model_opens_the_microscope(
    field: Path, profile: Path, proof: Path, capsys: Captured
) -> None:
    main(["screen", str(field), "--profile", str(profile), "--verification", str(proof), "--format", "jsonl"])

    said = capsys.readouterr()
    assert said.err == ""
    assert json.loads(said.out)["result"]["decision"] in set(Decision)


def test_a_proof_with_another_profile_opens_nothing(field: Path, tmp_path: Path, proof: Path, capsys: Captured) -> None:
    other = tmp_path / "other.json"
    other.write_text(MicroscopeProfile().to_json())

    main(["screen", str(field), "--profile", str(other), "--verification", str(proof), "--format", "jsonl"])

    said = capsys.readouterr()
    assert said.err.startswith("unverified: the proof was made with another profile; ")
    assert json.loads(said.out)["result"]["decision"] == "unverified"


def test_a_proof_of_another_model_opens_nothing(proof: Path, profile: Path, artifact: Artifact, capsys: Captured) -> None:
    other = artifact.reference.model_copy(update={"sha256": "0" * 64, "version": "9.9.9"})

    use = microscope_use.load_use(profile, proof, other)

    assert use is not None
    assert use.state == "profiled"
    assert use.verification_sha256 is None
    assert "verify the microscope again with all-subtypes/9.9.9" in capsys.readouterr().err


def test_a_proof_that_did_not_pass_opens_nothing_and_an_edited_one_is_refused(
    verify: Callable[..., int], model_that_reads: None, field: Path, profile: Path, tmp_path: Path, capsys: Captured
) -> None:
    verify("--sensitivity", "0.99")
    proof = tmp_path / "kept" / "proof.json"
    command = ["screen", str(field), "--profile", str(profile), "--verification", str(proof), "--format", "jsonl"]
    capsys.readouterr()

    main(command)
    said = capsys.readouterr()
    proof.write_text(proof.read_text().replace('"passed":false', '"passed":true'))
    status = main(command)

    assert said.err.startswith("unverified: the proof says that this microscope's answers are not good enough; ")
    assert json.loads(said.out)["result"]["decision"] == "unverified"
    assert status == 1
    assert "is not a proof: Value error, expected the figures that follow" in capsys.readouterr().err


def test_a_proof_needs_its_profile(field: Path, tmp_path: Path, capsys: Captured) -> None:
    assert main(["screen", str(field), "--verification", str(tmp_path / "x")]) == 1
    assert "A proof is of one profile: give --profile with --verification." in capsys.readouterr().err


def test_the_profile_corrects_what_is_judged(field: Path, tmp_path: Path, capsys: Captured) -> None:
    reports = []
    for offset in (0.0, 40.0):
        file = tmp_path / f"{offset}.json"
        file.write_text(MicroscopeProfile(colour=ColourMap(name="mk", offset=(offset, 0.0, 0.0))).to_json())
        main(["screen", str(field), "--profile", str(file), "--format", "jsonl"])
        reports.append(json.loads(capsys.readouterr().out))
    main(["screen", str(field), "--format", "jsonl"])
    uncorrected = json.loads(capsys.readouterr().out)

    assert reports[0]["result"]["probabilities"] == uncorrected["result"]["probabilities"]
    assert reports[1]["evidence"]["out_of_distribution_score"] != uncorrected["evidence"]["out_of_distribution_score"]
