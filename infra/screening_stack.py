"""Where smears are judged."""

from aws_cdk import CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_ses as ses
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.constructs.storage import safe_bucket, safe_key
from infra.image import screening_image
from infra.ingest_stack import IngestStack
from infra.mail import HTML, SUBJECT, TEXT
from infra.settings import Settings

_BATCH = 4  # messages; each takes a fraction of a second, and all must end within the timeout
_ARCHITECTURES = {"x86_64": lambda_.Architecture.X86_64, "arm64": lambda_.Architecture.ARM_64}
_RETENTION = {
    7: logs.RetentionDays.ONE_WEEK,
    14: logs.RetentionDays.TWO_WEEKS,
    30: logs.RetentionDays.ONE_MONTH,
    90: logs.RetentionDays.THREE_MONTHS,
    180: logs.RetentionDays.SIX_MONTHS,
    365: logs.RetentionDays.ONE_YEAR,
}


class ScreeningStack(Stack):
    """The screening function with all that it writes: reports, ledger, topic, mail.

    What it writes lives and dies with its meaning, so it is one stack; smears arrive whether this stack stands or not,
    and wait in the queue of the ingest stack.
    """

    def __init__(self, scope: Construct, identity: str, settings: Settings, ingest: IngestStack, **kwargs: object) -> None:
        super().__init__(scope, identity, **kwargs)
        self._settings, self._ingest = settings, ingest
        self._key = safe_key(self, "Key", "Hemascope: reports, ledger, notices and logs")
        self._reports = safe_bucket(self, "Reports", settings.name("reports"), self._key)
        self._ledger = self._make_ledger()
        self._topic = sns.Topic(self, "Notices", topic_name=settings.name("notices"), master_key=self._key, enforce_ssl=True)
        self._template = ses.CfnTemplate(
            self,
            "NoticeMail",
            template=ses.CfnTemplate.TemplateProperty(
                template_name=settings.name("notice"), subject_part=SUBJECT, text_part=TEXT, html_part=HTML
            ),
        )
        self._function = self._make_function()
        self._grant()
        CfnOutput(self, "ReportsBucket", value=self._reports.bucket_name)
        CfnOutput(self, "LedgerTable", value=self._ledger.table_name)
        CfnOutput(self, "NoticesTopic", value=self._topic.topic_arn)
        CfnOutput(self, "ScreeningFunction", value=self._function.function_name)

    @property
    def function(self) -> lambda_.IFunction:
        """The screening function."""
        return self._function

    @property
    def reports(self) -> s3.IBucket:
        """Where reports, summaries and pictures lie."""
        return self._reports

    @property
    def ledger(self) -> dynamodb.ITable:
        """One row for each object version and model."""
        return self._ledger

    def _make_ledger(self) -> dynamodb.Table:
        def text(name: str) -> dynamodb.Attribute:
            return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)

        return dynamodb.Table(
            self,
            "Ledger",
            table_name=self._settings.name("ledger"),
            partition_key=text("object_id"),
            sort_key=text("model"),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=self._key,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(point_in_time_recovery_enabled=True),
            removal_policy=RemovalPolicy.RETAIN,
        )

    def _make_function(self) -> lambda_.DockerImageFunction:
        settings = self._settings
        name = settings.name("screen-smear")
        log_group = logs.LogGroup(
            self,
            "Log",
            log_group_name=f"/hemascope/{settings.stage}/screen-smear",
            retention=_RETENTION[settings.log_retention_days],
            encryption_key=self._key,
            removal_policy=RemovalPolicy.RETAIN,
        )
        self._key.grant_encrypt_decrypt(iam.ServicePrincipal(f"logs.{self.region}.amazonaws.com"))
        function = lambda_.DockerImageFunction(
            self,
            "ScreenSmear",
            function_name=name,
            description="Segments and classifies one blood smear; writes reports, ledger row and notice",
            code=screening_image(settings.model, settings.architecture),
            architecture=_ARCHITECTURES[settings.architecture],
            memory_size=settings.memory_mb,
            timeout=Duration.seconds(settings.timeout_seconds),
            tracing=lambda_.Tracing.ACTIVE,
            log_group=log_group,
            environment={
                "HEMASCOPE_REPORTS_BUCKET": self._reports.bucket_name,
                "HEMASCOPE_LEDGER_TABLE": self._ledger.table_name,
                "HEMASCOPE_NOTICE_TOPIC": self._topic.topic_arn,
                "HEMASCOPE_MAIL_TEMPLATE": settings.name("notice"),
                "HEMASCOPE_MAIL_SENDER": settings.mail_sender,
                "HEMASCOPE_MAIL_RECIPIENT": settings.mail_recipient,
                "HEMASCOPE_PORTAL_URL": settings.portal_url,
                "HEMASCOPE_MAXIMUM_RECEIVES": str(settings.maximum_receives),
                "HEMASCOPE_LEASE_SECONDS": str(settings.timeout_seconds),
                "POWERTOOLS_SERVICE_NAME": "hemascope",
            },
        )
        function.add_event_source(
            sources.SqsEventSource(
                self._ingest.queue,
                batch_size=_BATCH,
                report_batch_item_failures=True,
                max_concurrency=settings.maximum_concurrency,
            )
        )
        return function

    def _grant(self) -> None:
        """Give the role what the function does, action by action."""
        bucket = self._ingest.bucket.bucket_arn
        mail = self._settings.mail_sender
        statements = {
            ("s3:GetObject", "s3:GetObjectVersion"): [f"{bucket}/smears/*"],
            ("s3:PutObject",): [f"{self._reports.bucket_arn}/reports/*", f"{self._reports.bucket_arn}/summaries/*"],
            ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"): [self._ledger.table_arn],
            ("sns:Publish",): [self._topic.topic_arn],
            ("ses:SendTemplatedEmail",): [
                self.format_arn(service="ses", resource="identity", resource_name=mail),
                self.format_arn(service="ses", resource="identity", resource_name=mail.split("@")[1]),
                self.format_arn(service="ses", resource="template", resource_name=self._settings.name("notice")),
            ],
            ("kms:Decrypt",): [self._ingest.key.key_arn],
            ("kms:Decrypt", "kms:GenerateDataKey"): [self._key.key_arn],
        }
        for actions, resources in statements.items():
            self._function.add_to_role_policy(iam.PolicyStatement(actions=list(actions), resources=resources))
