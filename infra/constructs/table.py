"""Tables: encrypted, recoverable to any second of 35 days, and outliving their stack."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct


def text(name: str) -> dynamodb.Attribute:
    """A key of text."""
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
    """Create a table that is paid by the request and can't be deleted by mistake.

    Parameters
    ----------
    policy
        What the table itself refuses or allows, whatever a role may do.
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
