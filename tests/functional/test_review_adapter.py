"""The review in the ledger's row, on moto: only as it was read, and nothing else of the row."""

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from hemascope.aws.ledger.reviews import DynamoReviews
from hemascope.domain.errors import TransientError
from hemascope.domain.ledger import LedgerRow, NotificationStatus
from hemascope.domain.report import Release
from tests.support.fakes import START
from tests.support.moto_cloud import MotoCloud
from tests.support.rows import row
from tests.support.wired import Wired

LATER = START + timedelta(hours=1)
COUNTED = {"verdicts": 1}
FINAL = {"verdicts": 1, "released_verdict_number": 1, "release": Release.FINAL, "released_at": LATER}


def reviews(cloud: MotoCloud) -> DynamoReviews:
    return DynamoReviews(cloud.dynamodb, "ledger")


def standing(cloud: MotoCloud) -> LedgerRow | None:
    return cloud.ledger.find(row().object_id, row().model)


def test_a_review_is_recorded_step_by_step(cloud: MotoCloud) -> None:
    cloud.ledger.finish(row())

    steps = [reviews(cloud).set_review(row(), row(**COUNTED)), reviews(cloud).set_review(row(**COUNTED), row(**FINAL))]

    assert steps == [True, True]
    assert standing(cloud) == row(**FINAL)


@pytest.mark.parametrize(
    "read",
    [
        {},
        {"verdicts": 2},
        FINAL,
        {"verdicts": 1, "release": Release.AMENDED, "released_verdict_number": 1, "released_at": START},
    ],
    ids=["before", "ahead", "released", "amended"],
)
def test_a_review_of_a_row_that_has_changed_is_refused(cloud: MotoCloud, read: dict[str, Any]) -> None:
    cloud.ledger.finish(row(**COUNTED))

    assert reviews(cloud).set_review(row(**read), row(**FINAL)) is False
    assert standing(cloud) == row(**COUNTED)


def test_a_row_of_before_there_were_reviews_can_be_reviewed(cloud: MotoCloud) -> None:
    cloud.ledger.finish(row())
    cloud.dynamodb.update_item(
        TableName="ledger",
        Key={"object_id": {"S": row().object_id}, "model": {"S": row().model}},
        UpdateExpression="REMOVE verdicts, released_verdict_number, #release",
        ExpressionAttributeNames={"#release": "release"},
    )

    assert standing(cloud) == row()
    assert reviews(cloud).set_review(row(), row(**COUNTED)) is True
    assert standing(cloud) == row(**COUNTED)


def test_a_notification_that_was_sent_meanwhile_stays_sent(cloud: MotoCloud) -> None:
    cloud.ledger.finish(row())
    cloud.ledger.set_notification(row().object_id, row().model, NotificationStatus.SENT)

    reviews(cloud).set_review(row(), row(**COUNTED))

    assert standing(cloud) == row(**COUNTED, notification=NotificationStatus.SENT)


def test_a_row_that_was_forgotten_does_not_come_back(cloud: MotoCloud) -> None:
    assert reviews(cloud).set_review(row(), row(**COUNTED)) is False
    assert cloud.items() == []


def test_a_ledger_that_does_not_answer_is_transient(cloud: MotoCloud) -> None:
    def silent(name: str, call: Any) -> Any:
        raise ReadTimeoutError(endpoint_url="https://dynamodb.example")

    with pytest.raises(TransientError):
        DynamoReviews(Wired(cloud.dynamodb, silent), "ledger").set_review(row(), row(**COUNTED))
