"""A queue with a dead-letter queue behind it."""

from aws_cdk import Duration
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sqs as sqs
from constructs import Construct

_LONGEST = Duration.days(14)


class QueueWithDeadLetters(Construct):
    """Encrypted, TLS only; after ``maximum_receives`` deliveries a message moves to ``dead``."""

    def __init__(
        self, scope: Construct, identity: str, *, name: str, key: kms.IKey, visibility: Duration, maximum_receives: int
    ) -> None:
        super().__init__(scope, identity)
        common = {"encryption": sqs.QueueEncryption.KMS, "encryption_master_key": key, "enforce_ssl": True}
        self.dead = sqs.Queue(self, "Dead", queue_name=f"{name}-dead", retention_period=_LONGEST, **common)
        self.queue = sqs.Queue(
            self,
            "Queue",
            queue_name=name,
            visibility_timeout=visibility,
            retention_period=_LONGEST,
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead, max_receive_count=maximum_receives),
            **common,
        )
