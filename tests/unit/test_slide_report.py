"""What all fields of a slide say together: literal examples."""

import itertools
import json
from typing import Any

import pytest
from pydantic import ValidationError

from hemascope.domain.errors import HemascopeError
from hemascope.domain.slide import SlideReport
from hemascope.slides.fields import SlideField
from hemascope.slides.statement import build_slide_report, summarize_slide
from tests.support.slide_fields import BENIGN, EARLY, PRE, PRO, TEXTS, URGENT, field, state


def test_probabilities_are_pooled_by_cells() -> None:
    statement = state(field("a", PRE, 30), field("b", BENIGN, 10))

    # (30 x 0.94 + 10 x 0.02) / 40, (30 x 0.02 + 10 x 0.94) / 40, and 0.02 of the others
    assert statement.probabilities == pytest.approx({"Benign": 0.25, "Early Pre-B": 0.02, "Pre-B": 0.71, "Pro-B": 0.02})
    assert statement.suspicion == pytest.approx(0.75)
    assert statement.counted_cells == 40
    assert {entry.name: entry.weight for entry in statement.fields} == {"a": 0.75, "b": 0.25}


@pytest.mark.parametrize(
    ("cells", "tier", "finding", "pattern"),
    [
        (99, "insufficient", "suspected", None),
        (100, "screening", "suspected", None),
        (199, "screening", "suspected", None),
        (200, "pattern", "suspected", "Pre-B"),
    ],
)
def test_a_leukemia_is_said_at_any_count_and_its_pattern_from_200_cells_on(
    cells: int, tier: str, finding: str, pattern: str | None
) -> None:
    statement = state(field("a", PRE, cells - 50), field("b", PRE, 50))

    assert (statement.tier, statement.finding, statement.pattern) == (tier, finding, pattern)


@pytest.mark.parametrize(
    ("cells", "finding", "pattern"),
    [(99, "no_answer", None), (100, "not_suspected", None), (199, "not_suspected", None), (200, "not_suspected", "Benign")],
)
def test_the_absence_of_leukemia_is_said_from_100_cells_on(cells: int, finding: str, pattern: str | None) -> None:
    statement = state(field("a", BENIGN, cells))

    assert (statement.finding, statement.pattern) == (finding, pattern)


def test_a_slide_of_one_pattern_in_words() -> None:
    statement = state(field("a", PRE, 150), field("b", PRE, 60), field("c", EARLY, 30))

    assert statement.statement == (
        "Leukemia is suspected: blasts were found in the counted fields of this slide. The blasts have a Pre-B pattern (88 % "
        "of the counted cells lie in fields that agree), which needs flow cytometry to confirm. Fields counted: 3 of 3. Cells "
        "counted: 240. From 200 cells a pattern can be stated."
    )
    assert statement.recommendation == (
        "Consult a specialist in hematology without delay. The finding needs flow cytometry to confirm."
    )
    assert statement.agreement == 0.875
    assert statement.disclaimer == "decision support, not a diagnosis"


def test_a_slide_whose_fields_differ_about_the_pattern_names_none() -> None:
    statement = state(field("a", PRE, 140), field("b", EARLY, 60))

    assert (statement.finding, statement.pattern, statement.agreement) == ("suspected", None, 0.7)
    assert "The fields disagree about the pattern of the blasts (70 % of the counted cells" in statement.statement


def test_three_quarters_of_the_cells_are_agreement_enough() -> None:
    assert state(field("a", PRO, 150), field("b", EARLY, 50)).pattern == "Pro-B"


def test_a_slide_with_too_few_cells_in_words() -> None:
    statement = state(field("a", BENIGN, 40))

    assert statement.statement == (
        "No result can be stated for this slide yet. Fields counted: 1 of 1. Cells counted: 40. Fewer than 100 cells are not "
        "enough for a result on the slide."
    )
    assert statement.recommendation.startswith("Photograph further fields with stained white cells until at least 100 cells")


def test_a_benign_slide_in_words() -> None:
    statement = state(field("a", BENIGN, 240))

    assert statement.statement == (
        "No sign of acute lymphoblastic leukemia was found in the counted fields of this slide. The stained cells resemble "
        "benign hematogones. Fields counted: 1 of 1. Cells counted: 240. From 200 cells a pattern can be stated."
    )
    assert "does not exclude leukemia" in statement.recommendation


def test_one_suspicious_field_of_ten_keeps_the_slide_from_being_called_harmless() -> None:
    statement = state(*(field(f"b{number}", BENIGN, 30) for number in range(9)), field("x", PRO, 4))

    assert (statement.finding, statement.pattern) == ("doubtful", None)
    assert statement.fields[0].name == "x"
    assert statement.recommendation.startswith("Consult a specialist in hematology without delay")


