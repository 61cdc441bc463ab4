"""Queues with dead-letter queues, and their connection to a function."""

from aws_cdk import Duration
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sqs as sqs
from constructs import Construct

_LONGEST = Duration.days(14)
# AWS recommends six times the function's timeout, so that a throttled batch is not delivered twice.
_VISIBILITY_FACTOR = 6


class QueueWithDeadLetters(Construct):
    """An encrypted, TLS-only queue; after ``maximum_receives`` failed deliveries a message moves to ``dead``.

    Parameters
    ----------
    timeout
        Timeout of the function that consumes the queue.
    """

    def __init__(
        self, scope: Construct, identity: str, *, name: str, key: kms.IKey, timeout: Duration, maximum_receives: int
    ) -> None:
        super().__init__(scope, identity)
        self.dead = sqs.Queue(
            self,
            "Dead",
            queue_name=f"{name}-dead-letters",
            retention_period=_LONGEST,
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=key,
            enforce_ssl=True,
        )
        self.queue = sqs.Queue(
            self,
            "Queue",
            queue_name=name,
            visibility_timeout=Duration.seconds(_VISIBILITY_FACTOR * timeout.to_seconds()),
            retention_period=_LONGEST,
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead, max_receive_count=maximum_receives),
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=key,
            enforce_ssl=True,
        )


def feed(function: lambda_.IFunction, queue: sqs.IQueue, *, batch_size: int, maximum_concurrency: int) -> None:
    """Invoke a function for the messages of a queue; only messages that failed are delivered again."""
    function.add_event_source(
        sources.SqsEventSource(
            queue, batch_size=batch_size, report_batch_item_failures=True, max_concurrency=maximum_concurrency
        )
    )
