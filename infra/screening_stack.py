"""Screening: the function that classifies smears, its reports and its ledger."""

from collections.abc import Sequence

from aws_cdk import Arn, ArnComponents, CfnOutput, Duration, Environment, RemovalPolicy, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.alarms import new_version_alarms
from infra.constructs.function import ARCHITECTURES, function_log, function_role
from infra.constructs.messaging import QueueWithDeadLetters, feed
from infra.constructs.microscope_jobs import MicroscopeJobs
from infra.constructs.storage import safe_bucket, safe_key
from infra.constructs.table import safe_table, text
from infra.image import SCREENING, image
from infra.ingest_stack import IngestStack
from infra.settings import Settings

_BATCH = 4  # messages; each takes a fraction of a second, and all must finish within the timeout
DELIVERY_TIMEOUT = Duration.seconds(20)


class ScreeningStack(Stack):
    """The screening function and everything that it writes: reports, ledger and the queue of notifications.

    They are one stack because function, report schema and ledger rows change together. So does the function that verifies
    microscopes: it has the same image, and what it proves holds for the model in it. Without this stack smears still
    arrive, and wait in the queue of the ingest stack. A new model is a new version of the function behind the alias ``live``.
    """

    def __init__(
        self, scope: Construct, identity: str, settings: Settings, ingest: IngestStack, env: Environment | None = None
    ) -> None:
        super().__init__(scope, identity, env=env)
        self._settings, self._ingest = settings, ingest
        self._key = safe_key(self, "Key", "Hemascope: reports, ledger, notifications and logs", logs_of=settings.log_prefix)
        self._reports = safe_bucket(self, "Reports", settings.name("reports"), key=self._key, logs=ingest.access_logs)
        self._deny_deletion_except_to_operator()
        self._ledger = self._make_ledger()
        self._hospitals = safe_table(self, "Hospitals", settings.name("hospitals"), key=self._key, partition=text("hospital"))
        self._microscopes = safe_table(
            self,
            "Microscopes",
            settings.name("microscopes"),
            key=self._key,
            partition=text("hospital"),
            sort=text("name"),
        )
        self._notifications = QueueWithDeadLetters(
            self,
            "NotificationTasks",
            name=settings.name("notifications"),
            key=self._key,
            timeout=DELIVERY_TIMEOUT,
            maximum_receives=settings.maximum_receives,
        )
        self._function = self._make_function()
        self._alias = self._make_alias()
        feed(self._alias, ingest.queue, batch_size=_BATCH, maximum_concurrency=settings.maximum_concurrency)
        self._grant()
        self._jobs = self._make_jobs()
        CfnOutput(self, "ReportsBucket", value=self._reports.bucket_name)
        CfnOutput(self, "LedgerTable", value=self._ledger.table_name)
        CfnOutput(self, "HospitalsTable", value=self._hospitals.table_name)
        CfnOutput(self, "MicroscopesTable", value=self._microscopes.table_name)
        CfnOutput(self, "NotificationsQueue", value=self._notifications.queue.queue_url)
        CfnOutput(self, "NotificationsDeadLetterQueue", value=self._notifications.dead.queue_url)
        CfnOutput(self, "JobsQueue", value=self._jobs.queue.queue_url)
        CfnOutput(self, "JobsDeadLetterQueue", value=self._jobs.dead.queue_url)
        CfnOutput(self, "ScreeningFunction", value=self._function.function_name)

    @property
    def key(self) -> kms.IKey:
        """KMS key of reports, ledger, notifications and logs."""
        return self._key

    @property
    def function(self) -> lambda_.Function:
        """The screening function."""
        return self._function

    @property
    def alias(self) -> lambda_.IAlias:
        """The alias ``live``: the version of the function that receives smears."""
        return self._alias

    @property
    def new_version_alarms(self) -> Sequence[cloudwatch.IAlarm]:
        """Alarms on which CodeDeploy rolls back to the previous version."""
        return self._new_version_alarms

    @property
    def reports(self) -> s3.IBucket:
        """Bucket of reports, summaries and the pictures drawn for them."""
        return self._reports

    @property
    def ledger(self) -> dynamodb.ITable:
        """Ledger: one row for each object version and model."""
        return self._ledger

    @property
    def hospitals(self) -> dynamodb.ITable:
        """Settings of each hospital: who is notified, when a patient may read a result."""
        return self._hospitals

    @property
    def microscopes(self) -> dynamodb.ITable:
        """Registry of each hospital's microscopes."""
        return self._microscopes

    @property
    def jobs(self) -> MicroscopeJobs:
        """The function that carries out jobs about microscopes, and its queue."""
        return self._jobs

    @property
    def notifications(self) -> sqs.IQueue:
        """Queue with one message for each terminal state that people are notified of."""
        return self._notifications.queue

    @property
    def notifications_dead_letters(self) -> sqs.IQueue:
        """Dead-letter queue of notifications."""
        return self._notifications.dead

    def _deny_deletion_except_to_operator(self) -> None:
        """Deny everybody but the operator the deletion of reports, which happens only when a patient asks for it."""
        operator = Arn.format(
            ArnComponents(service="iam", region="", resource="role", resource_name=self._settings.operator), self
        )
        self._reports.add_to_resource_policy(
            iam.PolicyStatement(
                effect=iam.Effect.DENY,
                principals=[iam.AnyPrincipal()],
                actions=["s3:DeleteObject", "s3:DeleteObjectVersion"],
                resources=[self._reports.arn_for_objects("*")],
                conditions={"ArnNotLike": {"aws:PrincipalArn": operator}},
            )
        )

    def _make_ledger(self) -> dynamodb.Table:
        name = self._settings.name("ledger")
        table = safe_table(self, "Ledger", name, key=self._key, partition=text("object_id"), sort=text("model"))
        # The access patterns: the newest of a hospital, the fields of a slide, the rows of a state, of a patient and
        # of a microscope.
        for index, partition, sort in (
            ("by-hospital", "hospital", "finished_at"),
            ("by-slide", "slide", "hospital"),
            ("by-state", "state", "finished_at"),
            ("by-patient", "patient", "finished_at"),
            ("by-microscope", "microscope", "finished_at"),
        ):
            table.add_global_secondary_index(index_name=index, partition_key=text(partition), sort_key=text(sort))
        return table

    def _make_function(self) -> lambda_.DockerImageFunction:
        settings = self._settings
        log_group = function_log(self, "Log", settings, "screen-smear", self._key)
        return lambda_.DockerImageFunction(
            self,
            "ScreenSmear",
            function_name=settings.name("screen-smear"),
            description="Segments and classifies blood smears; writes reports and ledger rows",
            code=image(SCREENING, settings.model, settings.architecture),
            architecture=ARCHITECTURES[settings.architecture],
            memory_size=settings.memory_mb,
            timeout=Duration.seconds(settings.timeout_seconds),
            reserved_concurrent_executions=settings.reserved_concurrency,
            tracing=lambda_.Tracing.ACTIVE,
            # Old versions are kept, so that one command rolls back to any of them.
            current_version_options=lambda_.VersionOptions(removal_policy=RemovalPolicy.RETAIN),
            role=function_role(self, "Role", log_group),
            log_group=log_group,
            environment={
                "HEMASCOPE_REPORTS_BUCKET": self._reports.bucket_name,
                "HEMASCOPE_LEDGER_TABLE": self._ledger.table_name,
                "HEMASCOPE_MICROSCOPES_TABLE": self._microscopes.table_name,
                "HEMASCOPE_NOTIFICATIONS_QUEUE": self._notifications.queue.queue_url,
                "HEMASCOPE_LANGUAGE": settings.language,
                "HEMASCOPE_MAXIMUM_RECEIVES": str(settings.maximum_receives),
                "POWERTOOLS_SERVICE_NAME": "hemascope",
            },
        )

    def _make_alias(self) -> lambda_.Alias:
        """Create the alias ``live``. A new version gets a tenth of the smears for five minutes; errors roll it back."""
        alias = lambda_.Alias(self, "Live", alias_name="live", version=self._function.current_version)
        self._new_version_alarms = [
            alarm.make(self, self._settings.name(alarm.name)) for alarm in new_version_alarms(self._function, alias)
        ]
        config = codedeploy.LambdaDeploymentConfig
        codedeploy.LambdaDeploymentGroup(
            self,
            "Canary",
            alias=alias,
            deployment_config=config.CANARY_10_PERCENT_5_MINUTES if self._settings.canary else config.ALL_AT_ONCE,
            alarms=self._new_version_alarms,
            role=self._make_deployer(alias),
        )
        return alias

    def _make_deployer(self, alias: lambda_.Alias) -> iam.IRole:
        """Let CodeDeploy move this alias and read its alarms. The AWS managed policy would let it move any alias."""
        role = iam.Role(self, "Deployer", assumed_by=iam.ServicePrincipal("codedeploy.amazonaws.com"))
        function = self._function.function_arn
        statements = {
            ("cloudwatch:DescribeAlarms",): [alarm.alarm_arn for alarm in self._new_version_alarms],
            ("lambda:GetAlias", "lambda:UpdateAlias"): [function, alias.function_arn],
            ("lambda:GetProvisionedConcurrencyConfig",): [f"{function}:*"],
        }
        for actions, resources in statements.items():
            role.add_to_policy(iam.PolicyStatement(actions=list(actions), resources=resources))
        return role.without_policy_updates()  # CDK would add the managed policy

    def _grant(self) -> None:
        """Grant the role each action that the function needs."""
        statements = {
            ("s3:GetObject", "s3:GetObjectVersion"): [self._ingest.bucket.arn_for_objects("smears/*")],
            ("s3:PutObject",): [self._reports.arn_for_objects("reports/*"), self._reports.arn_for_objects("summaries/*")],
            # Its own reports too: where an earlier delivery's stands, the row repeats that one.
            ("s3:GetObject",): [self._reports.arn_for_objects("microscopes/*"), self._reports.arn_for_objects("reports/*")],
            ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"): [self._ledger.table_arn],
            ("dynamodb:Query",): [f"{self._ledger.table_arn}/index/by-microscope"],  # the chart of its drift
            ("dynamodb:GetItem", "dynamodb:PutItem"): [self._microscopes.table_arn],  # an alarm, a suspension
            ("sqs:SendMessage",): [self._notifications.queue.queue_arn],
            ("kms:Decrypt",): [self._ingest.key.key_arn],
            ("kms:Decrypt", "kms:GenerateDataKey"): [self._key.key_arn],
        }
        for actions, resources in statements.items():
            self._function.add_to_role_policy(iam.PolicyStatement(actions=list(actions), resources=resources))

    def _make_jobs(self) -> MicroscopeJobs:
        """Make the function for jobs about microscopes; grant each action that it needs."""
        environment = {
            "HEMASCOPE_REPORTS_BUCKET": self._reports.bucket_name,
            "HEMASCOPE_LEDGER_TABLE": self._ledger.table_name,
            "HEMASCOPE_MICROSCOPES_TABLE": self._microscopes.table_name,
            "HEMASCOPE_ARRIVALS_QUEUE": self._ingest.queue.queue_url,
            "HEMASCOPE_ARTIFACT": f"/var/task/model_artifacts/{self._settings.model}",
            "HEMASCOPE_LANGUAGE": self._settings.language,
            "POWERTOOLS_SERVICE_NAME": "hemascope",
        }
        jobs = MicroscopeJobs(self, "MicroscopeJobs", self._settings, key=self._key, environment=environment)
        ledger, documents = self._ledger.table_arn, self._reports.arn_for_objects("microscopes/*")
        statements = {
            ("s3:GetObject", "s3:GetObjectVersion"): [self._ingest.bucket.arn_for_objects("smears/*")],
            ("s3:GetObject",): [documents],
            ("s3:PutObject",): [documents, self._reports.arn_for_objects("reports/*/commissioning/*")],
            ("dynamodb:GetItem",): [ledger],  # whether a picture was deleted on request
            ("dynamodb:Query",): [f"{ledger}/index/by-microscope"],
            ("dynamodb:GetItem", "dynamodb:PutItem"): [self._microscopes.table_arn],
            ("sqs:SendMessage",): [self._ingest.queue.queue_arn, jobs.queue.queue_arn],
            ("kms:Decrypt", "kms:GenerateDataKey"): [self._ingest.key.key_arn, self._key.key_arn],
        }
        for actions, resources in statements.items():
            jobs.function.add_to_role_policy(iam.PolicyStatement(actions=list(actions), resources=resources))
        return jobs
