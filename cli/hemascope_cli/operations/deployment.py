"""How an operator names a deployment: by its stage; or by the names of its parts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hemascope.aws.audit_table import DynamoAudit
from hemascope.aws.client import client, map_aws_errors
from hemascope.domain.errors import HemascopeError
from hemascope_cli.operations.buckets import VersionedBucket
from hemascope_cli.operations.ledger_table import LedgerTable
from hemascope_cli.operations.queues import Queue

LOCAL_REGION = "us-east-1"
# Output of a stack -> the stack that has it.
OUTPUTS = {
    "UploadsBucket": "Ingest",
    "ArrivalsQueue": "Ingest",
    "ArrivalsDeadLetterQueue": "Ingest",
    "ReportsBucket": "Screening",
    "LedgerTable": "Screening",
    "NotificationsQueue": "Screening",
    "NotificationsDeadLetterQueue": "Screening",
    "AuditTable": "Portal",
}


def stack_name(stage: str, part: str) -> str:
    """Name of a stack, on AWS as on one machine.

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
        As in the settings of the deployment.
    endpoint
        Of an embedded cloud; None is AWS, with the profile and region of the environment.
    given
        Names that need no look-up: output of a stack -> name.
    """

    stage: str
    endpoint: str | None = None
    given: Mapping[str, str] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """A boto3 client of this deployment."""
        with map_aws_errors(f"reach {service}"):
            return client(service, self.endpoint, LOCAL_REGION if self.endpoint else None)

    def name_of(self, output: str) -> str:
        """The given name, else the output of the stack.

        Raises
        ------
        HemascopeError
            Where there is no such stack or it has no such output.
        """
        if output in self.given:
            return self.given[output]
        stack = stack_name(self.stage, OUTPUTS[output])
        with map_aws_errors(f"find the stack {stack}"):
            (found,) = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        outputs = {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])}
        if output not in outputs:
            raise HemascopeError(f"expected an output {output} of the stack {stack}, received {', '.join(sorted(outputs))}")
        return str(outputs[output])

    def bucket(self, output: str) -> VersionedBucket:
        """The bucket of that name."""
        return VersionedBucket(self.client("s3"), self.name_of(output))

    def queue(self, output: str, url: str | None = None) -> Queue:
        """The queue of a URL, else the one that an output names."""
        return Queue(self.client("sqs"), url or self.name_of(output))

    def ledger(self) -> LedgerTable:
        """The ledger."""
        return LedgerTable(self.client("dynamodb"), self.name_of("LedgerTable"))

    def audit(self) -> DynamoAudit:
        """The audit trails."""
        return DynamoAudit(self.client("dynamodb"), self.name_of("AuditTable"))
