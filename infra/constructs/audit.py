"""The table of the audit trails: entries are added and never changed."""

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.constructs.table import safe_table, text
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
    refusal = iam.PolicyStatement(
        effect=iam.Effect.DENY,
        principals=[iam.AnyPrincipal()],
        actions=list(_CHANGES),
        resources=["*"],  # in a table's own policy: this table
    )
    return safe_table(
        scope,
        identity,
        settings.name("audit"),
        key=key,
        partition=text("hospital"),
        sort=dynamodb.Attribute(name="number", type=dynamodb.AttributeType.NUMBER),
        policy=iam.PolicyDocument(statements=[refusal]),
    )
