"""Texts for clinician and patient: what they must say, what they must never say, and another language as one more file."""

import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from hemascope.domain.errors import ArtifactError
from hemascope.domain.report import Decision
from hemascope.domain.slide_texts import SlideTexts
from hemascope.domain.texts import Texts
from hemascope.model.artifact import Artifact, load_artifact
from hemascope.slides.statement import build_slide_report
from tests.support.slide_fields import PRE, URGENT, field
from training.data.dataset import DISEASE
from training.export.texts import write_texts

SPECIALIST = "Consult a specialist in hematology without delay"


@pytest.fixture
def texts(artifact: Artifact) -> Texts:
    """The shipped texts, which are those that an export would write."""
    return artifact.texts


@pytest.mark.parametrize("name", URGENT)
def test_a_subtype_is_a_pattern_that_flow_cytometry_must_confirm(texts: Texts, name: str) -> None:
    said = (texts.recommendation[name], texts.slide.pattern[name])

    for text in said:
        assert re.search(f"an? {name} pattern", text)
        assert "needs flow cytometry to confirm" in text
    assert SPECIALIST in texts.recommendation[name]


def test_whoever_reads_that_leukemia_is_possible_reads_to_consult_a_specialist(texts: Texts) -> None:
    said = [texts.recommendation[name] for name in URGENT]
    said += [texts.slide.recommendation[finding] for finding in ("suspected", "doubtful")]
    said += [texts.recommend(Decision.INDETERMINATE, "Pre-B", likely, URGENT) for likely in (("Benign", "Pre-B"), ("Pro-B",))]

    assert [text for text in said if SPECIALIST not in text] == []


def test_an_unsure_answer_without_a_leukemia_asks_for_another_look(texts: Texts) -> None:
    said = texts.recommend(Decision.INDETERMINATE, "Benign", ("Benign",), URGENT)

    assert said == texts.caution[Decision.INDETERMINATE]


@pytest.mark.parametrize("decision", [Decision.POOR_QUALITY, Decision.OUT_OF_DISTRIBUTION])
def test_a_picture_that_may_not_be_judged_raises_no_alarm_by_its_label(texts: Texts, decision: Decision) -> None:
    assert texts.recommend(decision, "Pro-B", ("Pro-B",), URGENT) == texts.caution[decision]


def test_no_text_calls_a_subtype_a_diagnosis(texts: Texts) -> None:
    for text in strings(texts.model_dump()):
        assert not re.search(r"(is|has|have|suffers? from) (Early )?Pr[eo]-B(?! pattern)", text), text
        assert "diagnosis" not in text.lower() or "not a diagnosis" in text, text


def test_the_patient_reads_no_class_no_figure_and_no_jargon(texts: Texts) -> None:
    messages = [*texts.patient.values(), texts.patient_unclear, texts.patient_rejected, *texts.slide.patient.values()]

    for text in [words for message in messages for words in message.model_dump().values()]:
        assert not re.search(r"Pre-B|Pro-B|Benign|blast|cytometry|hematogone|probab|pattern|\d|%|\$", text), text


def test_the_patient_always_reads_a_next_step_and_is_never_left_alone_with_an_alarm(texts: Texts) -> None:
    alarming = [texts.patient[name] for name in URGENT] + [
        texts.slide.patient[finding] for finding in ("suspected", "doubtful")
    ]

    for message in alarming:
        assert "call your clinic today" in message.next_step
        assert "go to the emergency department" in message.next_step
        assert "not a diagnosis" in message.explanation
    assert all(message.next_step for message in texts.slide.patient.values())


def test_an_export_writes_the_texts_of_the_shipped_artifact(artifact: Artifact, tmp_path: Path) -> None:
    write_texts(tmp_path)

    assert (tmp_path / "texts.en.json").read_bytes() == (artifact.folder / "texts.en.json").read_bytes()


def test_an_export_writes_the_classes_and_codes_of_the_shipped_artifact(artifact: Artifact) -> None:
    assert artifact.manifest.disease == DISEASE


def test_sentences_for_patients_are_short(texts: Texts) -> None:
    messages = [*texts.patient.values(), texts.patient_unclear, texts.patient_rejected, *texts.slide.patient.values()]
    sentences = [part for message in messages for text in strings(message.model_dump()) for part in re.split(r"[.:!?] ", text)]

    assert [sentence for sentence in sentences if len(sentence.split()) > 20] == []


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for part in value.values():
            yield from strings(part)
    elif isinstance(value, str):
        yield value


