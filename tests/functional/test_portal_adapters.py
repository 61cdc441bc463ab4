"""The portal's queries against moto, and its links as they are signed."""

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from moto import mock_aws

from hemascope.aws.client import client
from hemascope.aws.ledger.reader import DynamoReader
from hemascope.aws.ledger.search import DynamoSearch
from hemascope.aws.ledger.writer import DynamoLedger
from hemascope.aws.s3 import S3Links
from hemascope.domain.ledger import LedgerRow, RowFilter
from hemascope.domain.report import Decision, State
from hemascope.domain.specimen import ObjectVersion, Patient
from hemascope_cli.operations.ledger_table import Found, LedgerTable
from tests.support.fakes import START
from tests.support.rows import row

MOMENT = timedelta(microseconds=1)


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        yield


@pytest.fixture
def dynamodb() -> Any:
    dynamodb = client("dynamodb")
    kinds = ("HASH", "RANGE")

    def keys(*names: str) -> list[dict[str, str]]:
        return [{"AttributeName": name, "KeyType": kind} for name, kind in zip(names, kinds, strict=True)]

    dynamodb.create_table(
        TableName="ledger",
        KeySchema=keys("object_id", "model"),
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"}
            for name in ("object_id", "model", "hospital", "finished_at", "slide", "patient")
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-hospital",
                "KeySchema": keys("hospital", "finished_at"),
                "Projection": {"ProjectionType": "ALL"},
            },
            {
                "IndexName": "by-patient",
                "KeySchema": keys("patient", "finished_at"),
                "Projection": {"ProjectionType": "ALL"},
            },
            {"IndexName": "by-slide", "KeySchema": keys("slide", "hospital"), "Projection": {"ProjectionType": "ALL"}},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    return dynamodb


def fill(dynamodb: Any, count: int, hospital: str = "st-mary") -> None:
    ledger = DynamoLedger(dynamodb, "ledger")
    for number in range(count):
        version = ObjectVersion(bucket="uploads", key=f"smears/{hospital}/p/c/{number}", version_id="v1")
        moment = START + (number + 1) * MOMENT
        ledger.finish(row(object=version, object_id=version.object_id, hospital=hospital, finished_at=moment))


def test_all_rows_of_an_object_are_found_whatever_the_model(dynamodb: Any) -> None:
    ledger = DynamoLedger(dynamodb, "ledger")
    old, new = row(model="all-subtypes/0.9.0"), row()
    for one in (old, new):
        ledger.finish(one)
    fill(dynamodb, 2)

    assert DynamoReader(dynamodb, "ledger").rows_of(new.object_id) == (old, new)


def test_an_unknown_id_has_no_rows(dynamodb: Any) -> None:
    assert DynamoReader(dynamodb, "ledger").rows_of("0" * 32) == ()


def test_nothing_is_shown_of_what_is_to_be_forgotten(dynamodb: Any) -> None:
    DynamoLedger(dynamodb, "ledger").finish(row())

    LedgerTable(dynamodb, "ledger").write_tombstone(row().object_id, Patient(hospital="st-mary", patient="p 7"), Found(), START)

    assert DynamoReader(dynamodb, "ledger").rows_of(row().object_id) == ()


def test_a_channel_that_was_begun_disturbs_no_reader(dynamodb: Any) -> None:
    DynamoLedger(dynamodb, "ledger").finish(row())
    DynamoLedger(dynamodb, "ledger").claim_channel(row().object_id, row().model, "topic", START, START + timedelta(seconds=20))

    assert DynamoReader(dynamodb, "ledger").rows_of(row().object_id) == (row(),)


def test_a_hospitals_rows_come_newest_first_page_by_page_each_once(dynamodb: Any) -> None:
    fill(dynamodb, 5)
    fill(dynamodb, 3, "st-joseph")
    reader = DynamoReader(dynamodb, "ledger")

    first = reader.rows_by_hospital("st-mary", 2)
    second = reader.rows_by_hospital("st-mary", 2, first.next)
    third = reader.rows_by_hospital("st-mary", 2, second.next)

    keys = [[one.object.key.rsplit("/", 1)[1] for one in page.rows] for page in (first, second, third)]
    assert keys == [["4", "3"], ["2", "1"], ["0"]]
    assert third.next is None


def test_a_slides_rows_are_its_hospitals_own_of_every_patient(dynamodb: Any) -> None:
    ledger = DynamoLedger(dynamodb, "ledger")
    mine = [place("st-mary", "p-1", "c+1"), place("st-mary", "p-2", "c+1")]
    for one in (*mine, place("st-joseph", "p-1", "c+1"), place("st-mary", "p-1", "c 1")):
        ledger.finish(one)

    found = DynamoReader(dynamodb, "ledger").rows_by_slide("st-mary", "c+1", 10)

    assert sorted(found, key=lambda one: one.object.key) == mine


