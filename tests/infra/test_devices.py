"""The devices stack: permissions of microscopes, claims and IoT itself, and the separation of hospitals."""

import json
from typing import Any

import pytest

from hemascope.domain.specimen import Specimen
from infra.settings import Settings
from infra.snapshot import synthesize
from tests.infra.reading import Resources, actions_of, named, of_type, plain, read_settings, statements

IOT = "arn:${AWS::Partition}:iot:${AWS::Region}:${AWS::AccountId}"
HOSPITALS = ("st-mary", "st-mary-north")


@pytest.fixture(scope="session")
def devices(templates: dict[str, dict[str, Any]]) -> Resources:
    resources: Resources = templates["devices"]["Resources"]
    return resources


@pytest.fixture(scope="module")
def two_hospitals(tmp_path_factory: pytest.TempPathFactory) -> Resources:
    assembly = synthesize(Settings(hospitals=HOSPITALS), tmp_path_factory.mktemp("hospitals"))
    resources: Resources = json.loads((assembly / "Hemascope-dev-Devices.template.json").read_text())["Resources"]
    return resources


def provisioning(resources: Resources, hospital: str) -> dict[str, Any]:
    found = named(resources, "AWS::IoT::ProvisioningTemplate", "TemplateName", f"hemascope-dev-{hospital}")
    body: dict[str, Any] = json.loads(found["TemplateBody"])
    return body


