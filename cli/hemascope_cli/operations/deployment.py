"""A deployment as an operator names it: by its stage, or by the names of its resources."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hemascope.aws.audit_table import DynamoAudit
from hemascope.aws.client import client, map_aws_errors
from hemascope.aws.ledger import DynamoLedger
from hemascope.aws.microscopes_table import DynamoMicroscopes
from hemascope.domain.errors import HemascopeError
from hemascope_cli.operations.buckets import VersionedBucket
from hemascope_cli.operations.queues import Queue

LOCAL_REGION = "us-east-1"
# Output -> the stack that has it.
OUTPUTS = {
    "UploadsBucket": "Ingest",
    "ArrivalsQueue": "Ingest",
    "ArrivalsDeadLetterQueue": "Ingest",
    "ReportsBucket": "Screening",
    "LedgerTable": "Screening",
    "MicroscopesTable": "Screening",
    "JobsQueue": "Screening",
    "JobsDeadLetterQueue": "Screening",
    "NotificationsQueue": "Screening",
    "NotificationsDeadLetterQueue": "Screening",
    "AuditTable": "Portal",
}


def stack_name(stage: str, part: str) -> str:
    """Name of a stack, on AWS and in a local cloud.

    Examples
    --------
    >>> stack_name("dev", "Ingest")
    'Hemascope-dev-Ingest'
    """
    return f"Hemascope-{stage}-{part}"


@dataclass(frozen=True)
class Deployment:
    """A running service.

    Parameters
    ----------
    stage
        The stage in the settings of the deployment.
    endpoint
        URL of a local cloud; None is AWS, with the profile and region of the environment.
    given
        Output of a stack -> name, for resources whose name needs no look-up.
    """

    stage: str
    endpoint: str | None = None
    given: Mapping[str, str] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """Make a boto3 client of this deployment."""
        with map_aws_errors(f"reach {service}"):
            return client(service, self.endpoint, LOCAL_REGION if self.endpoint else None)

    def name_of(self, name: str) -> str:
        """Return the given name, else the output of the stack.

        Raises
        ------
        HemascopeError
            Where there is no such stack or it has no such output.
        """
        if name in self.given:
            return self.given[name]
        stack = stack_name(self.stage, OUTPUTS[name])
        with map_aws_errors(f"find the stack {stack}"):
            (found,) = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
        if name not in outputs:
            raise HemascopeError(f"expected an output {name} of the stack {stack}, received {', '.join(sorted(outputs))}")
        return str(outputs[name])

    def bucket(self, output: str) -> VersionedBucket:
        """The bucket that an output names."""
        return VersionedBucket(self.client("s3"), self.name_of(output))

    def queue(self, output: str, url: str | None = None) -> Queue:
        """The queue with a URL, else the one that an output names."""
        return Queue(self.client("sqs"), url or self.name_of(output))

    def ledger(self) -> DynamoLedger:
        """The ledger."""
        return DynamoLedger(self.client("dynamodb"), self.name_of("LedgerTable"))

    def audit(self) -> DynamoAudit:
        """The audit trails."""
        return DynamoAudit(self.client("dynamodb"), self.name_of("AuditTable"))

    def microscopes(self) -> DynamoMicroscopes:
        """The registry of microscopes."""
        return DynamoMicroscopes(self.client("dynamodb"), self.name_of("MicroscopesTable"))