@pytest.mark.parametrize(("limit", "count"), [(1, 1), (4, 4), (5, 5), (9, 5)])
def test_a_slides_rows_are_as_many_as_asked_for_at_most(dynamodb: Any, limit: int, count: int) -> None:
    for number in range(5):
        DynamoLedger(dynamodb, "ledger").finish(place("st-mary", "p-1", "c-1", f"{number}.jpg"))

    assert len(DynamoReader(dynamodb, "ledger").rows_by_slide("st-mary", "c-1", limit)) == count


def test_a_slide_is_read_to_its_end_where_one_answer_does_not_hold_it(dynamodb: Any) -> None:
    rows = [place("st-mary", "p-1", "c-1", f"{number}.jpg") for number in range(5)]
    for one in rows:
        DynamoLedger(dynamodb, "ledger").finish(one)
    query = dynamodb.query
    dynamodb.query = lambda **asked: query(**asked | {"Limit": min(asked["Limit"], 2)})  # as if a megabyte held two

    found = DynamoReader(dynamodb, "ledger").rows_by_slide("st-mary", "c-1", 100)

    assert sorted(one.object.key for one in found) == [one.object.key for one in rows]


def place(hospital: str, patient: str, slide: str, field: str = "f.jpg", **changed: Any) -> LedgerRow:
    version = ObjectVersion(bucket="uploads", key=f"smears/{hospital}/{patient}/{slide}/{field}", version_id="v1")
    whose = Patient(hospital=hospital, patient=patient).digest
    return row(object=version, object_id=version.object_id, hospital=hospital, slide=slide, patient=whose, **changed)


def test_a_patients_rows_are_their_own_newest_first_and_no_tombstone(dynamodb: Any) -> None:
    ledger, patient = DynamoLedger(dynamodb, "ledger"), Patient(hospital="st-mary", patient="p-1")
    mine = [place("st-mary", "p-1", f"c-{number}", finished_at=START + number * MOMENT) for number in (1, 3, 2)]
    for one in (*mine, place("st-joseph", "p-1", "c-1"), place("st-mary", "p-11", "c-1")):
        ledger.finish(one)
    LedgerTable(dynamodb, "ledger").write_tombstone("0f" * 16, patient, Found(), START)

    found = DynamoReader(dynamodb, "ledger").rows_by_patient(patient, 2)

    assert found == (mine[1], mine[2])


def test_a_position_of_another_hospital_leads_to_none_of_its_rows(dynamodb: Any) -> None:
    fill(dynamodb, 3)
    fill(dynamodb, 3, "st-joseph")
    reader = DynamoReader(dynamodb, "ledger")
    theirs = reader.rows_by_hospital("st-joseph", 1).next

    page = reader.rows_by_hospital("st-mary", 10, theirs)

    assert {one.hospital for one in page.rows} <= {"st-mary"}


