"""Which fields of a slide count, and what is said of the others."""

from datetime import UTC, datetime

from hemascope.domain.report import Report, ReportedMicroscope
from hemascope.slides.fields import SlideField
from tests.support.slide_fields import BENIGN, PRE, PRO, field, of_report, rejected_report, smear_report, state


def test_refused_fields_are_named_with_advice_and_are_no_evidence() -> None:
    statement = state(
        field("good", PRE, 120),
        field("blurred", BENIGN, 500, "poor_quality"),
        field("foreign", BENIGN, 500, "out_of_distribution"),
        field("unsure", (0.3, 0.3, 0.2, 0.2), 500, "indeterminate", likely=("Benign",)),
        of_report(rejected_report("cut off")),
        SlideField("lost", "id of lost", None),
    )

    assert (statement.counted_cells, statement.tier) == (120, "screening")
    assert [entry.name for entry in statement.fields] == ["good"]
    assert [(exclusion.name, exclusion.why, exclusion.advice) for exclusion in statement.excluded] == [
        ("blurred", "poor_quality", "advice on poor_quality"),
        ("cut off", "rejected", "Send the picture again."),
        ("foreign", "out_of_distribution", "advice on out_of_distribution"),
        ("lost", "failed", "The service failed to process this field. Inform your engineer, or send the picture again."),
        ("unsure", "indeterminate", "advice on indeterminate"),
    ]
    assert "Fields counted: 1 of 6. Cells counted: 120." in statement.statement


def test_a_slide_whose_every_field_is_refused_has_no_figures_and_no_answer() -> None:
    statement = state(field("a", PRE, 50, "poor_quality"), SlideField("b", "id of b", None))

    assert (statement.finding, statement.tier, statement.counted_cells) == ("no_answer", "insufficient", 0)
    assert (statement.probabilities, statement.suspicion, statement.agreement) == ({}, None, None)
    assert statement.model is not None


def test_a_slide_of_failures_alone_names_no_model_and_no_case() -> None:
    statement = state(SlideField("a", "id of a", None))

    assert (statement.model, statement.slide, statement.finding) == (None, None, "no_answer")


def test_a_confident_field_without_a_cell_is_no_evidence() -> None:
    statement = state(field("empty", BENIGN, 0))

    assert [(exclusion.name, exclusion.why) for exclusion in statement.excluded] == [("empty", "poor_quality")]
    assert statement.excluded[0].advice == "No stained white cell was counted in this field. Choose a field with white cells."


def test_a_picture_counts_once_however_often_it_comes() -> None:
    statement = state(field("a", PRE, 60), field("b", PRE, 60, object_id="id of a"), field("a", PRE, 60))

    assert statement.counted_cells == 60
    assert [(exclusion.name, exclusion.why) for exclusion in statement.excluded] == [("a", "repeated"), ("b", "repeated")]


def judged_with(report: Report, proof: str | None, minute: int) -> SlideField:
    """The report as its microscope was when the picture was judged: profiled, or verified."""
    state = "verified" if proof else "profiled"
    microscope = ReportedMicroscope.model_validate(
        {"name": "scope 2", "state": state, "profile": "d" * 64, "verification": proof}
    )
    issued = datetime(2026, 3, 1, 9, minute, tzinfo=UTC)
    return of_report(report.model_copy(update={"microscope": microscope, "issued_at": issued}))


def test_of_a_picture_that_was_judged_again_only_the_newest_report_is_listed() -> None:
    before = judged_with(smear_report("a", BENIGN, 60, "unverified"), None, 1)
    after = judged_with(smear_report("a", BENIGN, 60), "e" * 64, 2)

    statement = state(before, after)

    assert (statement.counted_cells, statement.excluded) == (60, ())


def test_the_suspicion_of_an_earlier_judgement_stays_listed() -> None:
    before = judged_with(smear_report("a", PRE, 60), "e" * 64, 1)
    after = judged_with(smear_report("a", BENIGN, 60), "f" * 64, 2)

    statement = state(before, after)

    assert [(excluded.why, excluded.suspicious) for excluded in statement.excluded] == [("repeated", True)]
    assert statement.finding == "doubtful"


def test_of_pictures_of_one_name_the_newest_that_could_be_judged_counts() -> None:
    moment = datetime(2026, 3, 1, 8, 3, tzinfo=UTC)
    again = of_report(rejected_report("a").model_copy(update={"object_id": "newest, cut off", "issued_at": moment}))
    old, new = field("a", BENIGN, 60, object_id="old", minute=1), field("a", BENIGN, 70, object_id="new", minute=2)

    statement = state(old, again, new)

    assert [entry.object_id for entry in statement.fields] == ["new"]
    assert {exclusion.object_id: exclusion.why for exclusion in statement.excluded} == {
        "old": "repeated",
        "newest, cut off": "rejected",
    }


def test_a_suspicion_does_not_vanish_because_its_picture_was_taken_again() -> None:
    statement = state(field("a", PRO, 60, object_id="old", minute=1), field("a", BENIGN, 300, object_id="new", minute=2))

    assert statement.finding == "doubtful"
    assert [(exclusion.object_id, exclusion.suspicious) for exclusion in statement.excluded] == [("old", True)]


def test_the_model_that_judged_most_fields_speaks_and_the_others_fields_are_named() -> None:
    statement = state(field("a", version="1.0.0"), field("b", version="1.0.0"), field("c", PRE, version="1.1.0"))

    assert statement.model is not None
    assert statement.model.version == "1.0.0"
    assert [(exclusion.name, exclusion.why, exclusion.suspicious) for exclusion in statement.excluded] == [
        ("c", "other_model", True)
    ]


def test_of_two_models_that_judged_all_fields_the_newer_speaks_and_each_field_counts_once() -> None:
    both = [field(name, BENIGN, 20, version=version) for name in "ab" for version in ("1.10.0", "1.9.0")]

    statement = state(*both)

    assert statement.model is not None
    assert (statement.model.version, statement.counted_cells, statement.excluded) == ("1.10.0", 40, ())
