"""What one hospital's microscopes need in IoT: a type, and a way to a certificate."""

import json

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_iot as iot
from constructs import Construct

_CREATE = "$aws/certificates/{}/json"  # with keys made by AWS, or from the microscope's own key


class HospitalDevices(Construct):
    """A thing type named as the hospital, and fleet provisioning for it alone.

    The type is written into the provisioning template, so no claim and no parameter can choose another. A thing is called
    ``{hospital}:{serial}``; a hospital's id holds no colon, so that no serial reaches another hospital's things.

    Parameters
    ----------
    template
        Name of the provisioning template.
    device_policy
        What a microscope's own certificate gets.
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
        """What IoT may do when it provisions: AWS's managed policy, less all that this template never does."""
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
        role = iam.Role(self, "Provisioning", assumed_by=only_our_iot(self, "iot.amazonaws.com"))
        for actions, resources in statements.items():
            role.add_to_policy(iam.PolicyStatement(actions=list(actions), resources=resources))
        return role

    def _claim(self) -> iam.PolicyDocument:
        """What a claim certificate may do: ask for a certificate, and register it by this hospital's template."""
        asked = [_CREATE.format(way) for way in ("create", "create-from-csr")]
        asked.append(f"$aws/provisioning-templates/{self._template}/provision/json")
        answered = [f"{topic}/{answer}" for topic in asked for answer in ("accepted", "rejected")]
        statements = {
            "iot:Connect": [self._arn("client", f"{self._hospital}:*")],
            "iot:Publish": [self._arn("topic", topic) for topic in asked],
            "iot:Receive": [self._arn("topic", topic) for topic in answered],
            "iot:Subscribe": [self._arn("topicfilter", topic) for topic in answered],
        }
        return iam.PolicyDocument(
            statements=[iam.PolicyStatement(actions=[action], resources=resources) for action, resources in statements.items()]
        )


def only_our_iot(scope: Construct, service: str) -> iam.IPrincipal:
    """An IoT service, acting for this account alone."""
    stack = Stack.of(scope)
    ours = {
        "StringEquals": {"aws:SourceAccount": stack.account},
        "ArnLike": {"aws:SourceArn": f"arn:{stack.partition}:iot:{stack.region}:{stack.account}:*"},
    }
    return iam.ServicePrincipal(service, conditions=ours)


def _template(hospital: str, device_policy: str) -> dict[str, object]:
    """The provisioning template: one parameter, the microscope's serial number."""
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
