"""What every ledger promises to screening and notification service: states, notification status and channels."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from hemascope.domain.ledger import NotificationStatus
from hemascope.domain.report import Decision, State
from tests.support.fakes import START
from tests.support.ledger_rows import (
    KEY,
    LATER,
    MINUTE,
    NEWER_MODEL,
    UNKNOWN,
    AnyLedger,
    failed,
)
from tests.support.rows import row


def test_a_row_is_found_as_it_was_recorded(ledger: AnyLedger) -> None:
    before, given = ledger.find(*KEY), row()

    standing = ledger.finish(given)

    assert before is None
    assert standing is given
    assert ledger.find(*KEY) == row()


def test_what_a_row_copies_from_its_report_comes_back(ledger: AnyLedger) -> None:
    given = row(decision=Decision.CONFIDENT, screening_ms=123.4, colour_score=0.1, feature_score=1e-7)

    ledger.finish(given)

    assert ledger.find(*KEY) == given


@pytest.mark.parametrize("first", [State.REPORTED, State.REJECTED])
@pytest.mark.parametrize("second", State)
def test_reported_and_rejected_are_final(ledger: AnyLedger, first: State, second: State) -> None:
    ledger.finish(row(first))

    standing = ledger.finish(row(second, report_key="reports/other.json"))

    assert standing == row(first)
    assert ledger.find(*KEY) == row(first)


def test_a_second_delivery_changes_nothing_and_returns_what_stands(ledger: AnyLedger) -> None:
    ledger.finish(row())
    ledger.set_notification(*KEY, NotificationStatus.SENT)

    standing = ledger.finish(row(finished_at=LATER))

    assert standing == ledger.find(*KEY) == row(notification=NotificationStatus.SENT)


@pytest.mark.parametrize("state", [State.REPORTED, State.REJECTED])
def test_a_failure_is_replaced_by_another_state(ledger: AnyLedger, state: State) -> None:
    ledger.finish(failed())

    assert ledger.finish(row(state)) == row(state)
    assert ledger.find(*KEY) == row(state)


def test_a_second_failure_leaves_the_first_unchanged(ledger: AnyLedger) -> None:
    ledger.finish(failed())
    ledger.set_notification(*KEY, NotificationStatus.SENT)

    standing = ledger.finish(failed(finished_at=LATER))

    assert standing == failed(notification=NotificationStatus.SENT)


def test_each_model_has_a_row_of_its_own(ledger: AnyLedger) -> None:
    ledger.finish(row())
    ledger.finish(row(State.REJECTED, model=NEWER_MODEL))

    assert ledger.find(*KEY) == row()
    assert ledger.find(row().object_id, NEWER_MODEL) == row(State.REJECTED, model=NEWER_MODEL)


def test_an_object_was_urgent_if_it_is_under_any_model(ledger: AnyLedger) -> None:
    ledger.finish(row(urgent=False))
    before = ledger.was_urgent(row().object_id)

    ledger.finish(row(model=NEWER_MODEL, urgent=True))

    assert (before, ledger.was_urgent(row().object_id), ledger.was_urgent("0f")) == (False, True, False)


def test_a_bounce_stands_also_where_it_overtakes_the_record_of_sending(ledger: AnyLedger) -> None:
    ledger.finish(row())

    statuses = (NotificationStatus.BOUNCED, NotificationStatus.SENT, NotificationStatus.BOUNCED)
    recorded = [ledger.set_notification(*KEY, status) for status in statuses]

    assert recorded == [True, False, False]
    assert ledger.find(*KEY) == row(notification=NotificationStatus.BOUNCED)


def test_a_soft_bounce_stands_until_a_mail_comes_back_for_good(ledger: AnyLedger) -> None:
    ledger.finish(row())

    soft, sent, bounced = NotificationStatus.SOFT_BOUNCED, NotificationStatus.SENT, NotificationStatus.BOUNCED
    recorded = [ledger.set_notification(*KEY, status) for status in (soft, sent, soft, bounced, soft)]

    assert recorded == [True, False, False, True, False]
    assert ledger.find(*KEY) == row(notification=NotificationStatus.BOUNCED)


def test_a_status_of_another_state_is_not_recorded(ledger: AnyLedger) -> None:
    ledger.finish(row())

    recorded = [ledger.set_notification(*KEY, NotificationStatus.SENT, state) for state in (State.FAILED, State.REPORTED)]

    assert recorded == [False, True]
    assert ledger.find(*KEY) == row(notification=NotificationStatus.SENT)


def test_a_channel_is_claimed_by_one_until_the_claim_expires(ledger: AnyLedger) -> None:
    ledger.finish(row())

    moments = (START, START + MINUTE / 2, START + MINUTE, START + MINUTE + timedelta(seconds=1))
    claims = [ledger.claim_channel(*KEY, "clinician-1", now, now + MINUTE) for now in moments]

    assert claims == ["claimed", "held", "held", "claimed"]


def test_a_completed_channel_is_never_claimed_again_and_others_are_free(ledger: AnyLedger) -> None:
    ledger.finish(row())
    ledger.claim_channel(*KEY, "topic", START, START + MINUTE)

    ledger.complete_channel(*KEY, "topic")

    assert ledger.claim_channel(*KEY, "topic", LATER, LATER + MINUTE) == "completed"
    assert ledger.claim_channel(*KEY, "clinician", START, START + MINUTE) == "claimed"


def test_a_channel_may_be_completed_by_another_worker_after_its_claim_expired(ledger: AnyLedger) -> None:
    ledger.finish(row())
    ledger.claim_channel(*KEY, "clinician", START, START + MINUTE)
    ledger.claim_channel(*KEY, "clinician", LATER, LATER + MINUTE)

    ledger.complete_channel(*KEY, "clinician")
    ledger.complete_channel(*KEY, "clinician")

    assert ledger.claim_channel(*KEY, "clinician", LATER, LATER + MINUTE) == "completed"


def test_a_released_channel_can_be_claimed_at_once(ledger: AnyLedger) -> None:
    ledger.finish(row())
    ledger.claim_channel(*KEY, "clinician", START, START + MINUTE)

    ledger.release_channel(*KEY, "clinician")

    assert ledger.claim_channel(*KEY, "clinician", START, START + MINUTE) == "claimed"


def test_a_channel_that_nobody_claimed_is_not_completed(ledger: AnyLedger) -> None:
    ledger.finish(row())

    ledger.complete_channel(*KEY, "topic")

    assert ledger.claim_channel(*KEY, "topic", START, START + MINUTE) == "claimed"


def test_the_channels_of_a_failure_are_free_again_for_the_report_that_replaces_it(ledger: AnyLedger) -> None:
    ledger.finish(failed())
    for channel in ("topic", "clinician"):
        ledger.claim_channel(*KEY, channel, START, START + MINUTE)
    ledger.complete_channel(*KEY, "topic")
    ledger.finish(row())

    ledger.complete_channel(*KEY, "clinician")  # by a worker that still handles the failure

    assert [ledger.claim_channel(*KEY, channel, START, START + MINUTE) for channel in ("topic", "clinician")] == ["claimed"] * 2


def test_a_claimed_channel_does_not_show_in_rows(ledger: AnyLedger) -> None:
    ledger.finish(row())

    ledger.claim_channel(*KEY, "topic", START, START + MINUTE)

    assert ledger.find(*KEY) == row()
    assert ledger.rows_of(row().object_id) == (row(),)


@pytest.mark.parametrize(
    "change",
    [
        lambda ledger: ledger.set_notification(*UNKNOWN, NotificationStatus.SENT),
        lambda ledger: ledger.claim_channel(*UNKNOWN, "topic", START, START + MINUTE),
        lambda ledger: ledger.complete_channel(*UNKNOWN, "topic"),
        lambda ledger: ledger.release_channel(*UNKNOWN, "topic"),
        lambda ledger: ledger.acknowledge(*UNKNOWN, START),
    ],
    ids=["set_notification", "claim_channel", "complete_channel", "release_channel", "acknowledge"],
)
def test_a_row_that_is_gone_stays_gone(ledger: AnyLedger, change: Callable[[AnyLedger], object]) -> None:
    answer = change(ledger)

    assert answer in {None, False, "completed"}
    assert ledger.find(*UNKNOWN) is None
    assert ledger.rows_of(UNKNOWN[0]) == ()