def allowed_to(resources: Resources, service: str) -> list[tuple[list[str], Any, Any]]:
    """Actions, resources and conditions of every role that the service may assume."""
    roles = [
        name
        for name, role in of_type(resources, "AWS::IAM::Role").items()
        if role["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"Service": service}
    ]
    policies = [
        policy["Properties"]["PolicyDocument"]["Statement"]
        for policy in of_type(resources, "AWS::IAM::Policy").values()
        if policy["Properties"]["Roles"][0]["Ref"] in roles
    ]
    return [
        (sorted(actions_of(statement)), plain(statement["Resource"]), plain(statement.get("Condition")))
        for policy in policies
        for statement in policy
    ]


@pytest.mark.synth
def test_a_microscope_may_upload_in_its_own_hospital_under_its_own_name_and_nothing_else(two_hospitals: Resources) -> None:
    assert allowed_to(two_hospitals, "credentials.iot.amazonaws.com") == [
        (
            ["s3:PutObject"],
            "${Ingest.Uploads.Arn}/smears/${credentials-iot:ThingTypeName}/*/*/${credentials-iot:ThingName}/*",
            {
                "StringEquals": {"credentials-iot:ThingTypeName": ["st-mary", "st-mary-north"]},
                "StringEqualsIfExists": {
                    "s3:x-amz-server-side-encryption": "aws:kms",
                    "s3:x-amz-server-side-encryption-aws-kms-key-id": "${Ingest.Key.Arn}",
                    "s3:x-amz-storage-class": "STANDARD",
                },
                "Null": {"s3:x-amz-server-side-encryption-customer-algorithm": "true"},
            },
        ),
        (
            ["kms:GenerateDataKey"],
            "${Ingest.Key.Arn}",
            {
                "StringEquals": {
                    "kms:ViaService": "s3.${AWS::Region}.amazonaws.com",
                    "kms:EncryptionContext:aws:s3:arn": "${Ingest.Uploads.Arn}",
                }
            },
        ),
    ]


@pytest.mark.synth
def test_a_microscopes_certificate_may_ask_for_keys_and_nothing_else(devices: Resources) -> None:
    policy = named(devices, "AWS::IoT::Policy", "PolicyName", "hemascope-dev-microscope")
    (alias,) = of_type(devices, "AWS::IoT::RoleAlias").values()
    (statement,) = policy["PolicyDocument"]["Statement"]

    assert alias["Properties"]["RoleAlias"] == "hemascope-dev-microscope"
    assert actions_of(statement) == ["iot:AssumeRoleWithCertificate"]
    assert plain(statement["Resource"]) == f"{IOT}:rolealias/hemascope-dev-microscope"


@pytest.mark.synth
def test_a_revoked_microscope_loses_access_after_fifteen_minutes(devices: Resources) -> None:
    (alias,) = of_type(devices, "AWS::IoT::RoleAlias").values()

    assert alias["Properties"]["CredentialDurationSeconds"] == 900


@pytest.mark.synth
def test_a_claim_may_use_the_provisioning_topics_of_its_hospital_and_nothing_else(two_hospitals: Resources) -> None:
    policy = named(two_hospitals, "AWS::IoT::Policy", "PolicyName", "hemascope-dev-st-mary-claim")
    allowed = {
        action: plain(statement["Resource"])
        for statement in policy["PolicyDocument"]["Statement"]
        for action in actions_of(statement)
    }

    created, signed = "$aws/certificates/create/json", "$aws/certificates/create-from-csr/json"
    registered = "$aws/provisioning-templates/hemascope-dev-st-mary/provision/json"
    requests = [signed, created, registered]
    responses = [f"{topic}/{outcome}" for topic in requests for outcome in ("accepted", "rejected")]
    assert allowed == {
        "iot:Connect": f"{IOT}:client/st-mary:*",
        "iot:Publish": [f"{IOT}:topic/{topic}" for topic in requests],
        "iot:Receive": [f"{IOT}:topic/{topic}" for topic in responses],
        "iot:Subscribe": [f"{IOT}:topicfilter/{topic}" for topic in responses],
    }


@pytest.mark.synth
def test_provisioning_may_make_this_hospitals_things_and_nothing_else(devices: Resources) -> None:
    assert allowed_to(devices, "iot.amazonaws.com") == [
        (["iot:CreateThing", "iot:DescribeThing", "iot:ListThingPrincipals"], f"{IOT}:thing/demo-hospital:*", None),
        (["iot:DescribeThingType"], f"{IOT}:thingtype/demo-hospital", None),
        (["iot:GetPolicy"], f"{IOT}:policy/hemascope-dev-microscope", None),
        (["iot:AttachThingPrincipal"], [f"{IOT}:cert/*", f"{IOT}:thing/demo-hospital:*"], None),
        (
            [
                "iot:AttachPolicy",
                "iot:AttachPrincipalPolicy",
                "iot:DescribeCertificate",
                "iot:ListPrincipalThings",
                "iot:UpdateCertificate",
            ],
            f"{IOT}:cert/*",
            None,
        ),
    ]


@pytest.mark.synth
@pytest.mark.parametrize("hospital", HOSPITALS)
def test_a_template_fixes_the_type_and_takes_a_serial_number_only(two_hospitals: Resources, hospital: str) -> None:
    body = provisioning(two_hospitals, hospital)

    assert set(body["Parameters"]) == {"SerialNumber", "AWS::IoT::Certificate::Id"}
    assert body["Resources"]["thing"]["Properties"] == {
        "ThingName": {"Fn::Join": [":", [hospital, {"Ref": "SerialNumber"}]]},
        "ThingTypeName": hospital,
    }
    assert body["Resources"]["thing"]["OverrideSettings"] == {"ThingTypeName": "FAIL"}
    assert body["Resources"]["policy"]["Properties"] == {"PolicyName": "hemascope-dev-microscope"}


@pytest.mark.synth
def test_each_hospital_has_a_type_a_template_a_claim_and_a_provisioning_role_of_its_own(two_hospitals: Resources) -> None:
    names = {
        (hospital["Type"], hospital["Properties"].get(field))
        for hospital in two_hospitals.values()
        for field in ("ThingTypeName", "TemplateName", "PolicyName")
        if hospital["Type"].startswith("AWS::IoT::") and field in hospital["Properties"]
    }

    templates = of_type(two_hospitals, "AWS::IoT::ProvisioningTemplate").values()
    assert names == {
        ("AWS::IoT::ThingType", "st-mary"),
        ("AWS::IoT::ThingType", "st-mary-north"),
        ("AWS::IoT::ProvisioningTemplate", "hemascope-dev-st-mary"),
        ("AWS::IoT::ProvisioningTemplate", "hemascope-dev-st-mary-north"),
        ("AWS::IoT::Policy", "hemascope-dev-st-mary-claim"),
        ("AWS::IoT::Policy", "hemascope-dev-st-mary-north-claim"),
        ("AWS::IoT::Policy", "hemascope-dev-microscope"),
    }
    assert len({json.dumps(template["Properties"]["ProvisioningRoleArn"]) for template in templates}) == 2


@pytest.mark.synth
def test_iot_assumes_its_roles_for_this_account_only(devices: Resources) -> None:
    trusts = [
        role["Properties"]["AssumeRolePolicyDocument"]["Statement"][0] for role in of_type(devices, "AWS::IAM::Role").values()
    ]

    assert {json.dumps(trust["Principal"]) for trust in trusts} == {
        '{"Service": "credentials.iot.amazonaws.com"}',
        '{"Service": "iot.amazonaws.com"}',
    }
    for trust in trusts:
        assert plain(trust["Condition"]) == {
            "StringEquals": {"aws:SourceAccount": "${AWS::AccountId}"},
            "ArnLike": {"aws:SourceArn": f"{IOT}:*"},
        }


@pytest.mark.synth
def test_no_action_is_a_wildcard_and_no_policy_reaches_everything(devices: Resources) -> None:
    found = [statement for kind in ("AWS::IoT::Policy", "AWS::IAM::Policy") for statement in statements(devices, kind)]

    assert [action for statement in found for action in actions_of(statement) if "*" in action] == []
    assert [statement for statement in found if statement["Resource"] == "*"] == []


@pytest.mark.parametrize("value", ["st/mary", "st:mary", "ospedale-ü", "*", "a" * 23, "demo demo", "${iot:ClientId}", ".."])
def test_a_hospital_that_could_not_be_a_type_and_a_folder_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="HEMASCOPE_HOSPITALS"):
        read_settings({"HEMASCOPE_HOSPITALS": value})


def test_hospitals_have_blanks_between_them() -> None:
    assert read_settings({"HEMASCOPE_HOSPITALS": "st-mary  st-anne\n"}).hospitals == ("st-mary", "st-anne")


@pytest.mark.parametrize("hospital", ["demo-hospital", "H_1", "a" * 22])
def test_a_hospital_of_the_settings_is_one_of_a_specimen(hospital: str) -> None:
    (read,) = read_settings({"HEMASCOPE_HOSPITALS": hospital}).hospitals

    assert Specimen(hospital=read, patient="p", slide="c", field="f").hospital == hospital


def test_a_long_stage_leaves_less_room_for_a_hospitals_id() -> None:
    with pytest.raises(ValueError, match="HEMASCOPE_HOSPITALS"):
        read_settings({"HEMASCOPE_STAGE": "a" * 16, "HEMASCOPE_HOSPITALS": "a" * 10})
