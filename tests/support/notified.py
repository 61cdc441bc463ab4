"""What tests of the notification service share: one end that people are to hear of, and the queue that says so."""

from datetime import timedelta

from hemascope.domain.ledger import LedgerRow
from hemascope.domain.notification import NotificationTask
from hemascope.domain.report import State
from hemascope.domain.specimen import ObjectVersion
from hemascope.model.artifact import Artifact
from tests.support.fakes import START, FixedClassifier, World

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


def ended(artifact: Artifact) -> World:
    """A world in which one smear has its end."""
    world = World(FixedClassifier(artifact, 0.01, 0.02, 0.96, 0.01))
    world.ledger.finish(ROW)
    return world


def run_queue(world: World) -> None:
    """Deliver what waits in the queue, each at its time, until nothing waits."""
    while world.notifications.due:
        task = world.notifications.due.pop(0)
        world.clock.time = max(world.clock.time, task.due_at or START) + timedelta(seconds=1)
        world.notification().notify(task)
