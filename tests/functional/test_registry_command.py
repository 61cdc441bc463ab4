"""``hemascope registry`` on moto: the list, and the reference microscope that the operator alone marks."""

import pytest

from hemascope.aws.microscopes_table import DynamoMicroscopes
from hemascope.domain.microscope import Microscope, adopt_profile
from hemascope_cli.main import main
from tests.support.fakes import START
from tests.support.moto_cloud import MotoCloud

SCOPE = Microscope(hospital="st-mary", name="scope 2")
OURS, TABLE = ["--hospital", "st-mary"], ["--microscopes", "microscopes"]
Captured = pytest.CaptureFixture[str]


def registry(cloud: MotoCloud) -> DynamoMicroscopes:
    return DynamoMicroscopes(cloud.dynamodb, "microscopes")


def mark(cloud: MotoCloud, name: str, *words: str) -> int:
    return main(["registry", "reference", *OURS, *TABLE, *cloud.names("audit"), "--microscope", name, *words])


def test_the_operator_marks_a_reference_microscope_and_the_trail_says_so(cloud: MotoCloud, capsys: Captured) -> None:
    registry(cloud).store(adopt_profile(SCOPE, "a" * 64, START, "8f0c").model_copy(update={"version": 1}))

    assert mark(cloud, "scope 2") == 0

    marked = registry(cloud).find("st-mary", "scope 2")
    (entry,) = cloud.audit.entries("st-mary", 0, 10)
    assert marked
    assert (marked.is_reference, marked.profile) == (True, None)
    assert (entry.who, entry.action, entry.microscope) == ("service", "microscopes", SCOPE.digest)
    assert capsys.readouterr().out == f"{SCOPE.digest}  reference\n"


def test_a_reference_microscope_that_is_not_registered_is_registered(cloud: MotoCloud) -> None:
    assert mark(cloud, "Ku\u0308 1") == 0

    assert registry(cloud).find("st-mary", "K\u00fc 1") == Microscope(hospital="st-mary", name="Kü 1", is_reference=True)


def test_the_mark_can_be_taken_back(cloud: MotoCloud, capsys: Captured) -> None:
    mark(cloud, "scope 2")

    assert mark(cloud, "scope 2", "--undo") == 0
    assert mark(cloud, "scope 2", "--undo") == 1

    assert "no reference already" in capsys.readouterr().err
    stored = registry(cloud).find("st-mary", "scope 2")
    assert stored
    assert not stored.is_reference


@pytest.mark.parametrize(("words", "told"), [(["a/b"], "U+002F"), (["scope 9", "--undo"], "no microscope of this name")])
def test_what_cannot_be_marked_is_refused_and_leaves_no_trace(
    cloud: MotoCloud, capsys: Captured, words: list[str], told: str
) -> None:
    assert mark(cloud, *words) == 1

    assert told in capsys.readouterr().err
    assert registry(cloud).of_hospital("st-mary") == ()
    assert cloud.audit.entries("st-mary", 0, 10) == ()


def test_the_list_tells_states_ids_and_names(cloud: MotoCloud, capsys: Captured) -> None:
    other = Microscope(hospital="st-mary", name="scope 1")
    registry(cloud).store(other)
    mark(cloud, "scope 2")
    capsys.readouterr()

    assert main(["registry", "list", *OURS, *TABLE]) == 0

    assert capsys.readouterr().out == (f"unknown    {other.digest}  scope 1\nverified   {SCOPE.digest}  scope 2  reference\n")


def test_a_hospital_without_microscopes_is_told(cloud: MotoCloud, capsys: Captured) -> None:
    assert main(["registry", "list", *OURS, *TABLE]) == 0
    assert "This hospital has no registered microscope." in capsys.readouterr().err


def test_without_a_network_no_name_of_an_exception_is_printed(capsys: Captured) -> None:
    assert main(["registry", "list", *OURS, "--endpoint", "http://127.0.0.1:9"]) == 1

    said = capsys.readouterr().err
    assert "and there was no answer: check this computer's network and --endpoint" in said
    assert "Error" not in said