@pytest.mark.parametrize("likely", [("Benign", "Pre-B"), ("Early Pre-B", "Pre-B")])
def test_an_unsure_field_in_which_leukemia_is_possible_does_too(likely: tuple[str, ...]) -> None:
    unsure = field("x", (0.48, 0.02, 0.48, 0.02), 30, "indeterminate", likely=likely)

    statement = state(field("a", BENIGN, 300), unsure)

    assert statement.finding == "doubtful"
    assert [(exclusion.name, exclusion.suspicious) for exclusion in statement.excluded] == [("x", True)]


@pytest.mark.parametrize("decision", ["poor_quality", "out_of_distribution", "unverified"])
def test_the_label_of_a_picture_that_may_not_be_judged_raises_no_suspicion(decision: str) -> None:
    statement = state(field("a", BENIGN, 300), field("x", PRO, 30, decision))

    assert statement.finding == "not_suspected"
    assert [(exclusion.name, exclusion.why, exclusion.suspicious) for exclusion in statement.excluded] == [
        ("x", decision, False)
    ]


def test_the_most_suspicious_fields_come_first() -> None:
    statement = state(
        field("harmless", BENIGN, 20),
        field("sure", (0.01, 0.01, 0.97, 0.01), 5),
        field("likely", PRE, 20),
        field("likely and richer", EARLY, 25),
    )

    assert [entry.name for entry in statement.fields] == ["sure", "likely and richer", "likely", "harmless"]
    assert [item.suspicion for item in statement.fields] == pytest.approx([0.99, 0.98, 0.98, 0.06])


def test_the_order_of_the_fields_changes_nothing() -> None:
    fields = [
        field("a", (0.1, 0.2, 0.3, 0.4), 13),
        field("b", BENIGN, 7),
        field("b", PRE, 9, object_id="twin"),
        field("c", EARLY, 11, version="2.0.0"),
        SlideField("d", "id of d", None),
    ]

    assert len({state(*order).to_json() for order in itertools.permutations(fields)}) == 1


@pytest.mark.parametrize("other", [{"slide": "c-2"}, {"patient": "p-8"}])
def test_fields_of_two_cases_are_never_pooled(other: dict[str, Any]) -> None:
    with pytest.raises(HemascopeError, match="expected fields of one slide, received fields of 2"):
        state(field("a"), field("b", **other))


def test_a_case_without_fields_is_an_error() -> None:
    with pytest.raises(HemascopeError, match="expected at least one field"):
        state()


def test_classes_that_are_unknown_are_an_error_and_never_harmless() -> None:
    with pytest.raises(HemascopeError, match="wrong: Mature B"):
        build_slide_report([field("a")], ("Mature B",), TEXTS.slide)
    wordless = TEXTS.slide.model_copy(update={"pattern": {"Benign": "Benign."}})
    with pytest.raises(HemascopeError, match="wrong: Early Pre-B, Pre-B, Pro-B"):
        build_slide_report([field("a")], URGENT, wordless)


@pytest.mark.parametrize(
    ("fields", "headline"),
    [
        ([field("a", PRE, 20)], "Your doctor wants to take a closer look at your blood sample."),
        ([field("a", BENIGN, 300), field("b", PRE, 2)], "Your doctor wants to take a closer look at your blood sample."),
        ([field("a", BENIGN, 300)], "Nothing that looks like leukemia was found in the pictures of your sample."),
        ([field("a", BENIGN, 20)], "The pictures of your sample did not give a clear answer yet."),
    ],
)
def test_the_patient_reads_plain_words_and_no_internals(fields: list[SlideField], headline: str) -> None:
    summary = summarize_slide(state(*fields), TEXTS.slide)

    text = summary.model_dump_json(by_alias=True)
    assert summary.headline == headline
    assert set(json.loads(text)) == {"schema", "slide", "release", "headline", "explanation", "next_step", "disclaimer"}
    assert not [word for word in ("Pre-B", "Pro-B", "Benign", "%", "probab", "pattern", "$") if word in text]


def test_a_statement_survives_its_own_json_and_is_one_line() -> None:
    statement = state(field("a", PRE, 120), field("b", BENIGN, 9, "poor_quality"))

    text = statement.to_json()
    assert SlideReport.model_validate_json(text) == statement
    assert "\n" not in text
    assert json.loads(text)["schema"] == "hemascope.slide-report/1"
    assert json.loads(text)["slide"] == {"hospital": "st-mary", "patient": "p-7", "slide": "c-1"}


@pytest.mark.parametrize(
    "changed",
    [
        {"tier": "pattern"},
        {"counted_cells": 121},
        {"pattern": "Pre-B"},
        {"suspicion": None},
        {"probabilities": {}},
        {"finding": "certain"},
        {"disclaimer": "a diagnosis"},
        {"surprise": 1},
    ],
)
def test_a_statement_that_contradicts_itself_is_refused(changed: dict[str, Any]) -> None:
    whole = state(field("a", PRE, 120)).model_dump(mode="json", by_alias=True)

    with pytest.raises(ValidationError):
        SlideReport.model_validate(whole | changed)
