"""Screening the archive again with a new model."""

from aws_cdk import CfnOutput, Duration, Environment, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.archive_definition import LABEL, PREFIX, definition
from infra.constructs.function import function_log
from infra.constructs.storage import safe_bucket, safe_key
from infra.ingest_stack import IngestStack
from infra.settings import Settings

_RESULTS = "runs"


class ArchiveStack(Stack):
    """A state machine that sends every stored smear to the screening queue again.

    Step Functions lists and loops over millions of objects without a function of ours. The stack is separate because
    screening does not depend on it: only a hospital that wants its archive screened by a new model uses it.
    """

    def __init__(
        self, scope: Construct, identity: str, settings: Settings, ingest: IngestStack, env: Environment | None = None
    ) -> None:
        super().__init__(scope, identity, env=env)
        self._ingest, self._name = ingest, settings.name("archive")
        self._key = safe_key(self, "Key", "Hemascope: results and log of archive runs", logs_of=settings.log_prefix)
        self._results = safe_bucket(
            self, "Results", self._name, key=self._key, logs=ingest.access_logs, lifecycle=[_expire_with_logs(settings)]
        )
        self._role = iam.Role(self, "MachineRole", assumed_by=self._step_functions())
        self._grant()
        self._machine = sfn.StateMachine(
            self,
            "Machine",
            state_machine_name=self._name,
            state_machine_type=sfn.StateMachineType.STANDARD,
            comment="Sends every version of every object below a prefix to the screening queue again",
            definition_body=sfn.DefinitionBody.from_chainable(
                definition(
                    self,
                    uploads=ingest.bucket,
                    queue=ingest.queue,
                    results=self._results,
                    results_prefix=_RESULTS,
                    concurrency=settings.maximum_concurrency,
                )
            ),
            # Its permissions are listed in _grant; CDK would add wider ones for each state.
            role=self._role.without_policy_updates(),
            logs=sfn.LogOptions(
                destination=function_log(self, "Log", settings, "archive", self._key),
                level=sfn.LogLevel.ALL,
                include_execution_data=False,  # keys contain pseudonyms of patients
            ),
            tracing_enabled=True,
        )
        # CDK still creates a policy for the map and attaches it to nothing.
        self._machine.node.try_remove_child("DistributedMapPolicy")
        self._machine.node.add_dependency(self._role)
        CfnOutput(self, "ArchiveMachine", value=self._machine.state_machine_arn)
        CfnOutput(self, "ArchiveResultsBucket", value=self._results.bucket_name)

    @property
    def machine(self) -> sfn.IStateMachine:
        """The state machine; its input is ``{"prefix": "smears/..."}``."""
        return self._machine

    @property
    def runs(self) -> str:
        """ARN pattern of the machine's executions."""
        return f"{self._arn('execution')}:*"

    @property
    def map_runs(self) -> str:
        """ARN pattern of the machine's map runs."""
        return f"{self._arn('mapRun')}/*"

    @property
    def results(self) -> s3.IBucket:
        """Bucket where each run writes a manifest and the outcome of each object."""
        return self._results

    @property
    def result_files(self) -> str:
        """ARN pattern of the files that a run writes there."""
        return self._results.arn_for_objects(f"{_RESULTS}/*")

    @property
    def key(self) -> kms.IKey:
        """KMS key of results and log."""
        return self._key

    def _arn(self, kind: str) -> str:
        return f"arn:{self.partition}:states:{self.region}:{self.account}:{kind}:{self._name}"

    def _step_functions(self) -> iam.IPrincipal:
        """Return Step Functions as a principal that may act for this machine only."""
        machine = self._arn("stateMachine")
        only_this_machine = {
            "ArnEquals": {"aws:SourceArn": [machine, f"{machine}/{LABEL}"]},
            "StringEquals": {"aws:SourceAccount": self.account},
        }
        return iam.ServicePrincipal("states.amazonaws.com", conditions=only_this_machine)

    def _grant(self) -> None:
        """Grant the role each action that the machine needs."""
        uploads, results = self._ingest.bucket.bucket_arn, self.result_files
        self._allow(["s3:ListBucket", "s3:ListBucketVersions"], [uploads], {"StringLike": {"s3:prefix": f"{PREFIX}*"}})
        self._allow(["sqs:SendMessage"], [self._ingest.queue.queue_arn])
        self._allow(["kms:Decrypt", "kms:GenerateDataKey"], [self._ingest.key.key_arn], self._through("sqs"))
        self._allow(["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"], [results])
        self._allow(["kms:Decrypt", "kms:GenerateDataKey"], [self._key.key_arn], self._through("s3"))
        # The children of the map are executions of the same machine.
        self._allow(["states:StartExecution"], [self._arn("stateMachine")])
        children = self._arn("execution")
        self._allow(["states:DescribeExecution", "states:StopExecution"], [f"{children}:*", f"{children}/{LABEL}:*"])
        self._allow(_LOG_DELIVERY, ["*"])  # AWS defines no resources for these actions
        self._allow(_TRACING, ["*"])

    def _allow(self, actions: list[str], resources: list[str], conditions: dict[str, object] | None = None) -> None:
        self._role.add_to_policy(iam.PolicyStatement(actions=actions, resources=resources, conditions=conditions))

    def _through(self, service: str) -> dict[str, object]:
        return {"StringEquals": {"kms:ViaService": f"{service}.{self.region}.amazonaws.com"}}


def _expire_with_logs(settings: Settings) -> s3.LifecycleRule:
    """Return a rule that deletes results with the logs: they contain keys, and so pseudonyms of patients who may be deleted."""
    kept = Duration.days(settings.log_retention_days)
    return s3.LifecycleRule(expiration=kept, noncurrent_version_expiration=Duration.days(1))


_LOG_DELIVERY = [
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
]
_TRACING = [
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
]
