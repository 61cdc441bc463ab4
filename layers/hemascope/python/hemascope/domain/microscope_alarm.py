"""Changes of a microscope's alarm: it is raised, announced by mail, acknowledged, and forgotten when the chart has returned."""

from datetime import datetime

from hemascope.domain.drift import DriftAlarm
from hemascope.domain.microscope import DRIFT, Microscope, Suspension, changed
from hemascope.domain.microscope_refusal import NothingChanges


def raise_alarm(microscope: Microscope, alarm: DriftAlarm) -> Microscope:
    """Record what has changed at it; where ``alarm`` says so, suspend it too.

    Raises
    ------
    NothingChanges
        Where it is suspended, or an alarm stands that nobody has acknowledged and this one suspends nothing.
    """
    standing = microscope.alarm
    if microscope.suspension or (standing and not standing.acknowledged_at and not alarm.suspends):
        raise NothingChanges("This microscope has an alarm already.")
    if not alarm.suspends:
        return changed(microscope, alarm=alarm)
    return changed(microscope, alarm=alarm, suspension=Suspension(reason=alarm.text, at=alarm.at, by=DRIFT))


def announce_alarm(microscope: Microscope) -> Microscope:
    """Record that the mail about the alarm is in the queue.

    Raises
    ------
    NothingChanges
        Where there is no alarm, or its mail is there already.
    """
    if microscope.alarm is None or microscope.alarm.announced:
        raise NothingChanges("This microscope has no alarm that is to be announced.")
    return changed(microscope, alarm=microscope.alarm.model_copy(update={"announced": True}))


def acknowledge_alarm(microscope: Microscope, at: datetime) -> Microscope:
    """End an alarm. The chart goes on: what grows suspends the microscope all the same.

    Raises
    ------
    NothingChanges
        Where there is none, or it was acknowledged before.
    """
    if microscope.alarm is None or microscope.alarm.acknowledged_at or microscope.suspension:
        raise NothingChanges("This microscope has no alarm that can be acknowledged.")
    return changed(microscope, alarm=microscope.alarm.model_copy(update={"acknowledged_at": at}))


def forget_alarm(microscope: Microscope) -> Microscope:
    """Remove an acknowledged alarm, because its chart has returned: the next change raises a new one.

    Raises
    ------
    NothingChanges
        Where there is none, or nobody has acknowledged it.
    """
    if microscope.alarm is None or not microscope.alarm.acknowledged_at or microscope.suspension:
        raise NothingChanges("This microscope has no acknowledged alarm.")
    return changed(microscope, alarm=None)
