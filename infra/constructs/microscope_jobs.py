"""The function that carries out jobs about microscopes, and its queue."""

from aws_cdk import Duration
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.function import ARCHITECTURES, function_log, function_role
from infra.constructs.messaging import QueueWithDeadLetters, feed
from infra.image import SCREENING, image
from infra.settings import Settings

_TIMEOUT = Duration.minutes(15)  # the longest of Lambda
_CONCURRENCY = 2  # the smallest of an event source: somebody may wait for the one while the other runs
_MEMORY_MB = 3538  # two processors: sixty fields are fitted in minutes, and are all in memory meanwhile
_RECEIVES = 3


class MicroscopeJobs(Construct):
    """The function ``microscope-jobs``, of the screening function's image, and the queue that feeds it.

    It has a role of its own, since it alone may write what opens a microscope, and a timeout that no picture of a patient shall
    wait for (docs/adr/0037).
    """

    def __init__(
        self, scope: Construct, identity: str, settings: Settings, *, key: kms.IKey, environment: dict[str, str]
    ) -> None:
        super().__init__(scope, identity)
        self._queues = QueueWithDeadLetters(
            self, "Jobs", name=settings.name("microscope-jobs"), key=key, timeout=_TIMEOUT, maximum_receives=_RECEIVES
        )
        log_group = function_log(self, "Log", settings, "microscope-jobs", key)
        self.function = lambda_.DockerImageFunction(
            self,
            "Function",
            function_name=settings.name("microscope-jobs"),
            description="Commissions and verifies microscopes, and has their open slides screened again",
            code=image(SCREENING, settings.model, settings.architecture, command="microscope_jobs.handler"),
            architecture=ARCHITECTURES[settings.architecture],
            memory_size=_MEMORY_MB,
            timeout=_TIMEOUT,
            tracing=lambda_.Tracing.ACTIVE,
            role=function_role(self, "Role", log_group),
            log_group=log_group,
            environment={**environment, "HEMASCOPE_JOBS_QUEUE": self.queue.queue_url},
        )
        feed(self.function, self.queue, batch_size=1, maximum_concurrency=_CONCURRENCY)

    @property
    def queue(self) -> sqs.IQueue:
        """One message for each job."""
        return self._queues.queue

    @property
    def dead(self) -> sqs.IQueue:
        """Jobs that failed at every delivery."""
        return self._queues.dead
