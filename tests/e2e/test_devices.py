"""Microscopes on the embedded cloud: what it made of the stack, judged by its own evaluation of policies."""

import hashlib
import json
from itertools import product
from pathlib import Path
from typing import Any

import boto3
import pytest
from ministack.core.iam_evaluator import EvalContext, evaluate, parse_policy_document

from hemascope.domain.specimen import ObjectVersion, specimen_of
from hemascope_cli.local.cloud import ACCOUNT, REGION
from hemascope_cli.main import main
from tests.e2e.conftest import Service

pytestmark = pytest.mark.local_cloud

BUCKET = f"hemascope-dev-uploads-{ACCOUNT}-{REGION}"
IOT = f"arn:aws:iot:{REGION}:{ACCOUNT}"
OURS = "smears/demo-hospital/p-1/c-1/demo-hospital:7/field.jpg"
MICROSCOPE = {"credentials-iot:thingtypename": "demo-hospital", "credentials-iot:thingname": "demo-hospital:7"}
TEMPLATE = "topic/$aws/provisioning-templates/hemascope-dev-{}/provision/json"


def decision(document: str | dict[str, Any], action: str, resource: str, context: dict[str, str]) -> str:
    """Allow or deny, as the emulator would."""
    text = document if isinstance(document, str) else json.dumps(document)
    if "credentials-iot:thingtypename" in context:
        # AWS fills this in; without a thing's name it stays as it is and fits no object.
        text = text.replace("${credentials-iot:ThingTypeName}", context["credentials-iot:thingtypename"])
        text = text.replace("${credentials-iot:ThingName}", context["credentials-iot:thingname"])
    asked = EvalContext(
        principal_arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/any/any",
        principal_type="AssumedRole",
        principal_account=ACCOUNT,
        action=action,
        resource_arn=resource,
        region=REGION,
        service_context=context,
    )
    return str(evaluate(asked, [parse_policy_document(text)]).decision)


def physical_id(service: Service, stack: str, kind: str, beginning: str) -> str:
    listed = service.cloud.client("cloudformation").list_stack_resources(StackName=f"Hemascope-dev-{stack}")
    (found,) = [
        summary_of_resource["PhysicalResourceId"]
        for summary_of_resource in listed["StackResourceSummaries"]
        if summary_of_resource["ResourceType"] == kind and summary_of_resource["LogicalResourceId"].startswith(beginning)
    ]
    return str(found)


@pytest.fixture(scope="module")
def role_policy(service: Service) -> dict[str, Any]:
    """The one policy of the microscopes' role."""
    iam, role = service.cloud.client("iam"), physical_id(service, "Devices", "AWS::IAM::Role", "Microscope")
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document: dict[str, Any] = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    return document


@pytest.fixture(scope="module")
def key(service: Service) -> str:
    """ARN of the key of the uploads bucket."""
    return f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{physical_id(service, 'Ingest', 'AWS::KMS::Key', 'Key')}"


def iot_policy(service: Service, name: str) -> str:
    document: str = service.cloud.client("iot").get_policy(policyName=name)["policyDocument"]
    return document


def test_the_hospital_has_its_type_and_a_template_that_is_enabled(service: Service) -> None:
    iot = service.cloud.client("iot")

    kind = iot.describe_thing_type(thingTypeName="demo-hospital")
    template = iot.describe_provisioning_template(templateName="hemascope-dev-demo-hospital")

    assert kind["thingTypeName"] == "demo-hospital"
    assert template["enabled"] is True
    assert json.loads(template["templateBody"])["Resources"]["thing"]["Properties"]["ThingTypeName"] == "demo-hospital"


def test_a_microscope_uploads_in_its_hospital_under_its_name(role_policy: dict[str, Any], key: str) -> None:
    through_s3 = {"kms:viaservice": f"s3.{REGION}.amazonaws.com", "kms:encryptioncontext:aws:s3:arn": f"arn:aws:s3:::{BUCKET}"}

    upload = decision(role_policy, "s3:PutObject", f"arn:aws:s3:::{BUCKET}/{OURS}", MICROSCOPE)
    encryption = decision(role_policy, "kms:GenerateDataKey", key, MICROSCOPE | through_s3)

    assert (upload, encryption) == ("Allow", "Allow")


