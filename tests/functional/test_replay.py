"""``hemascope replay``: dead letters moved in batches on moto, and by SQS's own redrive as AWS documents it."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from hemascope.aws.client import client
from hemascope.domain.errors import HemascopeError
from hemascope_cli.main import main
from hemascope_cli.operations.queues import Queue
from hemascope_cli.operations.replay import replay
from tests.support.moto_cloud import MotoCloud
from tests.support.wired import Wired

Captured = pytest.CaptureFixture[str]
SOURCE, TARGET = "arn:aws:sqs:us-east-1:123456789012:arrivals-dead-letters", "arn:aws:sqs:us-east-1:123456789012:arrivals"
DEAD_URL, TARGET_URL = (
    f"https://sqs.us-east-1.amazonaws.com/123456789012/{name}" for name in ("arrivals-dead-letters", "arrivals")
)


def without_redrive(name: str, call: Callable[[], Any]) -> Any:
    """A service without redrive, as the local cloud is."""
    if name == "start_message_move_task":
        raise ClientError({"Error": {"Code": "InvalidAction", "Message": "not valid"}}, "StartMessageMoveTask")
    return call()


def queues(cloud: MotoCloud, around: Callable[[str, Callable[[], Any]], Any] = without_redrive) -> tuple[Queue, Queue]:
    return Queue(Wired(cloud.sqs, around), cloud.dead), Queue(cloud.sqs, cloud.arrivals)


def put_dead_letters(cloud: MotoCloud, *bodies: str) -> None:
    for body in bodies:
        cloud.sqs.send_message(QueueUrl=cloud.dead, MessageBody=body)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else fills the queue: an empty answer is the end."""
    monkeypatch.setattr("hemascope_cli.operations.queues._WAIT_SECONDS", 0)


def test_every_dead_letter_moves_back(cloud: MotoCloud, capsys: Captured) -> None:
    put_dead_letters(cloud, *(f"letter {number}" for number in range(25)))

    status = replay(*queues(cloud))

    assert status == 0
    assert capsys.readouterr().out == "moved 25, left in the dead-letter queue 0\n"
    assert sorted(cloud.bodies(cloud.arrivals)) == sorted(f"letter {number}" for number in range(25))
    assert cloud.bodies(cloud.dead) == []


def test_a_limit_leaves_the_rest(cloud: MotoCloud, capsys: Captured) -> None:
    put_dead_letters(cloud, *(f"letter {number}" for number in range(25)))

    status = main(["replay", "--queue", cloud.arrivals, "--dead-queue", cloud.dead, "--limit", "12"])

    assert status == 0
    assert capsys.readouterr().out == "moved 12, left in the dead-letter queue 13\n"
    assert len(cloud.bodies(cloud.arrivals)) == 12
    assert len(cloud.bodies(cloud.dead)) == 13


def test_an_empty_queue_is_no_failure(cloud: MotoCloud, capsys: Captured) -> None:
    assert replay(*queues(cloud)) == 0

    assert capsys.readouterr().out == "moved 0, left in the dead-letter queue 0\n"


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ([], "would move 3, in the dead-letter queue 3\n"),
        (["--limit", "2"], "would move 2, in the dead-letter queue 3\n"),
    ],
)
def test_a_dry_run_counts_and_moves_nothing(cloud: MotoCloud, limit: list[str], said: str, capsys: Captured) -> None:
    put_dead_letters(cloud, "a", "b", "c")

    status = main(["replay", "--queue", cloud.arrivals, "--dead-queue", cloud.dead, "--dry-run", *limit])

    assert status == 0
    assert capsys.readouterr().out == said
    assert cloud.bodies(cloud.arrivals) == []
    assert sorted(cloud.bodies(cloud.dead)) == ["a", "b", "c"]


def test_attributes_of_a_message_move_with_it(cloud: MotoCloud) -> None:
    attributes = {"hospital": {"DataType": "String", "StringValue": "st-mary"}}
    cloud.sqs.send_message(QueueUrl=cloud.dead, MessageBody="letter", MessageAttributes=attributes)

    replay(*queues(cloud))

    (message,) = cloud.sqs.receive_message(QueueUrl=cloud.arrivals, MessageAttributeNames=["All"])["Messages"]
    assert message["MessageAttributes"] == attributes


def test_a_crash_before_the_deletion_leaves_a_message_twice_and_never_nowhere(cloud: MotoCloud) -> None:
    put_dead_letters(cloud, "letter")

    def dies(name: str, call: Callable[[], Any]) -> Any:
        if name == "delete_message_batch":
            raise KeyboardInterrupt
        return without_redrive(name, call)

    with pytest.raises(KeyboardInterrupt):
        replay(*queues(cloud, dies))

    assert cloud.bodies(cloud.arrivals) == ["letter"]
    assert cloud.queue(cloud.dead).waiting() == 1


