"""A world with one reported, urgent smear whose notification is due, for the tests of the notification service."""

from datetime import timedelta

from hemascope.domain.ledger import LedgerRow
from hemascope.domain.notification import NotificationTask
from hemascope.domain.report import State
from hemascope.domain.specimen import ObjectVersion
from tests.support.fakes import START, World

VERSION = ObjectVersion(bucket="uploads", key="smears/st-mary/p-7/c-1/field-1.jpg", version_id="v1")
ROW = LedgerRow(
    object_id=VERSION.object_id,
    model="all-subtypes/1.0.0",
    state=State.REPORTED,
    object=VERSION,
    hospital="st-mary",
    slide="c-1",
    urgent=True,
    report_key="reports/r.json",
    finished_at=START,
)
DUE = NotificationTask(object_id=ROW.object_id, model=ROW.model)


def run_queue(world: World) -> None:
    """Deliver each task in the queue at its time, until none is left."""
    while world.notifications.due:
        task = world.notifications.due.pop(0)
        world.clock.time = max(world.clock.time, task.due_at or START) + timedelta(seconds=1)
        world.notification_service().notify(task)
