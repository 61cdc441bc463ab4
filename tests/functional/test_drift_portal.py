"""The chart and the alarm in the portal: who sees them, from which rows, and what ends an alarm."""

from collections.abc import Callable
from typing import Any

import pytest

from hemascope.domain.drift import DriftAlarm, DriftFigure, DriftFinding
from hemascope.domain.microscope import Microscope, adopt_profile, suspend
from hemascope.domain.microscope_alarm import raise_alarm
from hemascope.domain.microscope_keys import profile_key
from hemascope.domain.profile import MicroscopeProfile
from hemascope.domain.specimen import ObjectVersion
from tests.support.drifting import BASELINE, field_row
from tests.support.fake_microscopes import REFERENCE, UNWATCHED, FakeMicroscopes
from tests.support.fakes import START
from tests.support.portal_world import PortalWorld, account, content

ADMIN, TECHNICIAN = account("admin"), account("technician")
Ask = Callable[..., dict[str, Any]]
FINDING = DriftFinding(figure=DriftFigure.LIGHT, direction="down", excess=1.3, since=START)
ALARM = DriftAlarm(findings=(FINDING,), at=START, object_id="0f", model="m/1", announced=True)
PROFILE = MicroscopeProfile(baseline=BASELINE)
OWN = Microscope(hospital="st-mary", name="scope 2")


def profiled(portal: PortalWorld, profile: MicroscopeProfile = PROFILE) -> Microscope:
    """A microscope whose profile is stored."""
    microscope = adopt_profile(OWN, profile.sha256, START, "8f0c")
    portal.microscopes = FakeMicroscopes(microscope)
    version = ObjectVersion(bucket="reports", key=profile_key(microscope.digest, profile.sha256))
    portal.reports.pictures[version] = profile.to_json().encode()
    return microscope


def chart(ask: Ask, microscope: Microscope, who: dict[str, str] = TECHNICIAN) -> dict[str, Any]:
    answer = ask(f"GET /microscopes/{microscope.digest}/chart", who)
    assert answer["statusCode"] == 200
    return content(answer)


def test_the_chart_of_a_profiled_microscope_has_its_own_limits_and_fields(ask: Ask, portal: PortalWorld) -> None:
    microscope = profiled(portal)
    own = {"profile": PROFILE.sha256, "microscope": microscope.digest}
    portal.ledger.rows += [field_row(number, -3.0, **own) for number in (2, 1)] + [field_row(3, -9.0)]

    shown = chart(ask, microscope)

    light = shown["lines"][0]
    assert (shown["watched"], shown["since"]) == (True, "2026-03-01T08:30:00Z")
    assert shown["times"] == ["2026-03-01T08:31:00Z", "2026-03-01T08:32:00Z"]
    assert light == {
        "figure": "light",
        "mean": -1.0,
        "alarm": [-2.25, 0.25],
        "suspension": [-2.5, 0.5],
        "values": [-1.2, -1.38],
    }


def test_the_chart_of_a_reference_microscope_has_the_artifacts_limits(ask: Ask, portal: PortalWorld) -> None:
    portal.microscopes = FakeMicroscopes(REFERENCE)

    shown = chart(ask, REFERENCE)

    assert (shown["watched"], shown["since"], shown["times"]) == (True, None, [])
    assert [line["figure"] for line in shown["lines"]] == [figure for figure in DriftFigure if figure != "red_cell"]


def test_a_microscope_without_a_profile_or_a_baseline_is_not_watched(ask: Ask, portal: PortalWorld) -> None:
    portal.microscopes = FakeMicroscopes(OWN)
    unknown = chart(ask, OWN)
    of_before = chart(ask, profiled(portal, MicroscopeProfile()))
    portal.microscopes = FakeMicroscopes(UNWATCHED)
    of_a_demonstration = chart(ask, UNWATCHED)

    assert unknown == {"watched": False, "since": None, "times": [], "lines": []}
    assert (of_before["watched"], of_before["lines"]) == (False, [])
    assert (of_a_demonstration["watched"], of_a_demonstration["lines"]) == (False, [])


@pytest.mark.parametrize("stored", [None, b"{}"], ids=["missing", "altered"])
def test_a_profile_that_can_not_be_read_is_no_chart(ask: Ask, portal: PortalWorld, stored: bytes | None) -> None:
    microscope = profiled(portal)
    (version,) = portal.reports.pictures
    portal.reports.pictures = {version: stored} if stored else {}

    assert ask(f"GET /microscopes/{microscope.digest}/chart", TECHNICIAN)["statusCode"] >= 500


def test_another_hospitals_chart_is_not_found(ask: Ask, portal: PortalWorld) -> None:
    portal.microscopes = FakeMicroscopes(REFERENCE)

    for route in ("GET /microscopes/{}/chart", "DELETE /microscopes/{}/alarm"):
        assert ask(route.format(REFERENCE.digest), account("admin", "st-luke"))["statusCode"] == 404


def test_an_alarm_is_shown_until_an_administrator_acknowledges_it(ask: Ask, portal: PortalWorld) -> None:
    portal.microscopes = FakeMicroscopes(raise_alarm(REFERENCE, ALARM))
    address = f"DELETE /microscopes/{REFERENCE.digest}/alarm"

    (before,) = content(ask("GET /microscopes", TECHNICIAN))["microscopes"]
    refused = ask(address, TECHNICIAN)
    ended, again = (ask(address, ADMIN) for _ in range(2))

    assert before["alarm"] == {"text": ALARM.text, "since": "2026-03-01T08:30:00Z", "at": "2026-03-01T08:30:00Z"}
    assert (refused["statusCode"], ended["statusCode"], again["statusCode"]) == (403, 200, 409)
    assert content(ended)["alarm"] is None
    assert [entry[:2] for entry in portal.audit.recorded] == [("8f0c", "microscopes")]
    kept = portal.microscopes.find("st-mary", "scope 1")
    assert kept
    assert kept.alarm
    assert kept.alarm.acknowledged_at == portal.clock.time


def test_an_alarm_that_suspended_the_microscope_is_told_by_the_suspension(ask: Ask, portal: PortalWorld) -> None:
    closed = raise_alarm(REFERENCE, ALARM.model_copy(update={"suspends": True}))
    portal.microscopes = FakeMicroscopes(closed)

    (shown,) = content(ask("GET /microscopes", TECHNICIAN))["microscopes"]
    acknowledged = ask(f"DELETE /microscopes/{REFERENCE.digest}/alarm", ADMIN)
    resumed = content(ask(f"DELETE /microscopes/{REFERENCE.digest}/suspension", ADMIN))

    assert (shown["state"], shown["suspension"]["reason"], shown["suspension"]["by"]) == ("suspended", ALARM.text, "drift")
    assert shown["alarm"] is resumed["alarm"] is resumed["suspension"] is None
    assert acknowledged["statusCode"] == 409
    kept = portal.microscopes.find("st-mary", "scope 1")
    assert kept
    assert (kept.charted_since, kept.alarm) == (portal.clock.time, None)


def test_a_suspension_by_hand_keeps_its_reason_beside_an_alarm(ask: Ask, portal: PortalWorld) -> None:
    portal.microscopes = FakeMicroscopes(suspend(raise_alarm(REFERENCE, ALARM), "Being cleaned", START, "8f0c"))

    (shown,) = content(ask("GET /microscopes", TECHNICIAN))["microscopes"]

    assert (shown["alarm"], shown["suspension"]["reason"]) == (None, "Being cleaned")
