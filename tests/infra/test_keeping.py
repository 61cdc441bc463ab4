"""Retention of data and logs; and no stack or resource type that these tests do not cover."""

import json
from pathlib import Path

import pytest

from hemascope_cli.local.templates import STACKS as LOCAL_STACKS
from infra.settings import Settings
from infra.snapshot import STACKS
from tests.infra.reading import Resources, of_type

pytestmark = pytest.mark.synth

# The property that names the log group of each resource type that writes a log.
LOG_OF = {
    "AWS::Lambda::Function": "LoggingConfig",
    "AWS::StepFunctions::StateMachine": "LoggingConfiguration",
    "AWS::ApiGatewayV2::Stage": "AccessLogSettings",
}
HOLDS_DATA = [
    "AWS::Cognito::UserPool",
    "AWS::DynamoDB::Table",
    "AWS::KMS::Key",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
]
# A deployment recreates these. `hemascope reconcile` finds and resends the smears and notifications that a lost queue held.
HOLDS_NOTHING = [
    "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::Authorizer",
    "AWS::ApiGatewayV2::Integration",
    "AWS::ApiGatewayV2::Route",
    "AWS::ApiGatewayV2::Stage",
    "AWS::Budgets::Budget",
    "AWS::CloudFront::Distribution",
    "AWS::CloudFront::OriginAccessControl",
    "AWS::CloudFront::ResponseHeadersPolicy",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::CodeDeploy::Application",
    "AWS::CodeDeploy::DeploymentGroup",
    "AWS::Cognito::ManagedLoginBranding",
    "AWS::Cognito::UserPoolClient",
    "AWS::Cognito::UserPoolDomain",
    "AWS::Cognito::UserPoolGroup",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::IoT::Policy",
    "AWS::IoT::ProvisioningTemplate",
    "AWS::IoT::RoleAlias",
    "AWS::IoT::ThingType",
    "AWS::Lambda::Alias",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Function",
    "AWS::Lambda::LayerVersion",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Version",
    "AWS::S3::BucketPolicy",
    "AWS::SES::ConfigurationSet",
    "AWS::SES::ConfigurationSetEventDestination",
    "AWS::SES::EmailIdentity",
    "AWS::SES::Template",
    "AWS::SNS::Subscription",
    "AWS::SNS::Topic",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::Queue",
    "AWS::SQS::QueuePolicy",
    "AWS::StepFunctions::StateMachine",
]


@pytest.mark.parametrize("kind", HOLDS_DATA)
def test_nothing_with_data_is_destroyed_with_its_stack(resources: Resources, kind: str) -> None:
    policies = {
        (resource.get("DeletionPolicy"), resource.get("UpdateReplacePolicy")) for resource in of_type(resources, kind).values()
    }

    assert policies == {("Retain", "Retain")}


def test_of_every_kind_of_resource_it_is_known_whether_it_holds_data(resources: Resources) -> None:
    assert {resource["Type"] for resource in resources.values()} == {*HOLDS_DATA, *HOLDS_NOTHING}


def test_every_log_has_an_end_and_a_key(resources: Resources) -> None:
    for group in of_type(resources, "AWS::Logs::LogGroup").values():
        assert group["Properties"]["RetentionInDays"] == 90
        assert "KmsKeyId" in group["Properties"]


@pytest.mark.parametrize("kind", LOG_OF)
def test_nothing_writes_into_a_log_that_aws_makes_without_an_end_and_a_key(resources: Resources, kind: str) -> None:
    ours = [f'"{name.split("/")[1]}"' for name in of_type(resources, "AWS::Logs::LogGroup")]

    targets = [json.dumps(resource["Properties"].get(LOG_OF[kind])) for resource in of_type(resources, kind).values()]

    assert [target for target in targets if not any(log in target for log in ours)] == []


def test_tests_snapshots_and_local_cloud_cover_every_stack(assembly: Path) -> None:
    synthesized = {path.name.removesuffix(".template.json") for path in assembly.glob("*.template.json")}

    assert synthesized == set(STACKS.values())
    assert synthesized == {Settings().stack(name) for name in LOCAL_STACKS}
