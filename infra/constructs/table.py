"""Tables: encrypted, with point-in-time recovery, and retained when their stack is deleted."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct


def text(name: str) -> dynamodb.Attribute:
    """Return a key attribute of type string."""
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)


def safe_table(
    scope: Construct,
    identity: str,
    name: str,
    *,
    key: kms.IKey,
    partition: dynamodb.Attribute,
    sort: dynamodb.Attribute | None = None,
    policy: iam.PolicyDocument | None = None,
) -> dynamodb.Table:
    """Create a table with on-demand billing and deletion protection.

    Parameters
    ----------
    policy
        Resource policy of the table.
    """
    return dynamodb.Table(
        scope,
        identity,
        table_name=name,
        partition_key=partition,
        sort_key=sort,
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
        encryption_key=key,
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(point_in_time_recovery_enabled=True),
        deletion_protection=True,
        removal_policy=RemovalPolicy.RETAIN,
        resource_policy=policy,
    )
