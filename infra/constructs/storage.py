"""A bucket that is private, versioned, encrypted, TLS only, and outlives its stack."""

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct


def bucket_name(name: str) -> str:
    """A name that is unique in the world and known before the bucket exists."""
    return f"{name}-{Aws.ACCOUNT_ID}-{Aws.REGION}"


def safe_bucket(scope: Construct, identity: str, name: str, key: kms.IKey) -> s3.Bucket:
    """Create the bucket; unfinished uploads are cleared after a week."""
    return s3.Bucket(
        scope,
        identity,
        bucket_name=bucket_name(name),
        versioned=True,
        encryption=s3.BucketEncryption.KMS,
        encryption_key=key,
        bucket_key_enabled=True,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        removal_policy=RemovalPolicy.RETAIN,
        lifecycle_rules=[s3.LifecycleRule(abort_incomplete_multipart_upload_after=Duration.days(7))],
    )


def safe_key(scope: Construct, identity: str, description: str) -> kms.Key:
    """Create a key that rotates and outlives its stack."""
    return kms.Key(scope, identity, description=description, enable_key_rotation=True, removal_policy=RemovalPolicy.RETAIN)
