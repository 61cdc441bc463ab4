"""The role of the person who operates the service."""

from aws_cdk import CfnOutput, Duration, Environment, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.archive_stack import ArchiveStack
from infra.ingest_stack import IngestStack
from infra.portal_stack import PortalStack
from infra.screening_stack import ScreeningStack
from infra.settings import Settings


class OperatorStack(Stack):
    """The role for `hemascope replay`, `reconcile`, `forget`, `audit`, `export-reviews` and `registry`, and for archive runs.

    A user of this account assumes it with a second factor, and it alone may delete a report. So the person who deploys the
    service does not need permission to delete its data, and CloudTrail records every deletion under this role.
    """

    def __init__(
        self,
        scope: Construct,
        identity: str,
        settings: Settings,
        ingest: IngestStack,
        screening: ScreeningStack,
        portal: PortalStack,
        archive: ArchiveStack,
        env: Environment | None = None,
    ) -> None:
        super().__init__(scope, identity, env=env)
        self._role = iam.Role(
            self,
            "Operator",
            role_name=settings.operator,
            description=(
                "Replays dead letters, reconciles, forgets a patient on request, exports reviews, verifies the audit trail"
            ),
            assumed_by=iam.AccountRootPrincipal().with_conditions({"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
            max_session_duration=Duration.hours(1),
        )
        uploads, reports = ingest.bucket, screening.reports
        dead = [ingest.dead.queue_arn, screening.notifications_dead_letters.queue_arn, screening.jobs.dead.queue_arn]
        queues = [ingest.queue.queue_arn, screening.notifications.queue_arn, screening.jobs.queue.queue_arn]
        statements = {
            ("cloudformation:DescribeStacks",): [
                self.format_arn(service="cloudformation", resource="stack", resource_name=f"{settings.stack('*')}/*")
            ],
            (
                "sqs:DeleteMessage",
                "sqs:GetQueueAttributes",
                "sqs:ListMessageMoveTasks",
                "sqs:ReceiveMessage",
                "sqs:StartMessageMoveTask",
            ): dead,
            ("sqs:GetQueueAttributes", "sqs:SendMessage"): queues,
            ("s3:ListBucketVersions",): [uploads.bucket_arn, reports.bucket_arn],
            ("s3:DeleteObject", "s3:DeleteObjectVersion"): [
                uploads.arn_for_objects("smears/*"),
                reports.arn_for_objects("reports/*"),
                reports.arn_for_objects("summaries/*"),
                reports.arn_for_objects("verdicts/*"),
            ],
            # Export of reviewed smears for training.
            ("s3:GetObject", "s3:GetObjectVersion"): [uploads.arn_for_objects("smears/*")],
            (
                "dynamodb:BatchGetItem",
                "dynamodb:DeleteItem",
                "dynamodb:Query",
                "dynamodb:Scan",
                "dynamodb:UpdateItem",
            ): [screening.ledger.table_arn],
            # To say which microscope is a reference.
            ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"): [screening.microscopes.table_arn],
            ("states:ListMapRuns", "states:StartExecution"): [archive.machine.state_machine_arn],
            ("states:DescribeExecution", "states:StopExecution"): [archive.runs],
            ("states:DescribeMapRun",): [archive.map_runs],
            ("s3:ListBucket",): [archive.results.bucket_arn],
            ("s3:GetObject",): [
                archive.result_files,
                reports.arn_for_objects("reports/*"),
                reports.arn_for_objects("verdicts/*"),
            ],
            # To verify the audit trail, and to record exports and deletions in it.
            ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:Scan"): [portal.audit.table_arn],
            ("kms:Decrypt", "kms:GenerateDataKey"): [ingest.key.key_arn, screening.key.key_arn, portal.key.key_arn],
            ("kms:Decrypt",): [archive.key.key_arn],
        }
        for actions, resources in statements.items():
            self._role.add_to_policy(iam.PolicyStatement(actions=list(actions), resources=resources))
        CfnOutput(self, "OperatorRole", value=self._role.role_arn)

    @property
    def role(self) -> iam.IRole:
        """The operator's role."""
        return self._role
