"""How microscopes upload by themselves."""

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_iot as iot
from constructs import Construct

from infra.constructs.hospital_devices import HospitalDevices, only_our_iot
from infra.ingest_stack import IngestStack
from infra.settings import Settings

# The shortest that AWS gives: after it, a microscope whose certificate was revoked is out.
_CREDENTIALS = Duration.minutes(15)
_HOSPITAL = "${credentials-iot:ThingTypeName}"  # filled in by AWS when a microscope asks for credentials


class DevicesStack(Stack):
    """An identity for each microscope, worth an upload into its own hospital's folder and nothing else.

    A microscope shows its certificate to IoT's credentials provider and gets keys for a few minutes. Its thing type is its
    hospital, and the one role of all microscopes reads the folder from it. A stack of its own, since a hospital without
    such microscopes doesn't need it.
    """

    def __init__(self, scope: Construct, identity: str, settings: Settings, ingest: IngestStack, **kwargs: object) -> None:
        super().__init__(scope, identity, **kwargs)
        self._ingest = ingest
        self._role = iam.Role(
            self,
            "Microscope",
            assumed_by=only_our_iot(self, "credentials.iot.amazonaws.com"),
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
        """What a microscope may do on AWS."""
        return self._role

    def _make_device_policy(self, alias: str) -> iot.CfnPolicy:
        """What a microscope's certificate may do in IoT: ask for its keys. It can't connect to the message broker."""
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
        """Give the role what a microscope does, action by action."""
        bucket, key = self._ingest.bucket, self._ingest.key.key_arn
        self._role.add_to_policy(
            iam.PolicyStatement(
                actions=["s3:PutObject"],
                resources=[bucket.arn_for_objects(f"smears/{_HOSPITAL}/*")],
                conditions={
                    # A hospital that leaves the settings is out at once.
                    "StringEquals": {"credentials-iot:ThingTypeName": list(hospitals)},
                    # A picture under another key or in cold storage could be stored, but never read by us.
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
                        "kms:EncryptionContext:aws:s3:arn": bucket.bucket_arn,  # with a bucket key, the bucket's own
                    }
                },
            )
        )
