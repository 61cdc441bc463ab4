"""Actions and principal of every role as literal lists: a role that is not listed fails, whatever its stack."""

import json

import pytest

from tests.infra.reading import Resources, actions_of, allowing_statements, named, of_type, plain, statements

pytestmark = pytest.mark.synth

QUEUE_READER = {
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
    "sqs:ReceiveMessage",
}
FUNCTION = {"logs:CreateLogStream", "logs:PutLogEvents", "xray:PutTelemetryRecords", "xray:PutTraceSegments"}
WITH_PICTURES = {
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
    *FUNCTION,
}
LAMBDA, IOT = {"Service": "lambda.amazonaws.com"}, {"Service": "iot.amazonaws.com"}

# Stack and name of the role -> its principal and its actions. test_archive and test_devices check resources and conditions.
ROLES: dict[str, tuple[dict[str, str], set[str]]] = {
    "screening/Role": (
        LAMBDA,
        WITH_PICTURES,
    ),
    "screening/MicroscopeJobsRole": (
        LAMBDA,
        WITH_PICTURES,
    ),
    "screening/Deployer": (
        {"Service": "codedeploy.amazonaws.com"},
        {"cloudwatch:DescribeAlarms", "lambda:GetAlias", "lambda:GetProvisionedConcurrencyConfig", "lambda:UpdateAlias"},
    ),
    "notification/SendNotificationsRole": (
        LAMBDA,
        {
            "dynamodb:GetItem",
            "dynamodb:UpdateItem",
            "kms:Decrypt",
            "kms:GenerateDataKey",
            "s3:GetObject",
            "ses:SendTemplatedEmail",
            "sns:Publish",
            "sqs:SendMessage",
            *QUEUE_READER,
            *FUNCTION,
        },
    ),
    "notification/RecordMailEventsRole": (LAMBDA, {"dynamodb:UpdateItem", "kms:Decrypt", *QUEUE_READER, *FUNCTION}),
    "portal/AnswerRole": (
        LAMBDA,
        {
            "cognito-idp:AdminAddUserToGroup",
            "cognito-idp:AdminCreateUser",
            "cognito-idp:AdminDeleteUser",
            "cognito-idp:AdminGetUser",
            "cognito-idp:AdminListGroupsForUser",
            "cognito-idp:CreateGroup",
            "cognito-idp:ListUsersInGroup",
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:Query",
            "dynamodb:UpdateItem",
            "kms:Decrypt",
            "kms:GenerateDataKey",
            "s3:GetObject",
            "s3:PutObject",
            "sqs:SendMessage",
            *FUNCTION,
        },
    ),
    "portal/DocumentsRole": (LAMBDA, WITH_PICTURES - QUEUE_READER - {"s3:PutObject", "sqs:SendMessage"}),
    "archive/MachineRole": (
        {"Service": "states.amazonaws.com"},
        {
            "kms:Decrypt",
            "kms:GenerateDataKey",
            "logs:CreateLogDelivery",
            "logs:DeleteLogDelivery",
            "logs:DescribeLogGroups",
            "logs:DescribeResourcePolicies",
            "logs:GetLogDelivery",
            "logs:ListLogDeliveries",
            "logs:PutResourcePolicy",
            "logs:UpdateLogDelivery",
            "s3:AbortMultipartUpload",
            "s3:GetObject",
            "s3:ListBucket",
            "s3:ListBucketVersions",
            "s3:ListMultipartUploadParts",
            "s3:PutObject",
            "sqs:SendMessage",
            "states:DescribeExecution",
            "states:StartExecution",
            "states:StopExecution",
            "xray:GetSamplingRules",
            "xray:GetSamplingTargets",
            "xray:PutTelemetryRecords",
            "xray:PutTraceSegments",
        },
    ),
    "operator/Operator": (
        {"AWS": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"},
        {
            "cloudformation:DescribeStacks",
            "dynamodb:BatchGetItem",
            "dynamodb:DeleteItem",
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:Query",
            "dynamodb:Scan",
            "dynamodb:UpdateItem",
            "kms:Decrypt",
            "kms:GenerateDataKey",
            "s3:DeleteObject",
            "s3:DeleteObjectVersion",
            "s3:GetObject",
            "s3:GetObjectVersion",
            "s3:ListBucket",
            "s3:ListBucketVersions",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:ListMessageMoveTasks",
            "sqs:ReceiveMessage",
            "sqs:SendMessage",
            "sqs:StartMessageMoveTask",
            "states:DescribeExecution",
            "states:DescribeMapRun",
            "states:ListMapRuns",
            "states:StartExecution",
            "states:StopExecution",
        },
    ),
    "devices/Microscope": ({"Service": "credentials.iot.amazonaws.com"}, {"kms:GenerateDataKey", "s3:PutObject"}),
    "devices/demohospitalProvisioning": (
        IOT,
        {
            "iot:AttachPolicy",
            "iot:AttachPrincipalPolicy",
            "iot:AttachThingPrincipal",
            "iot:CreateThing",
            "iot:DescribeCertificate",
            "iot:DescribeThing",
            "iot:DescribeThingType",
            "iot:GetPolicy",
            "iot:ListPrincipalThings",
            "iot:ListThingPrincipals",
            "iot:UpdateCertificate",
        },
    ),
}
KNOWN = {"AWS::IAM::Role", "AWS::IAM::Policy"}
WIDER = {"ManagedPolicyArns", "Policies"}  # in a role itself
# Actions that assume another identity or change permissions.
POWERS = (
    "iam:",
    "sts:",
    "organizations:",
    "lambda:Update",
    "lambda:Create",
    "lambda:Add",
    "kms:Put",
    "kms:Create",
    "s3:PutBucket",
)


def role_key(name: str) -> str:
    """``screening/Role`` for ``screening/Role1ABCC5F0``."""
    return str(plain({"Ref": name}))[2:-1]


def allowed(resources: Resources, role: str) -> set[str]:
    """Every action that a policy of the role's stack allows it."""
    stack, identity = role.split("/")
    return {
        action
        for name, policy in of_type(resources, "AWS::IAM::Policy").items()
        if name.split("/")[0] == stack and {"Ref": identity} in policy["Properties"]["Roles"]
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        for action in actions_of(statement)
    }


def test_each_role_may_do_this_and_nothing_else(resources: Resources) -> None:
    found = {role_key(name): allowed(resources, name) for name in of_type(resources, "AWS::IAM::Role")}

    assert found == {name: actions for name, (_, actions) in ROLES.items()}


def test_each_role_is_assumed_by_this_principal_and_nobody_else(resources: Resources) -> None:
    found = {
        role_key(name): [
            plain(statement["Principal"]) for statement in role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        ]
        for name, role in of_type(resources, "AWS::IAM::Role").items()
    }

    assert found == {name: [principal] for name, (principal, _) in ROLES.items()}


def test_permissions_are_only_in_policies_of_a_single_role(resources: Resources) -> None:
    elsewhere = [
        name
        for name, resource in resources.items()
        if resource["Type"].startswith("AWS::IAM::") and resource["Type"] not in KNOWN
    ]
    wider = [name for name, role in of_type(resources, "AWS::IAM::Role").items() if WIDER & set(role["Properties"])]
    shared = [
        name for name, policy in of_type(resources, "AWS::IAM::Policy").items() if len(policy["Properties"]["Roles"]) != 1
    ]

    assert (elsewhere, wider, shared) == ([], [], [])


@pytest.mark.parametrize(
    ("function", "role"),
    [
        ("hemascope-dev-screen-smear", "screening/Role"),
        ("hemascope-dev-microscope-jobs", "screening/MicroscopeJobsRole"),
        ("hemascope-dev-send-notifications", "notification/SendNotificationsRole"),
        ("hemascope-dev-mail-events", "notification/RecordMailEventsRole"),
        ("hemascope-dev-portal-api", "portal/AnswerRole"),
        ("hemascope-dev-report-documents", "portal/DocumentsRole"),
    ],
)
def test_each_function_has_a_role_of_its_own(resources: Resources, function: str, role: str) -> None:
    taken = named(resources, "AWS::Lambda::Function", "FunctionName", function)["Role"]["Fn::GetAtt"][0]

    assert role_key(f"{role.split('/', maxsplit=1)[0]}/{taken}") == role


def test_no_role_may_change_permissions(resources: Resources) -> None:
    # CodeDeploy moves the alias.
    powerful = {
        (role_key(name), action)
        for name in of_type(resources, "AWS::IAM::Role")
        for action in allowed(resources, name)
        if action.startswith(POWERS)
    }

    assert powerful == {("screening/Deployer", "lambda:UpdateAlias")}


def test_only_tracing_is_allowed_on_every_resource(resources: Resources) -> None:
    # The archive's state machine, which may also set up its log, has a test of its own.
    elsewhere = {name: resource for name, resource in resources.items() if not name.startswith("archive/")}
    everywhere = [statement for statement in statements(elsewhere, "AWS::IAM::Policy") if statement["Resource"] == "*"]

    assert {tuple(sorted(actions_of(statement))) for statement in everywhere} == {
        ("xray:PutTelemetryRecords", "xray:PutTraceSegments")
    }


def test_no_allowed_action_is_a_wildcard_whatever_the_kind_of_policy(resources: Resources) -> None:
    allowing = [statement for resource in resources.values() for statement in allowing_statements(resource["Properties"])]
    wild = [
        statement
        for statement in allowing
        if "NotAction" in statement or any("*" in action for action in actions_of(statement))
    ]

    # A key policy must name the account, else nobody could ever change it; IAM decides what the account's users may do.
    account = {"AWS": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}
    assert len(allowing) > 60
    assert {json.dumps([statement["Action"], plain(statement["Principal"])]) for statement in wild} == {
        json.dumps(["kms:*", account])
    }
    assert len(wild) == len(of_type(resources, "AWS::KMS::Key"))


def test_nobody_is_allowed_anything_without_being_named(resources: Resources) -> None:
    allowing = [statement for resource in resources.values() for statement in allowing_statements(resource["Properties"])]

    public = [
        statement for statement in allowing if statement.get("Principal") in ("*", {"AWS": "*"}) or "NotPrincipal" in statement
    ]

    assert public == []