@pytest.fixture
def german(artifact: Artifact, tmp_path: Path) -> Path:
    """An artifact with a second language: a file, and its digest in the manifest."""
    folder = tmp_path / "1.0.0"
    shutil.copytree(artifact.folder, folder, ignore=shutil.ignore_patterns("weights.*", "figures"))
    words = json.loads(artifact.texts.model_dump_json()) | {"language": "de"}
    words["slide"]["recommendation"]["suspected"] = (
        "Ziehen Sie ohne Verzug eine Fachärztin oder einen Facharzt für Hämatologie hinzu."
    )
    words["slide"]["counts"] = "Felder: $fields von $all, Zellen: $cells."
    write(folder, words)
    return folder


def write(folder: Path, words: dict[str, Any]) -> None:
    (folder / "texts.de.json").write_text(json.dumps(words, ensure_ascii=False), encoding="utf-8")
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["texts.de.json"] = hashlib.sha256((folder / "texts.de.json").read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))


def change(folder: Path, **changed: Any) -> None:
    write(folder, json.loads((folder / "texts.de.json").read_text(encoding="utf-8")) | changed)


def test_another_language_is_a_file_in_the_artifact(german: Path) -> None:
    words = load_artifact(german, "de").texts

    statement = build_slide_report([field("a", PRE, 120)], URGENT, words.slide)

    assert statement.recommendation == "Ziehen Sie ohne Verzug eine Fachärztin oder einen Facharzt für Hämatologie hinzu."
    assert "Felder: 1 von 1, Zellen: 120." in statement.statement
    assert load_artifact(german).texts.language == "en"


def test_a_language_that_is_not_there_is_refused_and_not_replaced(german: Path) -> None:
    with pytest.raises(
        ArtifactError, match=r"expected texts\.fr\.json in the artifact, received texts\.de\.json, texts\.en\.json"
    ):
        load_artifact(german, "fr")


def test_a_language_that_the_manifest_does_not_vouch_for_is_refused(german: Path) -> None:
    shutil.copy(german / "texts.de.json", german / "texts.fr.json")

    with pytest.raises(ArtifactError, match=r"expected texts\.fr\.json in the artifact"):
        load_artifact(german, "fr")


def test_a_file_in_another_language_than_its_name_says_is_refused(german: Path) -> None:
    change(german, language="fr")

    with pytest.raises(ArtifactError, match="expected texts in the language de, received fr"):
        load_artifact(german, "de")


@pytest.mark.parametrize("part", ["slide", "caution_urgent"])
def test_another_language_never_falls_back_to_english(german: Path, part: str) -> None:
    words = json.loads((german / "texts.de.json").read_text(encoding="utf-8"))
    write(german, {name: text for name, text in words.items() if name != part})

    with pytest.raises(ArtifactError, match=rf"(?s)expected texts\.de\.json with all texts.*{part}"):
        load_artifact(german, "de")


@pytest.mark.parametrize(
    ("part", "key"),
    [("finding", "doubtful"), ("tier", "screening"), ("recommendation", "no_answer"), ("patient", "suspected")],
)
def test_texts_about_slides_that_lack_one_are_refused(german: Path, part: str, key: str) -> None:
    slide = json.loads((german / "texts.de.json").read_text(encoding="utf-8"))["slide"]
    del slide[part][key]
    change(german, slide=slide)

    with pytest.raises(ArtifactError, match=key):
        load_artifact(german, "de")


def test_texts_about_slides_that_lack_a_class_are_refused(german: Path) -> None:
    slide = json.loads((german / "texts.de.json").read_text(encoding="utf-8"))["slide"]
    del slide["pattern"]["Pro-B"]
    change(german, slide=slide)

    with pytest.raises(ArtifactError, match=r"expected a slide pattern for each of .*; wrong: Pro-B"):
        load_artifact(german, "de")


@pytest.mark.parametrize("template", ["$patient", "${cells", "100 $", "$cells.size $secret"])
def test_a_template_may_hold_counts_and_nothing_else(texts: Texts, template: str) -> None:
    with pytest.raises(ValidationError, match="expected a template with none but"):
        SlideTexts.model_validate(texts.slide.model_dump(mode="json") | {"counts": template})
