"""The table of the audit trails: entries are added and never changed."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.settings import Settings

# Whatever changes or takes away an item, and puts that can name no condition.
_CHANGES = (
    "dynamodb:BatchWriteItem",
    "dynamodb:DeleteItem",
    "dynamodb:PartiQLDelete",
    "dynamodb:PartiQLInsert",
    "dynamodb:PartiQLUpdate",
    "dynamodb:UpdateItem",
)


def audit_table(scope: Construct, identity: str, settings: Settings, key: kms.IKey) -> dynamodb.Table:
    """One partition a hospital, one item an entry, by its number.

    The table itself refuses to everybody, whatever their role allows, what would change an entry. A put over an entry is
    refused by no policy, since a policy can't ask for a condition: that shows in the chain of digests.
    """
    return dynamodb.Table(
        scope,
        identity,
        table_name=settings.name("audit"),
        partition_key=dynamodb.Attribute(name="hospital", type=dynamodb.AttributeType.STRING),
        sort_key=dynamodb.Attribute(name="number", type=dynamodb.AttributeType.NUMBER),
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
        encryption_key=key,
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(point_in_time_recovery_enabled=True),
        deletion_protection=True,
        removal_policy=RemovalPolicy.RETAIN,
        resource_policy=iam.PolicyDocument(
            statements=[
                iam.PolicyStatement(
                    effect=iam.Effect.DENY,
                    principals=[iam.AnyPrincipal()],
                    actions=list(_CHANGES),
                    resources=["*"],  # in a table's own policy: this table
                )
            ]
        ),
    )
