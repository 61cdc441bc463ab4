"""The screening service and the registry of microscopes: which state counts, which profile, and what where it is gone."""

from typing import Any

import pytest

from hemascope.domain.errors import ArtifactError, MissingObject, TransientError
from hemascope.domain.microscope import Microscope, ProfileVersion, Suspension
from hemascope.domain.microscope_keys import profile_key
from hemascope.domain.profile import MicroscopeProfile
from hemascope.domain.specimen import ObjectVersion
from hemascope.model.artifact import Artifact
from hemascope.screening.microscopes import MicroscopeLookup
from tests.support.fake_microscopes import FakeMicroscopes
from tests.support.fakes import START, FixedClassifier, Killed, Wire, World, kill
from tests.support.registered import KEY, PROFILE, PROOF, register, scope
from tests.support.screenings import SPECIMEN

NOBODYS = "smears/st-mary/p-7/c-1/field-1.jpg"
OF_ANOTHER_HOSPITAL = "smears/st-john/p-7/c-1/scope 2/field-1.jpg"


@pytest.fixture
def world(artifact: Artifact, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(type(artifact.colours), "score", lambda *_: 0.5)
    return World(FixedClassifier(artifact, 0.01, 0.01, 0.97, 0.01))


def screened(world: World, smear: bytes, key: str = KEY) -> tuple[str, dict[str, Any]]:
    """Decision, and what the report says of the microscope."""
    world.screening_service().process(world.arrive(smear, key))
    report = world.reports.json("report.json")
    return report["result"]["decision"], report["microscope"]


def test_a_picture_of_no_registered_microscope_is_unknown_and_uncorrected(world: World, smear: bytes) -> None:
    assert screened(world, smear) == (
        "unverified",
        {"name": "scope 2", "state": "unknown", "profile": None, "verification": None},
    )


def test_a_picture_that_names_no_microscope_is_unknown(world: World, smear: bytes) -> None:
    assert screened(world, smear, NOBODYS) == (
        "unverified",
        {"name": None, "state": "unknown", "profile": None, "verification": None},
    )


def test_another_hospitals_microscope_of_this_name_opens_nothing(world: World, smear: bytes, artifact: Artifact) -> None:
    register(world, scope(artifact.reference.sha256))

    decision, microscope = screened(world, smear, OF_ANOTHER_HOSPITAL)

    assert (decision, microscope["state"]) == ("unverified", "unknown")


def test_a_profiled_microscope_is_corrected_and_not_answered(world: World, smear: bytes) -> None:
    register(world, scope())

    assert screened(world, smear) == (
        "unverified",
        {"name": "scope 2", "state": "profiled", "profile": PROFILE.sha256, "verification": None},
    )


def test_a_verified_microscope_is_answered_and_its_proof_named(world: World, smear: bytes, artifact: Artifact) -> None:
    register(world, scope(artifact.reference.sha256))

    assert screened(world, smear) == (
        "confident",
        {"name": "scope 2", "state": "verified", "profile": PROFILE.sha256, "verification": PROOF},
    )
    assert world.row.urgent


def test_a_proof_under_another_model_is_none(world: World, smear: bytes) -> None:
    register(world, scope("0" * 64))

    decision, microscope = screened(world, smear)

    assert (decision, microscope["state"], microscope["verification"]) == ("unverified", "profiled", None)


def test_a_suspension_counts_for_the_next_picture_of_the_same_worker(world: World, smear: bytes, artifact: Artifact) -> None:
    register(world, scope(artifact.reference.sha256))
    service = world.screening_service()
    first = service.process(world.arrive(smear, KEY)).row
    stopped = Suspension(reason="The lamp was changed.", at=START, by="8f0c")
    register(world, scope(artifact.reference.sha256, suspension=stopped))

    second = service.process(world.arrive(smear, KEY, "v2")).row

    assert [(row.decision, row.urgent) for row in (first, second)] == [("confident", True), ("unverified", False)]


@pytest.mark.parametrize("content", [None, b"", b"{}", PROFILE.to_json().replace("5.0", "6.0").encode()])
def test_a_profile_that_is_missing_or_altered_stops_the_picture_and_leaves_no_report(
    world: World, smear: bytes, content: bytes | None
) -> None:
    register(world, scope(), content)

    with pytest.raises(ArtifactError, match="profile"):
        world.screening_service().process(world.arrive(smear, KEY))

    assert (world.ledger.rows, world.reports.files) == ([], {})


def test_a_registry_that_does_not_answer_makes_the_message_come_again(world: World, smear: bytes) -> None:
    class Busy(FakeMicroscopes):
        def find(self, hospital: str, name: str) -> Microscope | None:
            raise TransientError("expected to read a microscope, received ThrottlingException")

    world.microscopes = Busy()

    with pytest.raises(TransientError):
        world.screening_service().process(world.arrive(smear, KEY))

    assert (world.ledger.rows, world.reports.files) == ([], {})


def test_a_profile_is_read_once_and_few_are_kept(world: World) -> None:
    lookup = MicroscopeLookup(world.microscopes, world.reports, "reports", "0" * 64)
    specimen = SPECIMEN.model_copy(update={"microscope": "scope 2"})
    register(world, scope())
    for _ in range(3):
        assert lookup.find(specimen).profile == PROFILE
    assert len(world.reports.reads) == 1

    for number in range(20):
        other = MicroscopeProfile(software=str(number))
        version = ProfileVersion(sha256=other.sha256, at=START, by="8f0c")
        microscope = scope(profile=other.sha256, profiles=(version,))
        register(world, microscope, None)
        key = profile_key(microscope.digest, other.sha256)
        world.reports.pictures[ObjectVersion(bucket="reports", key=key)] = other.to_json().encode()
        lookup.find(specimen)
    world.reports.pictures.clear()
    assert lookup.find(specimen).profile == other  # the newest is still there
    register(world, scope(), None)
    with pytest.raises(ArtifactError) as error:
        lookup.find(specimen)
    assert isinstance(error.value.__cause__, MissingObject)


@pytest.mark.parametrize("writes_before", range(4, 7))
@pytest.mark.parametrize("closes", [True, False], ids=["suspended", "verified"])
def test_a_microscope_that_changes_between_two_deliveries_leaves_a_report_a_summary_and_a_row_that_agree(
    world: World, smear: bytes, artifact: Artifact, *, closes: bool, writes_before: int
) -> None:
    proven, closed = scope(artifact.reference.sha256), scope()
    register(world, proven if closes else closed)
    created = world.arrive(smear, KEY)
    with pytest.raises(Killed):
        world.screening_service(Wire(after={writes_before: kill})).process(created)
    register(world, closed if closes else proven)

    outcome = world.screening_service().process(created, receives=2)

    decision = world.reports.json("report.json")["result"]["decision"]
    is_open = decision == "confident"
    assert is_open is (closes is (writes_before > 4))  # the first report that was written stands
    assert (outcome.why, world.row.decision, world.row.urgent) == (decision, decision, is_open)
    unclear = artifact.texts.patient_unclear.headline
    assert (world.reports.json("summary.json")["headline"] == unclear) is not is_open
