"""Uploads: the bucket for smears and the queue that announces them."""

from aws_cdk import Aws, CfnOutput, Duration, Environment, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.messaging import QueueWithDeadLetters
from infra.constructs.storage import bucket_name, safe_bucket, safe_key
from infra.settings import Settings

_NOTIFIER = "s3.amazonaws.com"
_LOGS_KEPT = Duration.days(365)
_SELDOM_READ = Duration.days(90)  # by then a slide is signed off; infrequent access still reads at once


class IngestStack(Stack):
    """The uploads bucket, the arrivals queue and the notification between them.

    They are one stack because a bucket can only notify a queue whose policy already allows it: in two stacks each would
    have to exist before the other. The notification is a property of the bucket. CDK's alternative, a custom resource, would
    be another Lambda function, with permissions on every bucket.
    """

    def __init__(self, scope: Construct, identity: str, settings: Settings, env: Environment | None = None) -> None:
        super().__init__(scope, identity, env=env)
        self._key = safe_key(self, "Key", "Hemascope: uploaded smears and their queue")
        self._access_logs = safe_bucket(
            self,
            "AccessLogs",
            settings.name("access-logs"),
            key=None,  # S3 cannot deliver access logs to a bucket with a customer managed key
            logs=None,
            lifecycle=[s3.LifecycleRule(expiration=_LOGS_KEPT, noncurrent_version_expiration=Duration.days(1))],
        )
        uploads = settings.name("uploads")
        source = f"arn:{Aws.PARTITION}:s3:::{bucket_name(uploads)}"
        self._queues = QueueWithDeadLetters(
            self,
            "Arrivals",
            name=settings.name("arrivals"),
            key=self._key,
            timeout=Duration.seconds(settings.timeout_seconds),
            maximum_receives=settings.maximum_receives,
        )
        self._allow_bucket_to_notify(source)
        self._bucket = safe_bucket(
            self,
            "Uploads",
            uploads,
            key=self._key,
            logs=self._access_logs,
            lifecycle=_lifecycle(settings),
            # The portal's page uploads directly to the bucket, with a presigned form for one object.
            cors=[
                s3.CorsRule(
                    allowed_origins=[settings.portal_origin],
                    allowed_methods=[s3.HttpMethods.POST, s3.HttpMethods.PUT],
                    allowed_headers=["*"],
                    exposed_headers=["ETag", "x-amz-version-id"],
                    max_age=3600,
                )
            ],
        )
        self._add_notification()
        CfnOutput(self, "UploadsBucket", value=self._bucket.bucket_name)
        CfnOutput(self, "ArrivalsQueue", value=self._queues.queue.queue_url)
        CfnOutput(self, "ArrivalsDeadLetterQueue", value=self._queues.dead.queue_url)

    @property
    def key(self) -> kms.IKey:
        """KMS key of uploads and arrivals."""
        return self._key

    @property
    def bucket(self) -> s3.IBucket:
        """Bucket of uploaded pictures, below ``smears/``."""
        return self._bucket

    @property
    def access_logs(self) -> s3.IBucket:
        """Bucket for the access logs of every bucket."""
        return self._access_logs

    @property
    def queue(self) -> sqs.IQueue:
        """Queue with one message for each created object version."""
        return self._queues.queue

    @property
    def dead(self) -> sqs.IQueue:
        """Dead-letter queue: messages that failed at every delivery."""
        return self._queues.dead

    def _allow_bucket_to_notify(self, source: str) -> None:
        only_this_bucket = {
            "ArnLike": {"aws:SourceArn": source},
            "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
        }
        service = iam.ServicePrincipal(_NOTIFIER)
        self._queues.queue.add_to_resource_policy(
            iam.PolicyStatement(
                actions=["sqs:SendMessage"],
                principals=[service],
                resources=[self._queues.queue.queue_arn],
                conditions=only_this_bucket,
            )
        )
        self._key.add_to_resource_policy(
            iam.PolicyStatement(
                actions=["kms:GenerateDataKey", "kms:Decrypt"],
                principals=[service],
                resources=["*"],  # in a key policy, `*` is this key
                conditions=only_this_bucket,
            )
        )

    def _add_notification(self) -> None:
        bucket = self._bucket.node.default_child
        assert isinstance(bucket, s3.CfnBucket)
        smears = s3.CfnBucket.FilterRuleProperty(name="prefix", value="smears/")
        bucket.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            queue_configurations=[
                s3.CfnBucket.QueueConfigurationProperty(
                    event="s3:ObjectCreated:*",
                    queue=self._queues.queue.queue_arn,
                    filter=s3.CfnBucket.NotificationFilterProperty(s3_key=s3.CfnBucket.S3KeyFilterProperty(rules=[smears])),
                )
            ]
        )
        bucket.node.add_dependency(self._queues.queue.node.find_child("Policy"))


def _lifecycle(settings: Settings) -> list[s3.LifecycleRule]:
    """Return rules for cheaper storage after 90 days, and for deletion only where the settings name a retention.

    Every version is a picture of its own, so older versions are kept as long as current ones.
    """
    kept = Duration.days(settings.retention_days) if settings.retention_days else None
    return [
        s3.LifecycleRule(
            transitions=[s3.Transition(storage_class=s3.StorageClass.INFREQUENT_ACCESS, transition_after=_SELDOM_READ)],
            expiration=kept,
            noncurrent_version_expiration=kept,
        )
    ]
