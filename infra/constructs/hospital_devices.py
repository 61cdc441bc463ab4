"""IoT resources for the microscopes of one hospital: a thing type and fleet provisioning."""

import json

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_iot as iot
from constructs import Construct

_CREATE = "$aws/certificates/{}/json"  # with a key pair made by AWS, or with a signing request for the microscope's own key


class HospitalDevices(Construct):
    """A thing type named after the hospital, and fleet provisioning for this type only.

    The type is fixed in the provisioning template, so neither a claim nor a parameter can select another. A thing is named
    ``{hospital}:{serial}``. A hospital's id contains no colon, so no serial number can name a thing of another hospital.

    Parameters
    ----------
    template
        Name of the provisioning template.
    device_policy
        Policy that a microscope's certificate receives.
    """

    def __init__(self, scope: Construct, identity: str, *, hospital: str, template: str, device_policy: iot.CfnPolicy) -> None:
        super().__init__(scope, identity)
        self._hospital, self._template = hospital, template
        kind = iot.CfnThingType(self, "Type", thing_type_name=hospital)
        role = self._make_role(str(device_policy.policy_name))
        provisioning = iot.CfnProvisioningTemplate(
            self,
            "Template",
            template_name=template,
            template_type="FLEET_PROVISIONING",
            enabled=True,
            provisioning_role_arn=role.role_arn,
            template_body=json.dumps(_template(hospital, str(device_policy.policy_name))),
        )
        provisioning.node.add_dependency(kind, device_policy, role)
        iot.CfnPolicy(self, "Claim", policy_name=f"{template}-claim", policy_document=self._claim())

    def _arn(self, resource: str, name: str) -> str:
        return Stack.of(self).format_arn(service="iot", resource=resource, resource_name=name)

    def _make_role(self, device_policy: str) -> iam.Role:
        """Create the role for provisioning: the AWS managed policy, reduced to the actions of this template."""
        things, certificates = self._arn("thing", f"{self._hospital}:*"), self._arn("cert", "*")
        statements = {
            ("iot:CreateThing", "iot:DescribeThing", "iot:ListThingPrincipals"): [things],
            ("iot:DescribeThingType",): [self._arn("thingtype", self._hospital)],
            ("iot:GetPolicy",): [self._arn("policy", device_policy)],
            ("iot:AttachThingPrincipal",): [things, certificates],
            (
                "iot:AttachPolicy",
                "iot:AttachPrincipalPolicy",
                "iot:DescribeCertificate",
                "iot:ListPrincipalThings",
                "iot:UpdateCertificate",
            ): [certificates],
        }
        role = iam.Role(self, "Provisioning", assumed_by=iot_of_this_account(self, "iot.amazonaws.com"))
        for actions, resources in statements.items():
            role.add_to_policy(iam.PolicyStatement(actions=list(actions), resources=resources))
        return role

    def _claim(self) -> iam.PolicyDocument:
        """Let a claim certificate request a device certificate and register it with this hospital's template."""
        requests = [_CREATE.format(operation) for operation in ("create", "create-from-csr")]
        requests.append(f"$aws/provisioning-templates/{self._template}/provision/json")
        responses = [f"{topic}/{outcome}" for topic in requests for outcome in ("accepted", "rejected")]
        statements = {
            "iot:Connect": [self._arn("client", f"{self._hospital}:*")],
            "iot:Publish": [self._arn("topic", topic) for topic in requests],
            "iot:Receive": [self._arn("topic", topic) for topic in responses],
            "iot:Subscribe": [self._arn("topicfilter", topic) for topic in responses],
        }
        return iam.PolicyDocument(
            statements=[iam.PolicyStatement(actions=[action], resources=resources) for action, resources in statements.items()]
        )


def iot_of_this_account(scope: Construct, service: str) -> iam.IPrincipal:
    """Return an IoT service as a principal that may act for this account only."""
    stack = Stack.of(scope)
    ours = {
        "StringEquals": {"aws:SourceAccount": stack.account},
        "ArnLike": {"aws:SourceArn": f"arn:{stack.partition}:iot:{stack.region}:{stack.account}:*"},
    }
    return iam.ServicePrincipal(service, conditions=ours)


def _template(hospital: str, device_policy: str) -> dict[str, object]:
    """Return the provisioning template. Its only parameter from a device is the serial number."""
    certificate = {"Ref": "AWS::IoT::Certificate::Id"}
    return {
        "Parameters": {"SerialNumber": {"Type": "String"}, "AWS::IoT::Certificate::Id": {"Type": "String"}},
        "Resources": {
            "thing": {
                "Type": "AWS::IoT::Thing",
                "OverrideSettings": {"ThingTypeName": "FAIL"},
                "Properties": {
                    "ThingName": {"Fn::Join": [":", [hospital, {"Ref": "SerialNumber"}]]},
                    "ThingTypeName": hospital,
                },
            },
            "certificate": {"Type": "AWS::IoT::Certificate", "Properties": {"CertificateId": certificate, "Status": "Active"}},
            "policy": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": device_policy}},
        },
    }