@pytest.mark.parametrize("region", ["eu-central-1", "us-east-1"])
def test_a_link_names_the_regions_own_host_and_is_signed_as_kms_wants_it(region: str) -> None:
    links = S3Links(client("s3", region=region), "uploads", "reports", 300)

    link = urlsplit(links.link("reports/0f/all-subtypes/1.0.0/overlay.png"))

    assert (link.scheme, link.netloc) == ("https", f"reports.s3.{region}.amazonaws.com")
    assert link.path == "/reports/0f/all-subtypes/1.0.0/overlay.png"
    assert parse_qs(link.query)["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert parse_qs(link.query)["X-Amz-Expires"] == ["300"]


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:4566", "http://localhost:4566"])
def test_a_link_to_a_cloud_of_ones_own_names_its_endpoint(endpoint: str) -> None:
    links = S3Links(client("s3", endpoint, "us-east-1"), "uploads", "reports", 300)

    assert links.link("reports/0f/overlay.png").startswith(f"{endpoint}/reports/reports/0f/overlay.png?")
    assert links.upload_form("smears/h/p/c/f", 10).url == f"{endpoint}/uploads"


def test_a_form_allows_one_key_and_sizes_up_to_the_limit() -> None:
    links = S3Links(client("s3", region="eu-central-1"), "uploads", "reports", 300)

    form = links.upload_form("smears/st-mary/p 7/c+1/50% 血液.jpg", 33_554_432)

    policy = json.loads(base64.b64decode(form.fields["policy"]))
    assert form.url == "https://uploads.s3.eu-central-1.amazonaws.com/"
    assert ["content-length-range", 1, 33_554_432] in policy["conditions"]
    assert {"key": "smears/st-mary/p 7/c+1/50% 血液.jpg"} in policy["conditions"]
    assert {"bucket": "uploads"} in policy["conditions"]
    assert not [condition for condition in policy["conditions"] if "starts-with" in condition]


def test_a_link_to_store_is_signed_with_size_checksum_and_condition() -> None:
    links = S3Links(client("s3", region="eu-central-1"), "uploads", "reports", 300)

    put = links.upload_put("smears/st-mary/p 7/c+1/50%.jpg", "00" * 32, 5)

    query = parse_qs(urlsplit(put.url).query)
    assert urlsplit(put.url).path == "/smears/st-mary/p%207/c%2B1/50%25.jpg"
    assert query["X-Amz-SignedHeaders"] == ["content-length;host;if-none-match;x-amz-checksum-sha256"]
    assert query["X-Amz-Expires"] == ["300"]
    assert put.headers == {"content-length": "5", "x-amz-checksum-sha256": "A" * 43 + "=", "if-none-match": "*"}


def worked(dynamodb: Any, number: int, **changed: Any) -> None:
    """The row of the given place in time; plain as most are, but for what is changed."""
    version = ObjectVersion(bucket="uploads", key=f"smears/st-mary/p/c/{number}", version_id="v1")
    plain = {"object": version, "object_id": version.object_id, "finished_at": START + (number + 1) * MOMENT, "urgent": False}
    DynamoLedger(dynamodb, "ledger").finish(row(**(plain | {"decision": Decision.CONFIDENT} | changed)))


def searched(dynamodb: Any, wanted: RowFilter, limit: int = 50) -> list[list[str]]:
    """Names of the files that a search finds, page by page."""
    pages, after = [], None
    while True:
        page = DynamoSearch(dynamodb, "ledger").search("st-mary", wanted, limit, after)
        pages.append([one.object.key.rsplit("/", 1)[1] for one in page.rows])
        if page.next is None:
            return pages
        after = page.next


@pytest.fixture
def worked_on(dynamodb: Any) -> Any:
    worked(dynamodb, 1)
    worked(dynamodb, 2, urgent=True)
    worked(dynamodb, 3, urgent=True, acknowledged_at=START)
    worked(dynamodb, 4, state=State.REJECTED, decision=None)
    worked(dynamodb, 5, decision=Decision.INDETERMINATE, urgent=True)
    worked(dynamodb, 6, decision=None)
    fill(dynamodb, 2, "st-joseph")
    return dynamodb


@pytest.mark.parametrize(
    ("wanted", "files"),
    [
        (RowFilter(), ["6", "5", "4", "3", "2", "1"]),
        (RowFilter(state=State.REJECTED), ["4"]),
        (RowFilter(decision=Decision.CONFIDENT), ["3", "2", "1"]),
        (RowFilter(urgent=True), ["5", "2"]),
        (RowFilter(state=State.REPORTED, decision=Decision.CONFIDENT, urgent=True), ["2"]),
        (RowFilter(state=State.FAILED), []),
    ],
)
def test_a_search_finds_what_is_asked_for_and_nothing_of_another_hospital(
    worked_on: Any, wanted: RowFilter, files: list[str]
) -> None:
    assert searched(worked_on, wanted) == [files]


@pytest.mark.parametrize("wanted", [RowFilter(), RowFilter(decision=Decision.CONFIDENT)])
def test_pages_of_a_search_hold_every_row_once(dynamodb: Any, wanted: RowFilter) -> None:
    for number in range(7):
        worked(dynamodb, number)

    pages = searched(dynamodb, wanted, limit=3)

    assert [one for page in pages for one in page] == ["6", "5", "4", "3", "2", "1", "0"]
    assert max(len(page) for page in pages) == 3


def test_a_search_reads_so_many_rows_and_then_says_where_to_go_on(dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hemascope.aws.ledger.search.READ", 4)
    monkeypatch.setattr("hemascope.aws.ledger.search._AT_ONCE", 2)
    worked(dynamodb, 0, urgent=True)
    for number in range(1, 10):
        worked(dynamodb, number)

    assert searched(dynamodb, RowFilter(urgent=True)) == [[], [], ["0"]]


def test_what_a_row_says_of_its_report_comes_back_from_the_ledger(dynamodb: Any) -> None:
    said = row(decision=Decision.CONFIDENT, screening_ms=123.4, colour_score=0.25, feature_score=0.75)
    DynamoLedger(dynamodb, "ledger").finish(said)

    assert DynamoReader(dynamodb, "ledger").rows_of(said.object_id) == (said,)
