"""Buckets and keys: private, versioned, encrypted, TLS only, and retained when their stack is deleted."""

from collections.abc import Sequence

from aws_cdk import Aws, Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct


def bucket_name(name: str) -> str:
    """Return a bucket name that is globally unique and known before the bucket exists."""
    return f"{name}-{Aws.ACCOUNT_ID}-{Aws.REGION}"


def safe_bucket(
    scope: Construct,
    identity: str,
    name: str,
    *,
    key: kms.IKey | None,
    logs: s3.IBucket | None,
    lifecycle: Sequence[s3.LifecycleRule] = (),
    cors: Sequence[s3.CorsRule] = (),
    written_with_acl: bool = False,
) -> s3.Bucket:
    """Create a bucket. Incomplete multipart uploads are deleted after a week.

    Parameters
    ----------
    key
        KMS key; S3's own key where None, for buckets that AWS services write to or serve from.
    logs
        Bucket for its access log; None for the bucket of access logs itself.
    written_with_acl
        Whether the writer sets ACLs on its objects, as CloudFront does with its logs.
    """
    ownership = s3.ObjectOwnership
    return s3.Bucket(
        scope,
        identity,
        bucket_name=bucket_name(name),
        versioned=True,
        encryption=s3.BucketEncryption.KMS if key else s3.BucketEncryption.S3_MANAGED,
        encryption_key=key,
        bucket_key_enabled=True if key else None,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=ownership.BUCKET_OWNER_PREFERRED if written_with_acl else ownership.BUCKET_OWNER_ENFORCED,
        removal_policy=RemovalPolicy.RETAIN,
        lifecycle_rules=[s3.LifecycleRule(abort_incomplete_multipart_upload_after=Duration.days(7)), *lifecycle],
        cors=list(cors) or None,
        server_access_logs_bucket=logs,
        server_access_logs_prefix=f"{name}/" if logs else None,
    )


def let_services_use(key: kms.Key, *services: str) -> None:
    """Let AWS services that act for this account publish to topics that the key encrypts."""
    for service in services:
        key.add_to_resource_policy(
            iam.PolicyStatement(
                actions=["kms:Decrypt", "kms:GenerateDataKey"],
                principals=[iam.ServicePrincipal(service)],
                resources=["*"],  # in a key policy, `*` is this key
                conditions={"StringEquals": {"aws:SourceAccount": Stack.of(key).account}},
            )
        )


def safe_key(scope: Construct, identity: str, description: str, *, logs_of: str | None = None) -> kms.Key:
    """Create a KMS key that rotates and is retained when its stack is deleted.

    Parameters
    ----------
    logs_of
        Prefix of log groups that CloudWatch Logs may encrypt with it, such as ``/hemascope/dev``.
    """
    key = kms.Key(scope, identity, description=description, enable_key_rotation=True, removal_policy=RemovalPolicy.RETAIN)
    if logs_of:
        stack = Stack.of(scope)
        groups = f"arn:{stack.partition}:logs:{stack.region}:{stack.account}:log-group:{logs_of}/*"
        key.add_to_resource_policy(
            iam.PolicyStatement(
                actions=[
                    "kms:Decrypt",
                    "kms:DescribeKey",
                    "kms:Encrypt",
                    "kms:GenerateDataKey",
                    "kms:ReEncryptFrom",
                    "kms:ReEncryptTo",
                ],
                principals=[iam.ServicePrincipal(f"logs.{stack.region}.amazonaws.com")],
                resources=["*"],  # in a key policy, `*` is this key
                conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
            )
        )
    return key
