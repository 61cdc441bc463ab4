"""What must hold of every template, whoever changes a stack."""

import json
from typing import Any

import pytest

pytestmark = pytest.mark.synth

Resources = dict[str, dict[str, Any]]


def of_type(resources: Resources, kind: str) -> Resources:
    found = {name: one for name, one in resources.items() if one["Type"] == kind}
    assert found, f"no {kind} in the templates"
    return found


def statements(resources: Resources, kind: str) -> list[dict[str, Any]]:
    documents = [one["Properties"]["PolicyDocument"] for one in of_type(resources, kind).values()]
    return [statement for document in documents for statement in document["Statement"]]


def actions_of(statement: dict[str, Any]) -> list[str]:
    actions = statement["Action"]
    return [actions] if isinstance(actions, str) else list(actions)


def test_a_message_stays_invisible_for_six_times_the_functions_timeout(resources: Resources) -> None:
    (function,) = of_type(resources, "AWS::Lambda::Function").values()
    (arrivals,) = [one for one in of_type(resources, "AWS::SQS::Queue").values() if "RedrivePolicy" in one["Properties"]]

    visibility = arrivals["Properties"]["VisibilityTimeout"]

    assert visibility == 180
    assert visibility >= 6 * function["Properties"]["Timeout"]


def test_behind_every_queue_stands_a_dead_letter_queue_that_keeps_messages_for_two_weeks(resources: Resources) -> None:
    queues = of_type(resources, "AWS::SQS::Queue")

    targets = {
        one["Properties"]["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
        for one in queues.values()
        if "RedrivePolicy" in one["Properties"]
    }
    without = {name.split("/")[1] for name, one in queues.items() if "RedrivePolicy" not in one["Properties"]}

    assert without == targets
    assert all(one["Properties"]["MessageRetentionPeriod"] == 1_209_600 for one in queues.values())


def test_every_queue_and_topic_is_encrypted(resources: Resources) -> None:
    queues, topics = of_type(resources, "AWS::SQS::Queue"), of_type(resources, "AWS::SNS::Topic")

    keys = [one["Properties"].get("KmsMasterKeyId") for one in (*queues.values(), *topics.values())]

    assert all(keys)


def test_every_bucket_is_private_versioned_and_encrypted(resources: Resources) -> None:
    buckets = of_type(resources, "AWS::S3::Bucket")

    for bucket in buckets.values():
        properties = bucket["Properties"]

        assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
        assert len(properties["PublicAccessBlockConfiguration"]) == 4
        assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
        (rule,) = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"


@pytest.mark.parametrize(
    ("kind", "policy"),
    [
        ("AWS::S3::Bucket", "AWS::S3::BucketPolicy"),
        ("AWS::SQS::Queue", "AWS::SQS::QueuePolicy"),
        ("AWS::SNS::Topic", "AWS::SNS::TopicPolicy"),
    ],
)
def test_plain_http_is_denied_everywhere(resources: Resources, kind: str, policy: str) -> None:
    denials = [
        one
        for one in statements(resources, policy)
        if one["Effect"] == "Deny" and one.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport") == "false"
    ]

    assert len(denials) == len(of_type(resources, kind))


def test_failed_messages_of_a_batch_come_again_alone(resources: Resources) -> None:
    (mapping,) = of_type(resources, "AWS::Lambda::EventSourceMapping").values()

    assert mapping["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["Properties"]["ScalingConfig"] == {"MaximumConcurrency": 10}


def test_there_is_no_function_but_the_screening_function(resources: Resources) -> None:
    names = [one["Properties"].get("FunctionName") for one in of_type(resources, "AWS::Lambda::Function").values()]
    custom = [one["Type"] for one in resources.values() if one["Type"].startswith(("Custom::", "AWS::CloudFormation::Custom"))]

    assert names == ["hemascope-dev-screen-smear"]
    assert custom == []


def test_the_screening_role_may_do_this_and_nothing_else(resources: Resources) -> None:
    allowed = {action for one in statements(resources, "AWS::IAM::Policy") for action in actions_of(one)}

    assert allowed == {
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "kms:Decrypt",
        "kms:GenerateDataKey",
        "s3:GetObject",
        "s3:GetObjectVersion",
        "s3:PutObject",
        "ses:SendTemplatedEmail",
        "sns:Publish",
        "sqs:ChangeMessageVisibility",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:GetQueueUrl",
        "sqs:ReceiveMessage",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    }


def test_the_role_reaches_only_named_resources_but_for_tracing(resources: Resources) -> None:
    everywhere = [one for one in statements(resources, "AWS::IAM::Policy") if one["Resource"] == "*"]

    assert [actions_of(one) for one in everywhere] == [["xray:PutTraceSegments", "xray:PutTelemetryRecords"]]


def test_only_the_uploads_bucket_may_send_to_the_queue(resources: Resources) -> None:
    senders = [one for one in statements(resources, "AWS::SQS::QueuePolicy") if "sqs:SendMessage" in actions_of(one)]

    (sender,) = senders

    assert sender["Principal"] == {"Service": "s3.amazonaws.com"}
    assert "hemascope-dev-uploads-" in json.dumps(sender["Condition"]["ArnLike"]["aws:SourceArn"])


def test_the_notification_names_the_queue_and_the_prefix(resources: Resources) -> None:
    notified = [
        one["Properties"]["NotificationConfiguration"]
        for one in of_type(resources, "AWS::S3::Bucket").values()
        if "NotificationConfiguration" in one["Properties"]
    ]

    (configuration,) = notified
    (queue,) = configuration["QueueConfigurations"]

    assert queue["Event"] == "s3:ObjectCreated:*"
    assert queue["Filter"] == {"S3Key": {"Rules": [{"Name": "prefix", "Value": "smears/"}]}}


def test_the_ledger_can_be_restored_to_any_second(resources: Resources) -> None:
    (table,) = of_type(resources, "AWS::DynamoDB::Table").values()
    properties = table["Properties"]

    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["SSESpecification"]["SSEType"] == "KMS"
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert [(one["AttributeName"], one["KeyType"]) for one in properties["KeySchema"]] == [
        ("object_id", "HASH"),
        ("model", "RANGE"),
    ]


def test_logs_have_an_end_and_a_key(resources: Resources) -> None:
    for group in of_type(resources, "AWS::Logs::LogGroup").values():
        assert group["Properties"]["RetentionInDays"] == 90
        assert "KmsKeyId" in group["Properties"]


@pytest.mark.parametrize("kind", ["AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::Logs::LogGroup"])
def test_nothing_with_data_is_destroyed_with_its_stack(resources: Resources, kind: str) -> None:
    policies = {(one["DeletionPolicy"], one["UpdateReplacePolicy"]) for one in of_type(resources, kind).values()}

    assert policies == {("Retain", "Retain")}


def test_the_mail_template_holds_a_link_and_no_result(resources: Resources) -> None:
    (template,) = of_type(resources, "AWS::SES::Template").values()
    parts = template["Properties"]["Template"]

    for part in ("TextPart", "HtmlPart"):
        assert "{{link}}" in parts[part]
        assert not any(word in parts[part].lower() for word in ("leukemia", "benign", "pre-b", "pro-b", "probab"))
    assert "{{" not in parts["SubjectPart"]
