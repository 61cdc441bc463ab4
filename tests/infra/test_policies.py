"""Policies that every template must satisfy."""

import json
import re

import pytest

from tests.infra.reading import Resources, actions_of, named, of_type, statements

pytestmark = pytest.mark.synth


@pytest.mark.parametrize(
    ("queue", "function"),
    [
        ("hemascope-dev-arrivals", "hemascope-dev-screen-smear"),
        ("hemascope-dev-microscope-jobs", "hemascope-dev-microscope-jobs"),
        ("hemascope-dev-notifications", "hemascope-dev-send-notifications"),
        ("hemascope-dev-mail-events", "hemascope-dev-mail-events"),
    ],
)
def test_a_message_stays_invisible_for_six_times_its_functions_timeout(resources: Resources, queue: str, function: str) -> None:
    visibility = named(resources, "AWS::SQS::Queue", "QueueName", queue)["VisibilityTimeout"]
    timeout = named(resources, "AWS::Lambda::Function", "FunctionName", function)["Timeout"]

    assert visibility == 6 * timeout


def test_every_queue_that_feeds_a_function_is_in_the_table_above(resources: Resources) -> None:
    assert len(of_type(resources, "AWS::Lambda::EventSourceMapping")) == 4


def test_behind_every_queue_stands_a_dead_letter_queue_that_keeps_messages_for_two_weeks(resources: Resources) -> None:
    queues = of_type(resources, "AWS::SQS::Queue")

    targets = {
        queue["Properties"]["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
        for queue in queues.values()
        if "RedrivePolicy" in queue["Properties"]
    }
    without = {name.split("/")[1] for name, queue in queues.items() if "RedrivePolicy" not in queue["Properties"]}

    assert without == targets
    assert all(queue["Properties"]["MessageRetentionPeriod"] == 1_209_600 for queue in queues.values())


def test_every_queue_and_topic_is_encrypted(resources: Resources) -> None:
    queues, topics = of_type(resources, "AWS::SQS::Queue"), of_type(resources, "AWS::SNS::Topic")

    keys = [resource["Properties"].get("KmsMasterKeyId") for resource in (*queues.values(), *topics.values())]

    assert all(keys)


def test_every_bucket_is_private_versioned_and_encrypted(resources: Resources) -> None:
    for bucket in of_type(resources, "AWS::S3::Bucket").values():
        properties = bucket["Properties"]

        assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
        assert len(properties["PublicAccessBlockConfiguration"]) == 4
        assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
        (rule,) = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        # S3 and CloudFront cannot deliver access logs to a bucket with a customer managed key, and the site is public.
        expected = (
            "AES256" if any(part in json.dumps(properties["BucketName"]) for part in ("access-logs", "-site-")) else "aws:kms"
        )
        assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == expected


def test_every_bucket_writes_an_access_log(resources: Resources) -> None:
    without = [
        bucket["Properties"]["BucketName"]["Fn::Join"][1][0]
        for bucket in of_type(resources, "AWS::S3::Bucket").values()
        if "LoggingConfiguration" not in bucket["Properties"]
    ]

    assert without == ["hemascope-dev-access-logs-"]


def test_only_the_operator_may_delete_a_report(resources: Resources) -> None:
    denials = [
        statement for statement in statements(resources, "AWS::S3::BucketPolicy") if "s3:DeleteObject" in actions_of(statement)
    ]

    (denial,) = denials

    assert denial["Effect"] == "Deny"
    assert denial["Principal"] == {"AWS": "*"}
    assert actions_of(denial) == ["s3:DeleteObject", "s3:DeleteObjectVersion"]
    assert json.dumps(denial["Condition"]["ArnNotLike"]["aws:PrincipalArn"]).endswith(':role/hemascope-dev-operator"]]}')


@pytest.mark.parametrize(
    ("kind", "policy", "field"),
    [
        ("AWS::S3::Bucket", "AWS::S3::BucketPolicy", "Bucket"),
        ("AWS::SQS::Queue", "AWS::SQS::QueuePolicy", "Queues"),
        ("AWS::SNS::Topic", "AWS::SNS::TopicPolicy", "Topics"),
    ],
)
def test_plain_http_is_denied_everywhere(resources: Resources, kind: str, policy: str, field: str) -> None:
    denied = [
        resource["Properties"]
        for resource in of_type(resources, policy).values()
        if any(
            statement["Effect"] == "Deny"
            and statement["Principal"] in ("*", {"AWS": "*"})
            and statement.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport") == "false"
            for statement in resource["Properties"]["PolicyDocument"]["Statement"]
        )
    ]
    targets = [properties[field] for properties in denied]
    guarded = [reference["Ref"] for target in targets for reference in (target if isinstance(target, list) else [target])]

    assert sorted(guarded) == sorted(name.split("/")[1] for name in of_type(resources, kind))


def test_only_the_failed_messages_of_a_batch_are_delivered_again(resources: Resources) -> None:
    mappings = [mapping["Properties"] for mapping in of_type(resources, "AWS::Lambda::EventSourceMapping").values()]

    assert [mapping["FunctionResponseTypes"] for mapping in mappings] == [["ReportBatchItemFailures"]] * len(mappings)
    assert [mapping["ScalingConfig"]["MaximumConcurrency"] for mapping in mappings] == [10, 2, 5, 2]


def test_smears_go_to_the_alias_and_a_failing_new_version_is_rolled_back(resources: Resources) -> None:
    (group,) = [resource["Properties"] for resource in of_type(resources, "AWS::CodeDeploy::DeploymentGroup").values()]
    (alias,) = of_type(resources, "AWS::Lambda::Alias")
    mappings = json.dumps(
        [mapping["Properties"]["FunctionName"] for mapping in of_type(resources, "AWS::Lambda::EventSourceMapping").values()]
    )

    assert alias.split("/")[1] in mappings
    assert group["DeploymentConfigName"] == "CodeDeployDefault.LambdaCanary10Percent5Minutes"
    assert group["AutoRollbackConfiguration"]["Enabled"] is True
    assert set(group["AutoRollbackConfiguration"]["Events"]) == {"DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"}
    assert group["AlarmConfiguration"]["Enabled"] is True


def test_old_versions_of_the_function_are_kept_for_a_rollback(resources: Resources) -> None:
    (version,) = of_type(resources, "AWS::Lambda::Version").values()

    assert version["DeletionPolicy"] == "Retain"


def test_there_is_no_function_but_our_own(resources: Resources) -> None:
    names = {resource["Properties"].get("FunctionName") for resource in of_type(resources, "AWS::Lambda::Function").values()}
    custom = [
        resource["Type"]
        for resource in resources.values()
        if resource["Type"].startswith(("Custom::", "AWS::CloudFormation::Custom"))
    ]

    assert names == {
        "hemascope-dev-screen-smear",
        "hemascope-dev-microscope-jobs",
        "hemascope-dev-send-notifications",
        "hemascope-dev-mail-events",
        "hemascope-dev-portal-api",
        "hemascope-dev-report-documents",
    }
    assert custom == []


def test_only_the_uploads_bucket_may_send_to_the_queue(resources: Resources) -> None:
    senders = [
        statement
        for statement in statements(resources, "AWS::SQS::QueuePolicy")
        if statement["Effect"] == "Allow" and statement["Principal"] == {"Service": "s3.amazonaws.com"}
    ]

    (sender,) = senders

    assert actions_of(sender) == ["sqs:SendMessage"]
    assert "hemascope-dev-uploads-" in json.dumps(sender["Condition"]["ArnLike"]["aws:SourceArn"])


def test_the_notification_names_the_queue_and_the_prefix(resources: Resources) -> None:
    notified = [
        bucket["Properties"]["NotificationConfiguration"]
        for bucket in of_type(resources, "AWS::S3::Bucket").values()
        if "NotificationConfiguration" in bucket["Properties"]
    ]

    (configuration,) = notified
    (queue,) = configuration["QueueConfigurations"]

    assert queue["Event"] == "s3:ObjectCreated:*"
    assert queue["Filter"] == {"S3Key": {"Rules": [{"Name": "prefix", "Value": "smears/"}]}}


def test_every_table_can_be_restored_to_any_second_and_is_encrypted(resources: Resources) -> None:
    for table in of_type(resources, "AWS::DynamoDB::Table").values():
        properties = table["Properties"]

        assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert properties["SSESpecification"]["SSEType"] == "KMS"
        assert properties["BillingMode"] == "PAY_PER_REQUEST"
        assert properties["DeletionProtectionEnabled"] is True


def test_the_ledger_has_keys_for_object_hospital_slide_state_and_patient(resources: Resources) -> None:
    table = named(resources, "AWS::DynamoDB::Table", "TableName", "hemascope-dev-ledger")

    def names(keys: list[dict[str, str]]) -> list[str]:
        return [key["AttributeName"] for key in keys]

    assert names(table["KeySchema"]) == ["object_id", "model"]
    assert {index["IndexName"]: names(index["KeySchema"]) for index in table["GlobalSecondaryIndexes"]} == {
        "by-hospital": ["hospital", "finished_at"],
        "by-slide": ["slide", "hospital"],
        "by-state": ["state", "finished_at"],
        "by-patient": ["patient", "finished_at"],
        "by-microscope": ["microscope", "finished_at"],
    }


@pytest.mark.parametrize(
    ("kind", "places"),
    [
        ("notification", {"link", "state_sentence"}),
        ("reminder", {"link", "minutes"}),
        ("rejected", {"link", "reason", "advice"}),
        ("summary", {"link", "state_sentence", "answer", "probabilities"}),
        ("drift", {"link", "headline", "changes"}),
    ],
)
def test_a_mail_holds_a_link_and_only_what_its_kind_may(resources: Resources, kind: str, places: set[str]) -> None:
    templates = [template["Properties"]["Template"] for template in of_type(resources, "AWS::SES::Template").values()]
    (parts,) = [template for template in templates if template["TemplateName"] == f"hemascope-dev-mail-{kind}"]

    for part in ("TextPart", "HtmlPart"):
        assert set(re.findall(r"{{(\w+)}}", parts[part])) == places
        assert not any(word in parts[part].lower() for word in ("leukemia", "benign", "pre-b", "pro-b"))
    assert "{{" not in parts["SubjectPart"]
    assert len(templates) == 5
