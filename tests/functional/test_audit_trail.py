"""The audit trail on moto, and the command that verifies it."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from hemascope.aws.audit_table import DynamoAudit
from hemascope.domain.audit import FIRST, AuditAction
from hemascope.domain.audit_chain import verify_chain
from hemascope.domain.errors import TransientError
from hemascope_cli.main import main
from tests.support.fakes import START
from tests.support.moto_cloud import MotoCloud
from tests.support.wired import Wired

SMEAR = "0f" * 16
Captured = pytest.CaptureFixture[str]


def fill(cloud: MotoCloud, count: int, hospital: str = "st-mary") -> None:
    for number in range(count):
        cloud.audit.append(hospital, "8f0c", AuditAction.VIEWED, SMEAR, START + timedelta(seconds=number))


def verify(cloud: MotoCloud, *words: str) -> int:
    return main(["audit", "verify", *cloud.names("audit"), *words])


def key(number: int) -> dict[str, Any]:
    return {"hospital": {"S": "st-mary"}, "number": {"N": str(number)}}


def test_entries_are_numbered_bound_to_the_one_before_and_kept_by_hospital(cloud: MotoCloud) -> None:
    first = cloud.audit.append("st-mary", "8f0c", AuditAction.VIEWED, SMEAR, START)
    other = cloud.audit.append("st-joseph", "9a1b", AuditAction.USERS, None, START)
    second = cloud.audit.append("st-mary", "9a1b", AuditAction.RELEASED, SMEAR, START + timedelta(microseconds=1))

    assert [(entry.number, entry.previous) for entry in (first, second, other)] == [(1, FIRST), (2, first.digest), (1, FIRST)]
    assert cloud.audit.entries("st-mary", 0, 10) == (first, second)
    assert cloud.audit.entries("st-joseph", 0, 10) == (other,)


def test_entries_come_in_their_order_page_by_page(cloud: MotoCloud) -> None:
    fill(cloud, 12)

    pages = [cloud.audit.entries("st-mary", after, 5) for after in (0, 5, 10, 12)]

    assert [[entry.number for entry in page] for page in pages] == [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10], [11, 12], []]


def test_of_many_writers_at_once_each_has_its_entry_and_the_chain_is_whole(cloud: MotoCloud) -> None:
    def write(who: str) -> None:
        trail = DynamoAudit(cloud.dynamodb, "audit", pause=lambda seconds: None)
        for _ in range(5):
            trail.append("st-mary", who, AuditAction.VIEWED, SMEAR, START)

    writers = [threading.Thread(target=write, args=(f"writer-{number}",)) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    found = list(cloud.audit.trail("st-mary"))
    assert verify_chain(found).broken is None
    assert [stored.entry.number for stored in found] == list(range(1, 21))
    assert sorted(stored.entry.who for stored in found) == sorted(f"writer-{number}" for number in range(4) for _ in range(5))


def test_a_remembered_head_that_others_have_passed_is_looked_for_again(cloud: MotoCloud) -> None:
    mine, theirs = (DynamoAudit(cloud.dynamodb, "audit", pause=lambda seconds: None) for _ in range(2))

    for number, trail in enumerate((mine, theirs, mine, theirs)):
        trail.append("st-mary", "8f0c", AuditAction.VIEWED, None, START + timedelta(seconds=number))

    assert verify_chain(cloud.audit.trail("st-mary")).broken is None
    assert len(cloud.audit.entries("st-mary", 0, 10)) == 4


def test_an_entry_whose_answer_got_lost_is_not_put_twice(cloud: MotoCloud) -> None:
    def put_and_repeat(name: str, call: Any) -> Any:
        if name == "put_item":
            call()  # it arrived, the answer did not, and the client repeats it
        return call()

    trail = DynamoAudit(Wired(cloud.dynamodb, put_and_repeat), "audit", pause=lambda seconds: None)
    entry = trail.append("st-mary", "8f0c", AuditAction.VIEWED, SMEAR, START)

    assert cloud.audit.entries("st-mary", 0, 10) == (entry,)


def test_who_is_always_too_late_gives_up(cloud: MotoCloud) -> None:
    pauses: list[float] = []

    def others_are_faster(name: str, call: Any) -> Any:
        if name == "put_item":
            cloud.audit.append("st-mary", "faster", AuditAction.VIEWED, SMEAR, START)
        return call()

    trail = DynamoAudit(Wired(cloud.dynamodb, others_are_faster), "audit", pause=pauses.append)

    with pytest.raises(TransientError, match="others were faster 12 times"):
        trail.append("st-mary", "8f0c", AuditAction.VIEWED, SMEAR, START)
    assert len(pauses) == 11  # none after the last attempt
    assert max(pauses) <= 0.4


def test_a_table_that_does_not_answer_is_transient(cloud: MotoCloud) -> None:
    def silent(name: str, call: Any) -> Any:
        raise ReadTimeoutError(endpoint_url="https://dynamodb.example")

    trail = DynamoAudit(Wired(cloud.dynamodb, silent), "audit")

    with pytest.raises(TransientError):
        trail.append("st-mary", "8f0c", AuditAction.VIEWED, SMEAR, START)
    with pytest.raises(TransientError):
        trail.entries("st-mary", 0, 10)


def test_an_item_holds_ids_and_digests_and_nothing_else(cloud: MotoCloud) -> None:
    entry = cloud.audit.append("st-mary", "8f0c", AuditAction.RELEASED, SMEAR, START)

    (item,) = cloud.dynamodb.scan(TableName="audit")["Items"]

    assert item == {
        "hospital": {"S": "st-mary"},
        "number": {"N": "1"},
        "at": {"S": "2026-03-01T08:30:00Z"},
        "who": {"S": "8f0c"},
        "action": {"S": "released"},
        "object_id": {"S": SMEAR},
        "previous": {"S": 64 * "0"},
        "digest": {"S": entry.digest},
    }


def test_the_command_prints_every_hospitals_head_to_be_kept_elsewhere(cloud: MotoCloud, capsys: Captured) -> None:
    fill(cloud, 3)
    fill(cloud, 2, "st-joseph")
    heads = [cloud.audit.entries(name, 0, 10)[-1] for name in ("st-joseph", "st-mary")]

    assert verify(cloud) == 0

    assert capsys.readouterr().out == (
        f"st-joseph  intact, head 2:{heads[0].digest}\nst-mary  intact, head 3:{heads[1].digest}\n"
    )


def test_the_command_says_where_a_trail_breaks_and_fails(cloud: MotoCloud, capsys: Captured) -> None:
    fill(cloud, 9)
    cloud.dynamodb.update_item(
        TableName="audit", Key=key(5), UpdateExpression="SET who = :w", ExpressionAttributeValues={":w": {"S": "9a1b"}}
    )

    assert verify(cloud, "--hospital", "st-mary") == 1
    assert capsys.readouterr().out == "st-mary  BROKEN at entry 5: this entry or the one before it was changed\n"

    cloud.dynamodb.delete_item(TableName="audit", Key=key(4))
    assert verify(cloud) == 1
    assert capsys.readouterr().out == "st-mary  BROKEN at entry 4: it is missing\n"


def test_the_command_finds_entries_that_changed_places(cloud: MotoCloud, capsys: Captured) -> None:
    fill(cloud, 6)
    four, five = (cloud.dynamodb.get_item(TableName="audit", Key=key(number))["Item"] for number in (4, 5))
    for item, number in ((four, "5"), (five, "4")):
        cloud.dynamodb.put_item(TableName="audit", Item=item | {"number": {"N": number}})

    assert verify(cloud) == 1
    assert capsys.readouterr().out == "st-mary  BROKEN at entry 4: it was moved from another place\n"


def test_an_end_that_was_cut_off_shows_to_who_kept_the_head(cloud: MotoCloud, capsys: Captured) -> None:
    fill(cloud, 6)
    head = cloud.audit.entries("st-mary", 5, 1)[0]
    cloud.dynamodb.delete_item(TableName="audit", Key=key(6))

    assert verify(cloud, "--hospital", "st-mary") == 0
    assert verify(cloud, "--hospital", "st-mary", "--head", f"6:{head.digest}") == 1

    assert (
        capsys.readouterr().out.splitlines()[1]
        == "st-mary  BROKEN at entry 6: this entry and any after it are missing from the end"
    )


def test_without_entries_there_is_nothing_to_break(cloud: MotoCloud, capsys: Captured) -> None:
    assert verify(cloud) == 0
    assert capsys.readouterr().out == "there is no entry yet\n"


@pytest.mark.parametrize(
    "words",
    [("--head", "6:0f"), ("--hospital", "st-mary", "--head", "six"), ("--head", f"6:{64 * '0'}")],
    ids=["no digest", "no head", "no hospital"],
)
def test_a_head_that_is_none_is_refused(words: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["audit", "verify", "--audit", "audit", *words])

    assert refused.value.code == 2


def test_a_table_that_is_not_there_is_one_line(cloud: MotoCloud, capsys: Captured) -> None:
    assert main(["audit", "verify", "--audit", "elsewhere"]) == 1
    assert capsys.readouterr().err == "hemascope: expected to read the audit trail, received ResourceNotFoundException\n"
