"""The ledger's adapter beyond its contract: what it stores, and how much it reads at once."""

from typing import Any

import pytest

from hemascope.aws.ledger import DynamoLedger
from hemascope.domain.ledger import NotificationStatus, RowFilter
from hemascope.domain.report import Decision
from hemascope.domain.specimen import ObjectVersion
from tests.support.fakes import LEASE, START
from tests.support.moto_cloud import MotoCloud
from tests.support.rows import row
from tests.support.wired import Wired

KEY = (row().object_id, row().model)


def fill(cloud: MotoCloud, count: int) -> None:
    """Rows of one slide, of which the first alone is urgent."""
    for number in range(count):
        version = ObjectVersion(bucket="uploads", key=f"smears/st-mary/p/c/{number}", version_id="v1")
        cloud.ledger.finish(
            row(object=version, object_id=version.object_id, urgent=number == 0, finished_at=START + number * LEASE)
        )


def test_an_item_holds_the_rows_fields_and_the_marks_of_its_channels(cloud: MotoCloud) -> None:
    cloud.ledger.finish(row(decision=Decision.CONFIDENT, screening_ms=123.4))
    cloud.ledger.claim_channel(*KEY, "topic", START, START + LEASE)
    cloud.ledger.claim_channel(*KEY, "clinician", START, START + LEASE)
    cloud.ledger.complete_channel(*KEY, "clinician")
    cloud.ledger.set_notification(*KEY, NotificationStatus.SENT)

    assert cloud.items() == [
        {
            "object_id": {"S": row().object_id},
            "model": {"S": "all-subtypes/1.0.0"},
            "state": {"S": "reported"},
            "bucket": {"S": "uploads"},
            "key": {"S": "smears/st-mary/p 7/c+1/50% 血液.jpg"},
            "version_id": {"S": "v1"},
            "hospital": {"S": "st-mary"},
            "slide": {"S": "c+1"},
            "urgent": {"BOOL": True},
            "report_key": {"S": "reports/r.json"},
            "finished_at": {"S": "2026-03-01T08:30:00Z"},
            "notification": {"S": "sent"},
            "superseded": {"BOOL": False},
            "verdicts": {"N": "0"},
            "released_verdict_number": {"N": "0"},
            "release": {"S": "preliminary"},
            "decision": {"S": "confident"},
            "screening_ms": {"N": "123.4"},
            "channel_topic": {"S": "0001772353860.000"},
            "channel_clinician": {"S": "completed"},
        }
    ]


def test_a_slide_is_read_to_its_end_where_one_answer_does_not_hold_it(cloud: MotoCloud) -> None:
    fill(cloud, 5)
    query = cloud.dynamodb.query
    cloud.dynamodb.query = lambda **asked: query(**asked | {"Limit": min(asked["Limit"], 2)})  # as if a megabyte held two

    found = cloud.ledger.rows_by_slide("st-mary", "c+1", 100)

    assert sorted(stored.object.key[-1] for stored in found) == ["0", "1", "2", "3", "4"]


def test_a_search_reads_a_limited_number_of_rows_and_then_says_where_to_continue(
    cloud: MotoCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hemascope.aws.ledger.queries.MAXIMUM_READ", 4)
    monkeypatch.setattr("hemascope.aws.ledger.queries._PAGE", 2)
    fill(cloud, 10)

    pages, after = [], None
    while not pages or after:
        page = cloud.ledger.search("st-mary", RowFilter(urgent=True), 50, after)
        pages.append([stored.object.key[-1] for stored in page.rows])
        after = page.next

    assert pages == [[], [], ["0"]]


def test_an_update_whose_answer_was_lost_and_that_is_repeated_is_recorded_once(cloud: MotoCloud) -> None:
    cloud.ledger.finish(row())

    def twice(name: str, call: Any) -> Any:
        if name == "update_item":
            call()  # it was done, the answer was lost, and the client repeats it
        return call()

    ledger = DynamoLedger(Wired(cloud.dynamodb, twice), "ledger")

    # The worker can't know that the claim is its own, so it leaves the channel alone until the claim expires.
    assert ledger.claim_channel(*KEY, "topic", START, START + LEASE) == "held"
    assert ledger.set_notification(*KEY, NotificationStatus.SENT) is True
