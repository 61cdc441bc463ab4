"""What each role may do, as literal lists."""

import pytest

from tests.infra.reading import Resources, actions_of, named, of_type, statements

pytestmark = pytest.mark.synth

QUEUE_READER = {
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
    "sqs:ReceiveMessage",
}
FUNCTION = {"logs:CreateLogStream", "logs:PutLogEvents", "xray:PutTelemetryRecords", "xray:PutTraceSegments"}


@pytest.mark.parametrize(
    ("function", "actions"),
    [
        (
            "hemascope-dev-screen-smear",
            {
                "dynamodb:GetItem",
                "dynamodb:PutItem",
                "dynamodb:Query",
                "kms:Decrypt",
                "kms:GenerateDataKey",
                "s3:GetObject",
                "s3:GetObjectVersion",
                "s3:PutObject",
                "sqs:SendMessage",
                *QUEUE_READER,
            },
        ),
        (
            "hemascope-dev-deliver-report",
            {
                "dynamodb:GetItem",
                "dynamodb:UpdateItem",
                "kms:Decrypt",
                "kms:GenerateDataKey",
                "ses:SendTemplatedEmail",
                "sns:Publish",
                *QUEUE_READER,
            },
        ),
        ("hemascope-dev-mail-events", {"dynamodb:UpdateItem", "kms:Decrypt", *QUEUE_READER}),
        (
            "hemascope-dev-portal-api",
            {"dynamodb:Query", "kms:Decrypt", "kms:GenerateDataKey", "s3:GetObject", "s3:PutObject"},
        ),
    ],
)
def test_a_functions_role_may_do_this_and_nothing_else(resources: Resources, function: str, actions: set[str]) -> None:
    role = named(resources, "AWS::Lambda::Function", "FunctionName", function)["Role"]["Fn::GetAtt"][0]
    policies = [
        one["Properties"]
        for one in of_type(resources, "AWS::IAM::Policy").values()
        if one["Properties"]["Roles"] == [{"Ref": role}]
    ]
    (properties,) = [
        one["Properties"] for name, one in of_type(resources, "AWS::IAM::Role").items() if name.split("/")[1] == role
    ]

    allowed = {action for policy in policies for one in policy["PolicyDocument"]["Statement"] for action in actions_of(one)}

    assert allowed == actions | FUNCTION
    assert not {"ManagedPolicyArns", "Policies"} & set(properties)


def test_no_role_reaches_everything_but_for_tracing(resources: Resources) -> None:
    # The archive's machine, which may set up its log too, has a test of its own.
    elsewhere = {name: one for name, one in resources.items() if not name.startswith("archive/")}
    everywhere = [one for one in statements(elsewhere, "AWS::IAM::Policy") if one["Resource"] == "*"]

    assert {tuple(sorted(actions_of(one))) for one in everywhere} == {("xray:PutTelemetryRecords", "xray:PutTraceSegments")}


def test_no_action_is_a_wildcard(resources: Resources) -> None:
    wild = [action for one in statements(resources, "AWS::IAM::Policy") for action in actions_of(one) if "*" in action]

    assert wild == []
