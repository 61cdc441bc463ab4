"""The table of the audit trails, which is append-only."""

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.constructs.table import safe_table, text
from infra.settings import Settings

# Every action that changes or deletes an item, and those that put items without a condition.
_CHANGES = (
    "dynamodb:BatchWriteItem",
    "dynamodb:DeleteItem",
    "dynamodb:PartiQLDelete",
    "dynamodb:PartiQLInsert",
    "dynamodb:PartiQLUpdate",
    "dynamodb:UpdateItem",
)


def audit_table(scope: Construct, identity: str, settings: Settings, key: kms.IKey) -> dynamodb.Table:
    """Create the table: one partition per hospital, one item per entry, sorted by number.

    Its resource policy denies everybody, whatever their role allows, the actions that change or delete an entry. No policy
    can deny a put over an existing entry, since a policy cannot require a condition; the chain of digests reveals it.
    """
    refusal = iam.PolicyStatement(
        effect=iam.Effect.DENY,
        principals=[iam.AnyPrincipal()],
        actions=list(_CHANGES),
        resources=["*"],  # in a table policy, `*` is this table
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
