"""Queues: count, send and move messages."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hemascope.aws.client import map_aws_errors
from hemascope.domain.errors import HemascopeError

_BATCH = 10  # the most messages that SQS accepts in one call
_WAIT_SECONDS = 2  # long polling queries every server of the queue, so that no message is missed
# Error codes of a service without redrive (the local cloud), or without redrive for this queue.
_NO_REDRIVE = {"InvalidAction", "UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation"}
_RUNNING = {"RUNNING", "CANCELLING"}

Message = dict[str, Any]


@dataclass(frozen=True)
class Queue:
    """One queue."""

    sqs: Any
    url: str
    pause: Callable[[float], None] = time.sleep

    def waiting(self) -> int:
        """Return the approximate number of messages in the queue, including those in flight."""
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        return sum(int(attribute) for attribute in self._attributes(*names))

    def send(self, bodies: Sequence[str]) -> None:
        """Send messages.

        Raises
        ------
        HemascopeError
            Where some were not accepted; the others are sent.
        """
        for start in range(0, len(bodies), _BATCH):
            batch = [{"Body": body} for body in bodies[start : start + _BATCH]]
            if (sent := len(self.send_batch(batch))) < len(batch):
                raise HemascopeError(f"expected to send {len(batch)} messages, {len(batch) - sent} were not accepted")

    def redrive(self, target: "Queue") -> int | None:
        """Let SQS move all messages to the target; return how many it moved, or None where it has no redrive.

        Raises
        ------
        HemascopeError
            Where SQS failed; messages that it had not moved are still in this queue.
        """
        source, destination = self.arn(), target.arn()
        with map_aws_errors("move messages"):
            try:
                self.sqs.start_message_move_task(SourceArn=source, DestinationArn=destination)
            except self.sqs.exceptions.ClientError as error:
                if error.response["Error"]["Code"] in _NO_REDRIVE:
                    return None
                raise
            while (task := self._newest_task(source))["Status"] in _RUNNING:
                self.pause(1)
        moved = int(task.get("ApproximateNumberOfMessagesMoved", 0))
        if task["Status"] != "COMPLETED":
            reason = task.get("FailureReason", "no reason")
            raise HemascopeError(f"expected SQS to move all messages, it ended {task['Status']} ({reason}) after {moved}")
        return moved

    def move(self, target: "Queue", limit: int | None) -> int:
        """Move messages in batches. Each is sent before it is deleted: a crash in between may duplicate it, never lose it.

        Raises
        ------
        HemascopeError
            Where a message could not be moved; it is still in this queue and becomes visible again after half a minute.
        """
        moved = 0
        while limit is None or moved < limit:
            batch = self._receive(_BATCH if limit is None else min(_BATCH, limit - moved))
            if not batch:
                break
            sent = target.send_batch(batch)
            self._delete(sent)
            moved += len(sent)
            if len(sent) < len(batch):
                raise HemascopeError(f"expected to move {len(batch)} messages, {len(batch) - len(sent)} were not accepted")
        return moved

    def _newest_task(self, source: str) -> dict[str, Any]:
        (task,) = self.sqs.list_message_move_tasks(SourceArn=source, MaxResults=1)["Results"]
        return dict(task)

    def _receive(self, count: int) -> list[Message]:
        with map_aws_errors("receive messages"):
            answer = self.sqs.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=count,
                MessageAttributeNames=["All"],
                VisibilityTimeout=30,
                WaitTimeSeconds=_WAIT_SECONDS,
            )
        return list(answer.get("Messages", []))

    def send_batch(self, messages: Sequence[Message]) -> list[Message]:
        """Send up to ten messages with their attributes; return those that were accepted."""
        entries = [
            {"Id": str(number), "MessageBody": message["Body"], "MessageAttributes": message.get("MessageAttributes", {})}
            for number, message in enumerate(messages)
        ]
        with map_aws_errors("send messages"):
            answer = self.sqs.send_message_batch(QueueUrl=self.url, Entries=entries)
        return [messages[int(sent["Id"])] for sent in answer.get("Successful", [])]

    def _delete(self, messages: Sequence[Message]) -> None:
        if not messages:
            return
        entries = [{"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]} for number, message in enumerate(messages)]
        with map_aws_errors("delete messages"):
            answer = self.sqs.delete_message_batch(QueueUrl=self.url, Entries=entries)
        if left := answer.get("Failed"):
            raise HemascopeError(
                f"expected to delete {len(messages)} moved messages, {len(left)} remain and may be delivered twice"
            )

    def arn(self) -> str:
        """ARN of the queue."""
        return self._attributes("QueueArn")[0]

    def _attributes(self, *names: str) -> list[str]:
        with map_aws_errors("read the attributes of a queue"):
            answer = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=list(names))
        return [str(answer["Attributes"][name]) for name in names]
