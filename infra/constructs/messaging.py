"""A queue with a dead-letter queue behind it, and the function that empties it."""

from aws_cdk import Duration
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sqs as sqs
from constructs import Construct

_LONGEST = Duration.days(14)
# AWS asks for six times the function's timeout, so that a throttled batch is not delivered to two workers.
_VISIBILITY_FACTOR = 6


class QueueWithDeadLetters(Construct):
    """Encrypted, TLS only; after ``maximum_receives`` deliveries a message moves to ``dead``.

    Parameters
    ----------
    timeout
        Of the function that empties it.
    """

    def __init__(
        self, scope: Construct, identity: str, *, name: str, key: kms.IKey, timeout: Duration, maximum_receives: int
    ) -> None:
        super().__init__(scope, identity)
        common = {"encryption": sqs.QueueEncryption.KMS, "encryption_master_key": key, "enforce_ssl": True}
        self.dead = sqs.Queue(self, "Dead", queue_name=f"{name}-dead-letters", retention_period=_LONGEST, **common)
        self.queue = sqs.Queue(
            self,
            "Queue",
            queue_name=name,
            visibility_timeout=Duration.seconds(_VISIBILITY_FACTOR * timeout.to_seconds()),
            retention_period=_LONGEST,
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead, max_receive_count=maximum_receives),
            **common,
        )


def feed(function: lambda_.IFunction, queue: sqs.IQueue, *, batch_size: int, maximum_concurrency: int) -> None:
    """Let a queue call a function; messages that fail come again alone."""
    function.add_event_source(
        sources.SqsEventSource(
            queue, batch_size=batch_size, report_batch_item_failures=True, max_concurrency=maximum_concurrency
        )
    )
