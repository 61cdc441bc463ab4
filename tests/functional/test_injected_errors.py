"""Every request of the services, with every error of AWS: retried with backoff, and one terminal state in the end."""

import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace

import pytest
from moto.backends import get_backend
from moto.core.models import botocore_stubber

from hemascope.aws.client import client
from hemascope.aws.ledger import DynamoLedger
from hemascope.aws.messaging import SesMailer, SnsPublisher, SqsNotificationQueue
from hemascope.aws.microscopes_table import DynamoMicroscopes
from hemascope.aws.s3 import S3Store
from hemascope.domain.errors import TransientError
from hemascope.domain.events import CreatedObject
from hemascope.domain.ledger import NotificationStatus
from hemascope.domain.notification import Channel, NotificationTask
from hemascope.domain.report import State
from hemascope.domain.specimen import report_prefixes
from hemascope.model.artifact import Artifact
from tests.support.boto_faults import Fault, FaultyNetwork
from tests.support.fake_microscopes import REFERENCE
from tests.support.fakes import LEASE, FixedClassifier, World
from tests.support.moto_cloud import MotoCloud, moto_cloud
from tests.support.picture_contents import contents

ATTEMPTS = {"ses": 1}  # that the SDK makes in one call of ours; of the others it makes
MANY = 4
SERVICES = ("s3", "dynamodb", "sqs", "sns", "ses")
# The requests of one smear, in their order, where nothing fails.
REQUESTS = [
    ("dynamodb", "GetItem"),  # a terminal state already?
    ("dynamodb", "GetItem"),  # forgotten?
    ("dynamodb", "GetItem"),  # the microscope
    ("s3", "GetObject"),
    *[("s3", "PutObject")] * 6,
    ("dynamodb", "PutItem"),
    ("sqs", "SendMessage"),
    ("dynamodb", "GetItem"),
    ("dynamodb", "UpdateItem"),  # the topic is claimed
    ("sns", "Publish"),
    ("dynamodb", "UpdateItem"),  # the topic is completed
    ("dynamodb", "UpdateItem"),  # the mail is claimed
    ("sqs", "SendMessage"),  # a reminder, in case nobody acknowledges it
    ("ses", "SendTemplatedEmail"),
    ("dynamodb", "UpdateItem"),  # the mail is completed
    ("dynamodb", "UpdateItem"),  # the notification status
]
CLAIMS = (14, 17)
TOPIC_COMPLETED = 16
NUMBERS = [number for number in range(1, len(REQUESTS) + 1) if number not in (6, 7, 8, 9)]  # puts between two puts


@dataclass
class Plan:
    """Fails the n-th call (1, 2, ...) for as many attempts; afterwards everything is well."""

    number: int = 0
    fault: Fault | None = None
    attempts: int = 0
    _made: int = field(default=0, init=False)

    def __call__(self, service: str, operation: str) -> Fault | None:
        self._made += 1
        begun = self._made - self.number
        return self.fault if 0 <= begun < self.attempts else None


