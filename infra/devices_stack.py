"""Identities of microscopes, with which they upload by themselves."""

from aws_cdk import CfnOutput, Duration, Environment, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_iot as iot
from constructs import Construct

from infra.constructs.hospital_devices import HospitalDevices, iot_of_this_account
from infra.ingest_stack import IngestStack
from infra.settings import Settings

# The shortest duration that AWS allows: a microscope whose certificate was revoked loses access after it.
_CREDENTIALS = Duration.minutes(15)
# AWS replaces these when a microscope requests credentials.
_HOSPITAL, _NAME = "${credentials-iot:ThingTypeName}", "${credentials-iot:ThingName}"


class DevicesStack(Stack):
    """An identity for each microscope, which permits uploads of its own hospital under its own name and nothing else.

    A microscope presents its certificate to the IoT credentials provider and receives temporary credentials. Its thing type
    is its hospital, and its thing's name is the microscope in its keys; the role that all microscopes share derives the keys
    from both. The stack is separate because a hospital without such microscopes does not need it.
    """

    def __init__(
        self, scope: Construct, identity: str, settings: Settings, ingest: IngestStack, env: Environment | None = None
    ) -> None:
        super().__init__(scope, identity, env=env)
        self._ingest = ingest
        self._role = iam.Role(
            self,
            "Microscope",
            assumed_by=iot_of_this_account(self, "credentials.iot.amazonaws.com"),
            max_session_duration=Duration.hours(1),
        )
        self._grant(settings.hospitals)
        alias = settings.name("microscope")
        iot.CfnRoleAlias(
            self,
            "Alias",
            role_alias=alias,
            role_arn=self._role.role_arn,
            credential_duration_seconds=_CREDENTIALS.to_seconds(),
        )
        policy = self._make_device_policy(alias)
        for hospital in settings.hospitals:
            HospitalDevices(self, hospital, hospital=hospital, template=settings.name(hospital), device_policy=policy)
        CfnOutput(self, "MicroscopeRoleAlias", value=alias)

    @property
    def role(self) -> iam.IRole:
        """The role that microscopes assume."""
        return self._role

    def _make_device_policy(self, alias: str) -> iot.CfnPolicy:
        """Let a microscope's certificate request credentials from IoT. It cannot connect to the message broker."""
        document = iam.PolicyDocument(
            statements=[
                iam.PolicyStatement(
                    actions=["iot:AssumeRoleWithCertificate"],
                    resources=[self.format_arn(service="iot", resource="rolealias", resource_name=alias)],
                )
            ]
        )
        return iot.CfnPolicy(self, "DevicePolicy", policy_name=alias, policy_document=document)

    def _grant(self, hospitals: tuple[str, ...]) -> None:
        """Grant the role each action that a microscope needs."""
        bucket, key = self._ingest.bucket, self._ingest.key.key_arn
        self._role.add_to_policy(
            iam.PolicyStatement(
                actions=["s3:PutObject"],
                # An asterisk matches slashes too, but a key of more parts is no key of a smear and is rejected.
                resources=[bucket.arn_for_objects(f"smears/{_HOSPITAL}/*/*/{_NAME}/*")],
                conditions={
                    # A hospital that is removed from the settings loses access at once.
                    "StringEquals": {"credentials-iot:ThingTypeName": list(hospitals)},
                    # The service could not read a picture that was encrypted with another key or put into cold storage.
                    "StringEqualsIfExists": {
                        "s3:x-amz-server-side-encryption": "aws:kms",
                        "s3:x-amz-server-side-encryption-aws-kms-key-id": key,
                        "s3:x-amz-storage-class": "STANDARD",
                    },
                    "Null": {"s3:x-amz-server-side-encryption-customer-algorithm": "true"},
                },
            )
        )
        self._role.add_to_policy(
            iam.PolicyStatement(
                actions=["kms:GenerateDataKey"],
                resources=[key],
                conditions={
                    "StringEquals": {
                        "kms:ViaService": f"s3.{self.region}.amazonaws.com",
                        "kms:EncryptionContext:aws:s3:arn": bucket.bucket_arn,  # the context with a bucket key
                    }
                },
            )
        )