def test_a_message_that_the_queue_does_not_take_stays_dead(cloud: MotoCloud) -> None:
    put_dead_letters(cloud, "good", "refused")
    dead, _ = queues(cloud)

    def refuses(name: str, call: Callable[[], Any]) -> Any:
        answer = call()
        if name == "send_message_batch":
            answer["Failed"] = [answer["Successful"].pop()]
        return answer

    with pytest.raises(HemascopeError, match="expected to move 2 messages, 1 were not accepted"):
        replay(dead, Queue(Wired(cloud.sqs, refuses), cloud.arrivals))

    assert cloud.queue(cloud.dead).waiting() == 1


def test_a_message_that_cannot_be_deleted_ends_the_replay(cloud: MotoCloud) -> None:
    put_dead_letters(cloud, "letter")

    def keeps(name: str, call: Callable[[], Any]) -> Any:
        answer = without_redrive(name, call)
        return {"Failed": answer["Successful"]} if name == "delete_message_batch" else answer

    with pytest.raises(HemascopeError, match="1 remain and may be delivered twice"):
        replay(*queues(cloud, keeps))


def test_a_queue_that_does_not_exist_is_one_line(cloud: MotoCloud, capsys: Captured) -> None:
    status = main(["replay", "--queue", cloud.arrivals, "--dead-queue", f"{cloud.dead}-nowhere", "--limit", "1"])

    captured = capsys.readouterr()
    assert (status, captured.out) == (1, "")
    assert captured.err.startswith("hemascope: expected to receive messages, received ")
    assert len(captured.err.splitlines()) == 1


@pytest.mark.parametrize("limit", ["0", "-1", "all"])
def test_a_limit_that_is_no_number_is_refused(limit: str, capsys: Captured) -> None:
    with pytest.raises(SystemExit):
        main(["replay", f"--limit={limit}"])

    assert f"expected a number above 0, received {limit}" in capsys.readouterr().err


class Redrive:
    """SQS's own redrive, by AWS's description of its requests and answers; every call is checked against it."""

    def __init__(self, *tasks: dict[str, Any]) -> None:
        self.sqs, self.pauses = client("sqs", region="us-east-1"), []
        stub = Stubber(self.sqs)
        for url, arn in ((DEAD_URL, SOURCE), (TARGET_URL, TARGET)):
            request = {"QueueUrl": url, "AttributeNames": ["QueueArn"]}
            stub.add_response("get_queue_attributes", {"Attributes": {"QueueArn": arn}}, request)
        request = {"SourceArn": SOURCE, "DestinationArn": TARGET}
        stub.add_response("start_message_move_task", {"TaskHandle": "handle"}, request)
        for task in tasks:
            stub.add_response("list_message_move_tasks", {"Results": [task]}, {"SourceArn": SOURCE, "MaxResults": 1})
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        left = {"Attributes": dict(zip(names, ("1", "2"), strict=True))}
        stub.add_response("get_queue_attributes", left, {"QueueUrl": DEAD_URL, "AttributeNames": names})
        stub.activate()

    def queues(self) -> tuple[Queue, Queue]:
        return Queue(self.sqs, DEAD_URL, self.pauses.append), Queue(self.sqs, TARGET_URL)


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")


@pytest.mark.usefixtures("credentials")
def test_sqs_moves_them_itself_where_it_can(capsys: Captured) -> None:
    redrive = Redrive(
        {"Status": "RUNNING", "ApproximateNumberOfMessagesMoved": 2},
        {"Status": "COMPLETED", "ApproximateNumberOfMessagesMoved": 7},
    )

    status = replay(*redrive.queues())

    assert status == 0
    assert redrive.pauses == [1]
    assert capsys.readouterr().out == "moved 7, left in the dead-letter queue 3\n"


@pytest.mark.usefixtures("credentials")
def test_a_redrive_that_gives_up_says_why_and_after_how_many() -> None:
    task = {"Status": "FAILED", "ApproximateNumberOfMessagesMoved": 4, "FailureReason": "KmsAccessDenied"}

    with pytest.raises(HemascopeError, match=r"it ended FAILED \(KmsAccessDenied\) after 4"):
        replay(*Redrive(task).queues())


@pytest.mark.usefixtures("credentials")
def test_a_redrive_that_is_not_allowed_is_not_tried_in_another_way() -> None:
    sqs = client("sqs", region="us-east-1")
    stub = Stubber(sqs)
    for arn in (SOURCE, TARGET):
        stub.add_response("get_queue_attributes", {"Attributes": {"QueueArn": arn}})
    stub.add_client_error("start_message_move_task", "AccessDeniedException")
    stub.activate()

    with pytest.raises(HemascopeError, match="expected to move messages, received AccessDeniedException"):
        replay(Queue(sqs, DEAD_URL), Queue(sqs, TARGET_URL))
