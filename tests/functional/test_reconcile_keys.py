"""``hemascope reconcile`` and keys that name no patient: pictures are listed for the operator, folders are nothing."""

import pytest

from hemascope.domain.report import State
from hemascope_cli.main import main
from tests.support.moto_cloud import MODEL, MotoCloud

Captured = pytest.CaptureFixture[str]


def reconcile(cloud: MotoCloud, *words: str) -> int:
    return main(
        ["reconcile", "--model", MODEL, "--grace", "0", *cloud.names("uploads", "ledger", "arrivals", "notifications"), *words]
    )


def said(captured: Captured) -> tuple[list[str], set[str]]:
    """What was found, line by line, and the counts that are not zero."""
    lines = captured.readouterr().out.splitlines()
    start = next(number for number, line in enumerate(lines) if "object versions below smears/" in line)
    counts = {" ".join(line.split()) for line in lines[start + 1 : -1]}
    return lines[:start], {count for count in counts if not count.endswith(" 0")}


def test_a_picture_whose_key_names_no_patient_is_named_until_it_is_gone(cloud: MotoCloud, capsys: Captured) -> None:
    version = cloud.put("smears/st-mary/Jane Doe.jpg")
    cloud.finish(version, State.REJECTED, hospital=None, patient=None, slide=None)

    status = reconcile(cloud, "--requeue")

    assert status == 1
    lines, counts = said(capsys)
    assert lines == [f"unassigned    {version.object_id}  version {version.version_id}"]
    assert counts == {"rejected 1", "unassigned 1"}
    assert cloud.bodies(cloud.arrivals) == []  # it would be rejected again
    cloud.s3.delete_object(Bucket="uploads", Key=version.key, VersionId=version.version_id)
    assert reconcile(cloud) == 0


def test_a_folder_of_the_console_is_no_smear(cloud: MotoCloud, capsys: Captured) -> None:
    for key in ("smears/st-mary/", "smears/st-mary/p-7/c-1/"):
        cloud.put(key, b"")

    status = reconcile(cloud, "--requeue")

    assert status == 0
    assert said(capsys) == ([], set())
    assert cloud.bodies(cloud.arrivals) == []


def test_a_picture_under_the_key_of_a_folder_has_no_end_yet(cloud: MotoCloud, capsys: Captured) -> None:
    cloud.put("smears/st-mary/p-7/c-1/", b"picture")

    assert reconcile(cloud) == 1

    assert said(capsys)[1] == {"no state 1"}