@pytest.mark.parametrize(
    ("action", "what", "context"),
    [
        ("s3:PutObject", "smears/other-hospital/p-1/c-1/demo-hospital:7/field.jpg", {}),
        ("s3:PutObject", "smears/demo-hospital-2/p-1/c-1/demo-hospital:7/field.jpg", {}),
        ("s3:PutObject", "smears/demo-hospital/p-1/c-1/demo-hospital:8/field.jpg", {}),
        ("s3:PutObject", "smears/demo-hospital/p-1/c-1/demo-hospital:77/field.jpg", {}),
        ("s3:PutObject", "smears/demo-hospital/p-1/c-1/7/field.jpg", {}),
        ("s3:PutObject", "smears/demo-hospital/p-1/c-1/reference/demo-hospital:7", {}),
        ("s3:PutObject", "smears/demo-hospital/p-1/c-1/demo-hospital:7", {}),
        ("s3:PutObject", "smears/demo-hospital/p-1/demo-hospital:7/field.jpg", {}),
        ("s3:PutObject", "smears/demo-hospital/p-1/c-1/field.jpg", {}),
        ("s3:PutObject", OURS, {"credentials-iot:thingname": "demo-hospital:8"}),
        ("s3:PutObject", "smears/demo-hospital", {}),
        ("s3:PutObject", "smears/", {}),
        ("s3:PutObject", "reports/demo-hospital/report.json", {}),
        ("s3:PutObject", OURS, {"credentials-iot:thingtypename": "other-hospital"}),
        ("s3:PutObject", OURS, {"s3:x-amz-server-side-encryption": "AES256"}),
        ("s3:PutObject", OURS, {"s3:x-amz-server-side-encryption-aws-kms-key-id": "arn:aws:kms:us-east-1:1:key/theirs"}),
        ("s3:PutObject", OURS, {"s3:x-amz-server-side-encryption-customer-algorithm": "AES256"}),
        ("s3:PutObject", OURS, {"s3:x-amz-storage-class": "DEEP_ARCHIVE"}),
        ("s3:PutObjectAcl", OURS, {}),
        ("s3:PutObjectTagging", OURS, {}),
        ("s3:GetObject", OURS, {}),
        ("s3:GetObjectVersion", OURS, {}),
        ("s3:DeleteObject", OURS, {}),
        ("s3:DeleteObjectVersion", OURS, {}),
        ("s3:AbortMultipartUpload", OURS, {}),
        ("s3:ListBucket", "", {}),
        ("s3:ListBucketVersions", "", {}),
        ("s3:PutBucketPolicy", "", {}),
    ],
)
def test_a_microscope_may_not(role_policy: dict[str, Any], action: str, what: str, context: dict[str, str]) -> None:
    resource = f"arn:aws:s3:::{BUCKET}/{what}".rstrip("/")

    assert decision(role_policy, action, resource, MICROSCOPE | context) == "ImplicitDeny"


def test_a_key_that_a_microscope_may_write_names_it_or_is_rejected(role_policy: dict[str, Any]) -> None:
    names = ("demo-hospital:7", "demo-hospital:8", "", "p-1")
    for parts in (parts for length in range(1, 7) for parts in product(names, repeat=length)):
        key = "/".join(("smears", "demo-hospital", *parts))
        if "/demo-hospital:7/" not in key:
            continue  # denied by the cases above, and there are many
        specimen = specimen_of(key)
        allowed = decision(role_policy, "s3:PutObject", f"arn:aws:s3:::{BUCKET}/{key}", MICROSCOPE) == "Allow"

        assert not allowed or specimen is None or specimen.microscope == "demo-hospital:7", key
        assert allowed or specimen is None or specimen.microscope != "demo-hospital:7", key


def test_a_microscope_that_does_not_say_which_it_is_may_not_upload(role_policy: dict[str, Any]) -> None:
    certificate_only = {"credentials-iot:awscertificateid": "0f"}

    assert decision(role_policy, "s3:PutObject", f"arn:aws:s3:::{BUCKET}/{OURS}", certificate_only) == "ImplicitDeny"


