"""A microscope as the API shows it, and what is asked about one."""

from datetime import datetime

from hemascope.domain.microscope import Microscope, ProfileVersion, Reason, Suspension, Verification
from hemascope.domain.report import MicroscopeState
from hemascope.domain.review import Label
from hemascope.domain.specimen import Segment
from hemascope.portal.microscope_runs import RunView
from hemascope.portal.requests import Message


class Description(Message):
    """What people read of a microscope: maker and model, and the objective that its pictures are taken with."""

    make: Label | None = None
    objective: Label | None = None


class NewMicroscope(Description):
    """A microscope to register; the hospital is the administrator's own."""

    name: Segment


class SuspensionRequest(Message):
    """Why a microscope is suspended."""

    reason: Reason


class AlarmView(Message):
    """What has changed at a microscope, in words, since when, and when it was noticed."""

    text: str
    since: datetime
    at: datetime


class MicroscopeView(Message):
    """A microscope, and its state under the serving model. ``id`` stands for it in addresses."""

    id: str
    name: str
    state: MicroscopeState
    make: str | None
    objective: str | None
    is_reference: bool
    profile: str | None  # sha256 of the current one
    verification: Verification | None  # the newest, which may be of another profile or model
    suspension: Suspension | None
    alarm: AlarmView | None  # what has changed at it, until somebody acknowledges it
    runs: tuple[RunView, ...]


class MicroscopeList(Message):
    """A hospital's microscopes, sorted by name."""

    microscopes: tuple[MicroscopeView, ...]


class StoredProfile(Message):
    """A version of the profile, and a link to its file."""

    version: ProfileVersion
    link: str


class MicroscopeDetails(Message):
    """A microscope with links to its profiles, oldest first, and to its newest proof."""

    microscope: MicroscopeView
    profiles: tuple[StoredProfile, ...]
    proof: str | None


def view_alarm(microscope: Microscope) -> AlarmView | None:
    """The alarm that stands; one that suspended the microscope is told by the suspension."""
    alarm = microscope.alarm
    if alarm is None or alarm.acknowledged_at or microscope.suspension:
        return None
    return AlarmView(text=alarm.text, since=alarm.since, at=alarm.at)
