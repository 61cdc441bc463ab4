"""How a new model judges old smears."""

from aws_cdk import CfnOutput, Duration, Stack
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
    """A state machine that sends every stored smear to the screening queue once more.

    It is AWS's own engine for millions of objects, so there is no code of ours to run, and a stack of its own because
    screening never needs it: only a hospital that wants its archive judged by a new model does.
    """

    def __init__(self, scope: Construct, identity: str, settings: Settings, ingest: IngestStack, **kwargs: object) -> None:
        super().__init__(scope, identity, **kwargs)
        self._ingest, self._name = ingest, settings.name("archive")
        self._key = safe_key(self, "Key", "Hemascope: results and log of archive runs", logs_of=settings.log_prefix)
        self._results = safe_bucket(
            self, "Results", self._name, key=self._key, logs=ingest.access_logs, lifecycle=[_as_long_as_logs(settings)]
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
            # Its permissions are the list below; CDK would add wider ones for each state.
            role=self._role.without_policy_updates(),
            logs=sfn.LogOptions(
                destination=function_log(self, "Log", settings, "archive", self._key),
                level=sfn.LogLevel.ALL,
                include_execution_data=False,  # keys name patients, though by pseudonyms
            ),
            tracing_enabled=True,
        )
        # CDK makes a policy for the map all the same, and attaches it to nothing.
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
        """ARN of every run of the machine."""
        return f"{self._arn('execution')}:*"

    @property
    def map_runs(self) -> str:
        """ARN of every run of the machine's map."""
        return f"{self._arn('mapRun')}/*"

    @property
    def results(self) -> s3.IBucket:
        """Where each run leaves a manifest and what became of each object."""
        return self._results

    @property
    def result_files(self) -> str:
        """ARN of every file that a run leaves there."""
        return self._results.arn_for_objects(f"{_RESULTS}/*")

    @property
    def key(self) -> kms.IKey:
        """The key of results and log."""
        return self._key

    def _arn(self, kind: str) -> str:
        return f"arn:{self.partition}:states:{self.region}:{self.account}:{kind}:{self._name}"

    def _step_functions(self) -> iam.IPrincipal:
        """Step Functions, for this machine alone."""
        machine = self._arn("stateMachine")
        only_this_machine = {
            "ArnEquals": {"aws:SourceArn": [machine, f"{machine}/{LABEL}"]},
            "StringEquals": {"aws:SourceAccount": self.account},
        }
        return iam.ServicePrincipal("states.amazonaws.com", conditions=only_this_machine)

    def _grant(self) -> None:
        """Give the role what the machine does, action by action."""
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
        self._allow(_LOG_DELIVERY, ["*"])  # AWS knows no resources for these
        self._allow(_TRACING, ["*"])

    def _allow(self, actions: list[str], resources: list[str], conditions: dict[str, object] | None = None) -> None:
        self._role.add_to_policy(iam.PolicyStatement(actions=actions, resources=resources, conditions=conditions))

    def _through(self, service: str) -> dict[str, object]:
        return {"StringEquals": {"kms:ViaService": f"{service}.{self.region}.amazonaws.com"}}


def _as_long_as_logs(settings: Settings) -> s3.LifecycleRule:
    """Results name keys, and so patients by their pseudonyms: they must not outlive a patient's deletion for long."""
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