@pytest.fixture
def delays(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the SDK would have slept."""
    slept: list[float] = []
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=slept.append))
    return slept


@pytest.fixture(autouse=True)
def _no_waiting(delays: list[float]) -> None:
    random.seed(6)


@dataclass
class FaultyWorld:
    """The services on real adapters, one smear, and a network that fails as planned."""

    cloud: MotoCloud
    network: FaultyNetwork
    world: World
    created: CreatedObject

    @property
    def object_id(self) -> str:
        return self.created.object.object_id

    def process_all(self) -> int:
        """Deliver each message until its work is done; return how many deliveries failed."""
        return self._until_done(self._screen) + self._until_done(self._notify)

    def mails(self) -> int:
        sent = get_backend("ses")["123456789012"]["us-east-1"].sent_messages
        return sum(self.object_id in str(vars(mail)) for mail in sent)

    def messages(self) -> int:
        (topic,) = get_backend("sns")["123456789012"]["us-east-1"].topics.values()
        return sum(self.object_id in str(notification) for notification in topic.sent_notifications)

    def files(self) -> list[str]:
        prefixes = report_prefixes(self.object_id)
        return [version.object.key for prefix in prefixes for version in self.cloud.reports.all_below(prefix)]

    def rows(self) -> list[tuple[State, NotificationStatus]]:
        rows = self.cloud.ledger.rows_of(self.object_id)
        return [(row.state, row.notification) for row in rows]

    @property
    def _model(self) -> str:
        return self.world.classifier.artifact.reference.name

    def _screen(self) -> bool:
        self.world.screening_service().process(self.created)
        return True

    def _notify(self) -> bool:
        self.world.notification_service().notify(NotificationTask(object_id=self.object_id, model=self._model))
        return self.rows() == [(State.REPORTED, NotificationStatus.SENT)]

    def _until_done(self, step: Callable[[], bool]) -> int:
        for failures in range(3):
            with suppress(TransientError):
                if step():
                    return failures
            if self.mails():  # as SES says it, long before anybody may use the channel again
                self.cloud.ledger.complete_channel(self.object_id, self._model, Channel.CLINICIAN)
            self.world.clock.time += LEASE + timedelta(seconds=1)
        raise AssertionError("expected a delivery to succeed when nothing fails any more")


@pytest.fixture(scope="module")
def cloud() -> Iterator[MotoCloud]:
    """One for all tests here: each has a smear of its own."""
    with moto_cloud() as cloud:
        client("sns").create_topic(Name="notifications")
        ses = client("ses")
        ses.verify_email_identity(EmailAddress="lab@example.org")
        ses.create_configuration_set(ConfigurationSet={"Name": "mails"})
        ses.create_template(
            Template={"TemplateName": "mail-notification", "SubjectPart": "-", "TextPart": "{{link}}", "HtmlPart": "-"}
        )
        DynamoMicroscopes(cloud.dynamodb, "microscopes").store(REFERENCE)
        yield cloud


def attempts_of(service: str, fault: Fault) -> int:
    """Attempts of one call: a throttled mail is retried by our own code, not by the SDK."""
    return MANY if fault is Fault.THROTTLED else ATTEMPTS.get(service, MANY)


def make_world(cloud: MotoCloud, artifact: Artifact, plan: Plan, slept: list[float] | None = None) -> FaultyWorld:
    network = FaultyNetwork(plan, lambda request: botocore_stubber("before-send", request))
    clients = {name: client(name, attempts=ATTEMPTS.get(name, MANY)) for name in SERVICES}
    for boto_client in clients.values():
        boto_client.meta.events.unregister("before-send", botocore_stubber)
        network.attach(boto_client.meta.events)
    world = World(
        FixedClassifier(artifact, 0.01, 0.02, 0.96, 0.01),
        pictures=S3Store(clients["s3"]),  # type: ignore[arg-type]
        reports=S3Store(clients["s3"], "reports"),  # type: ignore[arg-type]
        ledger=DynamoLedger(clients["dynamodb"], "ledger"),  # type: ignore[arg-type]
        microscopes=DynamoMicroscopes(clients["dynamodb"], "microscopes"),  # type: ignore[arg-type]
        notifications=SqsNotificationQueue(clients["sqs"], cloud.notifications),  # type: ignore[arg-type]
        publisher=SnsPublisher(clients["sns"], "arn:aws:sns:us-east-1:123456789012:notifications"),  # type: ignore[arg-type]
        mailer=SesMailer(
            clients["ses"], "mail", "lab@example.org", "mails", pause=[].append if slept is None else slept.append
        ),  # type: ignore[arg-type]
    )
    data = contents()["good"]
    version = cloud.put("smears/st-mary/p/c/scope 1/f.png", data)  # a new version each time
    return FaultyWorld(cloud, network, world, CreatedObject(object=version, size=len(data)))


def test_a_smear_takes_the_requests_of_the_table(cloud: MotoCloud, artifact: Artifact) -> None:
    faulty = make_world(cloud, artifact, Plan())

    failures = faulty.process_all()

    assert failures == 0
    assert faulty.network.attempts == REQUESTS
    assert (faulty.mails(), faulty.messages()) == (1, 1)


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: f"{number}-{REQUESTS[number - 1][1]}")
def test_a_call_that_fails_whatever_the_sdk_tries_makes_the_message_come_again_and_there_is_one_end(
    cloud: MotoCloud, artifact: Artifact, number: int, fault: Fault, delays: list[float]
) -> None:
    service = REQUESTS[number - 1][0]
    attempts = attempts_of(service, fault)
    faulty = make_world(cloud, artifact, Plan(number, fault, attempts), delays)

    failures = faulty.process_all()

    assert failures == 1
    assert faulty.network.attempts[number - 1 : number - 1 + attempts] == [REQUESTS[number - 1]] * attempts
    assert faulty.rows() == [(State.REPORTED, NotificationStatus.SENT)]
    assert (len(faulty.files()), len(set(faulty.files()))) == (6, 6)  # nothing is missing, nothing was written over
    assert faulty.mails() == 1
    # The documented window: SNS did it and its answer, or the record of it, was lost. Ids tell a subscriber.
    unacknowledged = MANY if service == "sns" and fault.is_done else 1 if number == TOPIC_COMPLETED and not fault.is_done else 0
    assert faulty.messages() == 1 + unacknowledged
    # Backoff with jitter.
    assert all(0 < slept <= bound for slept, bound in zip(delays, (1, 2, 4)[: attempts - 1], strict=True))
    assert len(set(delays)) == attempts - 1


@pytest.mark.parametrize("fault", [Fault.THROTTLED, Fault.CUT_OFF])
@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: f"{number}-{REQUESTS[number - 1][1]}")
def test_a_call_that_fails_once_is_tried_again_at_once(cloud: MotoCloud, artifact: Artifact, number: int, fault: Fault) -> None:
    faulty = make_world(cloud, artifact, Plan(number, fault, 1))
    service = REQUESTS[number - 1][0]

    failures = faulty.process_all()

    # Of a mail whose fate is unknown there is one attempt. And where a channel was begun and the answer lost, the worker finds
    # it in hands that it can't know as its own, and leaves it to the next notification.
    assert failures == (1 if attempts_of(service, fault) == 1 or (number in CLAIMS and fault is Fault.CUT_OFF) else 0)
    assert faulty.rows() == [(State.REPORTED, NotificationStatus.SENT)]
    assert len(faulty.files()) == 6
    assert faulty.mails() == 1
    assert faulty.messages() == (2 if (service, fault) == ("sns", Fault.CUT_OFF) else 1)
