"""``hemascope forget`` and what people said of a patient's smears: it goes too, and the audit trail says that it went."""

from hemascope.domain.specimen import ObjectVersion, verdict_key
from hemascope_cli.main import main
from tests.support.moto_cloud import MODEL, MotoCloud

KEPT = verdict_key("0" * 32, MODEL, 1)


def forget(cloud: MotoCloud) -> int:
    names = cloud.names("uploads", "reports", "ledger", "audit")
    return main(["forget", "--hospital", "st-mary", "--patient", "p-7", "--yes", "--wait", "0", *names])


def reviewed(cloud: MotoCloud) -> list[ObjectVersion]:
    """Two smears of the patient, the first with two verdicts; and a verdict on somebody else's."""
    smears = [cloud.put(f"smears/st-mary/p-7/c-1/{number}.jpg") for number in (1, 2)]
    for smear in smears:
        cloud.finish(smear)
    for key in (*(verdict_key(smears[0].object_id, MODEL, number) for number in (1, 2)), KEPT):
        cloud.s3.put_object(Bucket="reports", Key=key, Body=b"about a patient")
    return smears


def test_verdicts_are_forgotten_and_those_on_others_stay(cloud: MotoCloud) -> None:
    reviewed(cloud)

    assert forget(cloud) == 0

    assert cloud.keys("reports") == [KEPT]


def test_the_audit_trail_says_which_smears_were_forgotten(cloud: MotoCloud) -> None:
    smears = reviewed(cloud)

    forget(cloud)

    entries = cloud.audit.entries("st-mary", 0, 100)
    assert {(entry.who, str(entry.action)) for entry in entries} == {("service", "forgotten")}
    assert sorted(str(entry.object_id) for entry in entries) == sorted(smear.object_id for smear in smears)


def test_a_second_call_adds_no_entry(cloud: MotoCloud) -> None:
    reviewed(cloud)
    forget(cloud)
    before = cloud.audit.entries("st-mary", 0, 100)

    assert forget(cloud) == 0

    assert cloud.audit.entries("st-mary", 0, 100) == before