@pytest.mark.parametrize(
    ("action", "context"),
    [
        ("kms:Decrypt", {"kms:viaservice": f"s3.{REGION}.amazonaws.com"}),
        ("kms:GenerateDataKey", {}),
        ("kms:GenerateDataKey", {"kms:viaservice": f"sqs.{REGION}.amazonaws.com"}),
        (
            "kms:GenerateDataKey",
            {"kms:viaservice": f"s3.{REGION}.amazonaws.com", "kms:encryptioncontext:aws:s3:arn": "arn:aws:s3:::another"},
        ),
    ],
)
def test_the_key_serves_a_microscope_for_uploads_only(
    role_policy: dict[str, Any], key: str, action: str, context: dict[str, str]
) -> None:
    assert decision(role_policy, action, key, MICROSCOPE | context) == "ImplicitDeny"


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("iot:AssumeRoleWithCertificate", "rolealias/another"),
        ("iot:Connect", "client/demo-hospital:7"),
        ("iot:Publish", "topic/anything"),
        ("iot:Publish", "topic/$aws/things/demo-hospital:7/shadow/update"),
        ("iot:Publish", TEMPLATE.format("demo-hospital")),
        ("iot:UpdateThing", "thing/demo-hospital:7"),
    ],
)
def test_a_microscopes_certificate_may_not(service: Service, action: str, resource: str) -> None:
    document = iot_policy(service, "hemascope-dev-microscope")

    assert decision(document, action, f"{IOT}:{resource}", {}) == "ImplicitDeny"
    assert decision(document, "iot:AssumeRoleWithCertificate", f"{IOT}:rolealias/hemascope-dev-microscope", {}) == "Allow"


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("iot:Connect", "client/demo-hospital:7"),
        ("iot:Publish", "topic/$aws/certificates/create-from-csr/json"),
        ("iot:Subscribe", "topicfilter/$aws/certificates/create-from-csr/json/accepted"),
        ("iot:Receive", "topic/$aws/certificates/create-from-csr/json/accepted"),
        ("iot:Publish", TEMPLATE.format("demo-hospital")),
        ("iot:Receive", TEMPLATE.format("demo-hospital") + "/rejected"),
    ],
)
def test_a_claim_may_provision_for_its_hospital(service: Service, action: str, resource: str) -> None:
    assert decision(iot_policy(service, "hemascope-dev-demo-hospital-claim"), action, f"{IOT}:{resource}", {}) == "Allow"


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("iot:AssumeRoleWithCertificate", "rolealias/hemascope-dev-microscope"),
        ("iot:Connect", "client/other-hospital:7"),
        ("iot:Connect", "client/anything"),
        ("iot:Publish", TEMPLATE.format("other-hospital")),
        ("iot:Publish", TEMPLATE.format("demo-hospital-2")),
        ("iot:Receive", TEMPLATE.format("other-hospital") + "/accepted"),
        ("iot:Publish", "topic/$aws/certificates/create/json/accepted"),
        ("iot:Publish", "topic/$aws/things/demo-hospital:7/shadow/update"),
        ("iot:Subscribe", "topicfilter/#"),
        ("iot:Subscribe", "topicfilter/$aws/certificates/#"),
        ("iot:CreateThing", "thing/demo-hospital:7"),
        ("iot:UpdateThing", "thing/demo-hospital:7"),
    ],
)
def test_a_claim_may_not(service: Service, action: str, resource: str) -> None:
    document = iot_policy(service, "hemascope-dev-demo-hospital-claim")

    assert decision(document, action, f"{IOT}:{resource}", {}) == "ImplicitDeny"


def test_any_s3_client_with_a_microscopes_keys_uploads_as_the_agent_does(
    service: Service, smear: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:role/{physical_id(service, 'Devices', 'AWS::IAM::Role', 'Microscope')}"
    keys = service.cloud.client("sts").assume_role(RoleArn=arn, RoleSessionName="0f")["Credentials"]
    names = {
        "aws_access_key_id": "AccessKeyId",
        "aws_secret_access_key": "SecretAccessKey",
        "aws_session_token": "SessionToken",
    }
    for name, given in names.items():
        monkeypatch.setenv(name.upper(), keys[given])
    s3 = boto3.client("s3", endpoint_url=service.cloud.endpoint, region_name=REGION)
    (tmp_path / "pictures" / "p-1" / "c-9").mkdir(parents=True)
    (tmp_path / "pictures" / "p-1" / "c-9" / "by agent.jpg").write_bytes(smear)
    words = ["--hospital", "demo-hospital", "--confirm-existing", "--settle", "0", "--poll", "0.05", "--once"]
    places = {"--watch": tmp_path / "pictures", "--outbox": tmp_path / "outbox.sqlite"}
    where = {"--bucket": BUCKET, "--endpoint": service.cloud.endpoint} | places

    answer = s3.put_object(Bucket=BUCKET, Key="smears/demo-hospital/p-1/c-9/demo-hospital:7/by client.jpg", Body=smear)
    status = main(["microscope", *words, *(str(word) for pair in where.items() for word in pair)])

    listed = service.cloud.client("s3").list_object_versions(Bucket=BUCKET, Prefix="smears/demo-hospital/p-1/c-9/")["Versions"]
    versions = [ObjectVersion(bucket=BUCKET, key=stored["Key"], version_id=stored["VersionId"]) for stored in listed]
    service.wait_until_screened(versions)
    rows = {version.key.rsplit("/", 1)[1]: service.row(version) for version in versions}
    digest = hashlib.sha256(smear).hexdigest()[:16]
    assert status == 0
    assert answer["VersionId"] in {version.version_id for version in versions}
    assert {name: row.state for name, row in rows.items() if row} == {
        "by client.jpg": "reported",
        f"by agent.{digest}.jpg": "reported",
    }
