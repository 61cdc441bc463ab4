"""The table of what each hospital has decided."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.settings import Settings


def hospitals_table(scope: Construct, identity: str, settings: Settings, key: kms.IKey) -> dynamodb.Table:
    """One item a hospital; it outlives its stack, since nobody else knows who is to be told."""
    return dynamodb.Table(
        scope,
        identity,
        table_name=settings.name("hospitals"),
        partition_key=dynamodb.Attribute(name="hospital", type=dynamodb.AttributeType.STRING),
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
        encryption_key=key,
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(point_in_time_recovery_enabled=True),
        deletion_protection=True,
        removal_policy=RemovalPolicy.RETAIN,
    )
