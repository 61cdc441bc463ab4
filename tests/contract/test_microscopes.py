"""The registry of microscopes: one suite for the fake, and for the table on moto and on the local cloud."""

import pytest

from hemascope.aws.microscopes_table import DynamoMicroscopes
from hemascope.domain.microscope import Microscope, adopt_profile, describe, resume, suspend
from tests.support.fake_microscopes import FakeMicroscopes
from tests.support.fakes import START
from tests.support.tables import NewTable

NEW = Microscope(hospital="st-mary", name="scope 2", make="Maker M1", objective="100x/1.25")
Registry = FakeMicroscopes | DynamoMicroscopes


@pytest.fixture
def registry(new_table: NewTable | None) -> Registry:
    """An empty registry."""
    return DynamoMicroscopes(*new_table("microscopes")) if new_table else FakeMicroscopes()


def test_a_microscope_is_found_as_it_was_stored(registry: Registry) -> None:
    profiled = adopt_profile(NEW, "a" * 64, START, "8f0c")
    stored = [registry.store(row) for row in (NEW, profiled, suspend(profiled, "Lamp\nreplaced", START, "drift"))]

    assert stored == [True, True, True]
    assert registry.find("st-mary", "scope 2") == suspend(profiled, "Lamp\nreplaced", START, "drift")


def test_a_name_belongs_to_its_hospital(registry: Registry) -> None:
    registry.store(NEW)

    assert registry.find("st-joseph", "scope 2") is None
    assert registry.find("st-mary", "scope 3") is None
    assert registry.of_hospital("st-joseph") == ()


def test_a_hospitals_microscopes_are_its_own_sorted_by_name(registry: Registry) -> None:
    for name in ("scope 2", "血液", "scope 10", "Ä"):
        registry.store(NEW.model_copy(update={"name": name}))
    registry.store(NEW.model_copy(update={"hospital": "st-joseph"}))

    assert [found.name for found in registry.of_hospital("st-mary")] == ["scope 10", "scope 2", "Ä", "血液"]


def test_a_taken_name_is_not_registered_again(registry: Registry) -> None:
    registry.store(NEW)

    assert registry.store(NEW.model_copy(update={"make": "Maker M2"})) is False
    assert registry.find("st-mary", "scope 2") == NEW


def test_of_two_changes_at_once_the_second_is_refused(registry: Registry) -> None:
    registry.store(NEW)
    first, second = describe(NEW, "Maker M2", "100x/1.25", START), suspend(NEW, "Drift", START, "drift")

    assert (registry.store(first), registry.store(second)) == (True, False)
    assert registry.find("st-mary", "scope 2") == first


def test_a_repeated_change_is_stored_once(registry: Registry) -> None:
    closed = suspend(NEW, "Drift", START, "drift")
    registry.store(NEW)

    assert [registry.store(closed), registry.store(closed)] == [True, True]
    assert registry.find("st-mary", "scope 2") == closed


def test_a_change_of_what_is_not_there_is_refused(registry: Registry) -> None:
    assert registry.store(resume(suspend(NEW, "Drift", START, "drift"), START)) is False
    assert registry.of_hospital("st-mary") == ()


def test_a_hospital_may_have_more_than_one_answer_of_the_table_holds(registry: Registry) -> None:
    history = NEW  # tens of kilobytes, so that forty of them are more than a megabyte
    for number in range(400):
        history = adopt_profile(history, f"{number % 2}" * 64, START, "8" * 36)
    rows = [history.model_copy(update={"name": f"scope {number}", "version": 1}) for number in range(40)]
    for row in rows:
        registry.store(row)

    assert len(registry.of_hospital("st-mary")) == 40
