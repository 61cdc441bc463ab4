"""The portal: accounts, API, and the site of the people who send smears and read reports."""

from aws_cdk import Aws, CfnOutput, Duration, Environment, Stack
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from constructs import Construct

from hemascope.portal.routes import PORTAL_API, REPORT_DOCUMENTS
from infra.constructs.accounts import Accounts
from infra.constructs.audit import audit_table
from infra.constructs.documents import documents_function, grant
from infra.constructs.function import words, zip_function
from infra.constructs.http_api import HttpApi
from infra.constructs.site import Site
from infra.constructs.storage import safe_key
from infra.ingest_stack import IngestStack
from infra.prices import GB_SECOND
from infra.screening_stack import ScreeningStack
from infra.settings import Settings

_LINK_SECONDS = 300
# What of Cognito the portal calls: it makes, lists and removes accounts, and changes none.
_ACCOUNTS = (
    "cognito-idp:AdminAddUserToGroup",
    "cognito-idp:AdminCreateUser",
    "cognito-idp:AdminDeleteUser",
    "cognito-idp:AdminGetUser",
    "cognito-idp:AdminListGroupsForUser",
    "cognito-idp:CreateGroup",
    "cognito-idp:ListUsersInGroup",
)
_INDEXES = ("hospital", "slide", "patient", "microscope")  # of the ledger, that the portal reads
# What of a ledger row the portal may change: its review. The keys are in it, since every update names them.
_REVIEW = ["object_id", "model", "verdicts", "released_verdict_number", "release", "released_at", "acknowledged_at"]


_INDEXES = ("hospital", "slide", "patient", "microscope")  # of the ledger, which the portal queries


class PortalStack(Stack):
    """Accounts, the API and the site of the people who send smears and read reports.

    With the portal away, smears still arrive, are screened and notified; only the operator's role, who reads the audit trail,
    depends on it. It is one stack because its parts name each other: the API the user pool, the user pool the site's address,
    the site the API's.
    """

    def __init__(
        self,
        scope: Construct,
        identity: str,
        settings: Settings,
        ingest: IngestStack,
        screening: ScreeningStack,
        env: Environment | None = None,
    ) -> None:
        super().__init__(scope, identity, env=env)
        self._settings, self._ingest, self._screening = settings, ingest, screening
        self._key = safe_key(self, "Key", "Hemascope: audit trail and logs of the portal", logs_of=settings.log_prefix)
        self._accounts = Accounts(self, "Accounts", settings)
        self._audit = audit_table(self, "Audit", settings, self._key)
        self._function = self._make_function()
        self._grant()
        self._api = HttpApi(
            self,
            "Api",
            settings,
            key=self._key,
            routes=PORTAL_API.routes,
            function=self._function,
            user_pool=self._accounts.user_pool,
            client=self._accounts.client,
        )
        self._documents = self._make_documents()
        self._api.route("Documents", REPORT_DOCUMENTS.routes, self._documents)
        self._site = Site(
            self,
            "Site",
            settings,
            access_logs=ingest.access_logs,
            reached=[self._api.origin, self._accounts.origin, _origin(ingest.bucket)],
            pictures=[_origin(screening.reports)],
        )
        CfnOutput(self, "PortalApi", value=self._api.origin)
        CfnOutput(self, "SignIn", value=self._accounts.origin)
        CfnOutput(self, "UserPool", value=self.user_pool.user_pool_id)
        CfnOutput(self, "PortalClient", value=self.client.user_pool_client_id)
        CfnOutput(self, "SiteBucket", value=self.site.bucket_name)
        CfnOutput(self, "SiteDomain", value=self.distribution.distribution_domain_name)
        CfnOutput(self, "AuditTable", value=self._audit.table_name)
        CfnOutput(self, "PortalFunction", value=self._function.function_name)

    @property
    def key(self) -> kms.IKey:
        """The key of the audit trail and the portal's logs."""
        return self._key

    @property
    def audit(self) -> dynamodb.ITable:
        """Who saw, released or changed what."""
        return self._audit

    @property
    def api(self) -> apigateway.IHttpApi:
        """What the site calls."""
        return self._api.api

    @property
    def user_pool(self) -> cognito.IUserPool:
        """Everybody's accounts."""
        return self._accounts.user_pool

    @property
    def client(self) -> cognito.IUserPoolClient:
        """The site, as the user pool knows it."""
        return self._accounts.client

    @property
    def function(self) -> lambda_.Function:
        """What answers the API's requests."""
        return self._function

    @property
    def documents(self) -> lambda_.Function:
        """What prints reports and makes FHIR bundles."""
        return self._documents

    @property
    def distribution(self) -> cloudfront.IDistribution:
        """What serves the site."""
        return self._site.distribution

    @property
    def site(self) -> s3.IBucket:
        """Where the site's files lie."""
        return self._site.bucket

    def _make_function(self) -> lambda_.Function:
        return zip_function(
            self,
            "Answer",
            self._settings,
            name="portal-api",
            description="Answers the portal: reports and slides to staff and patients, verdicts and releases of reviewers",
            key=self._key,
            timeout=Duration.seconds(10),
            layers=[words(self, self._settings.model)],
            memory_mb=512,  # a share of a processor that starts Python within a second
            environment={
                **self._environment(),
                "HEMASCOPE_JOBS_QUEUE": self._screening.jobs.queue.queue_url,
                "HEMASCOPE_NOTIFICATIONS_QUEUE": self._screening.notifications.queue_url,
                "HEMASCOPE_USER_POOL": self.user_pool.user_pool_id,
                "HEMASCOPE_SCREENING_USD_PER_SECOND": f"{_usd_per_second(self._settings):.10f}",
                "HEMASCOPE_ARTIFACT": "/opt",  # where Lambda lays a layer
            },
        )

    def _environment(self) -> dict[str, str]:
        return {
            "HEMASCOPE_LEDGER_TABLE": self._screening.ledger.table_name,
            "HEMASCOPE_UPLOADS_BUCKET": self._ingest.bucket.bucket_name,
            "HEMASCOPE_REPORTS_BUCKET": self._screening.reports.bucket_name,
            "HEMASCOPE_AUDIT_TABLE": self._audit.table_name,
            "HEMASCOPE_HOSPITALS_TABLE": self._screening.hospitals.table_name,
            "HEMASCOPE_MICROSCOPES_TABLE": self._screening.microscopes.table_name,
            "HEMASCOPE_LANGUAGE": self._settings.language,
            "HEMASCOPE_LINK_SECONDS": str(_LINK_SECONDS),
        }

    def _make_documents(self) -> lambda_.Function:
        """It reads one report with its pictures, and writes down who saw it; it changes nothing."""
        environment = {**self._environment(), "POWERTOOLS_SERVICE_NAME": "hemascope"}
        function = documents_function(self, "Documents", self._settings, key=self._key, environment=environment)
        uploads, reports = self._ingest.bucket, self._screening.reports
        smears = [uploads.arn_for_objects("smears/*")]
        statements = {
            ("s3:GetObject", "s3:GetObjectVersion"): smears,
            ("s3:GetObject",): [reports.arn_for_objects(f"{prefix}/*") for prefix in ("microscopes", "reports", "verdicts")],
            ("dynamodb:Query",): [
                self._screening.ledger.table_arn,
                f"{self._screening.ledger.table_arn}/index/by-microscope",
                self._screening.microscopes.table_arn,
            ],
            ("dynamodb:GetItem",): [self._screening.hospitals.table_arn],
            ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"): [self._audit.table_arn],
            ("kms:Decrypt",): [self._ingest.key.key_arn, self._screening.key.key_arn],
            ("kms:Decrypt", "kms:GenerateDataKey"): [self._key.key_arn],
        }
        grant(function, statements)
        return function

    def _grant(self) -> None:
        """Give the role what the function does, action by action; its links can do no more than it can itself."""
        ledger, reports = self._screening.ledger.table_arn, self._screening.reports
        read = [reports.arn_for_objects(f"{prefix}/*") for prefix in ("microscopes", "reports", "summaries", "verdicts")]
        statements = {
            ("s3:PutObject",): [self._ingest.bucket.arn_for_objects("smears/*"), reports.arn_for_objects("verdicts/*")],
            ("s3:GetObject",): read,
            ("dynamodb:Query",): [ledger, *(f"{ledger}/index/by-{name}" for name in _INDEXES)],
            # Entries are added and read; nothing here can change one.
            ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"): [
                self._audit.table_arn,
                self._screening.microscopes.table_arn,
            ],
            ("dynamodb:GetItem", "dynamodb:PutItem"): [self._screening.hospitals.table_arn],
            # The patient is notified of a release; a microscope is commissioned, verified, screened again.
            ("sqs:SendMessage",): [self._screening.notifications.queue_arn, self._screening.jobs.queue.queue_arn],
            _ACCOUNTS: [self.user_pool.user_pool_arn],
            ("kms:GenerateDataKey",): [self._ingest.key.key_arn],
            ("kms:Decrypt", "kms:GenerateDataKey"): [self._screening.key.key_arn, self._key.key_arn],
        }
        for actions, resources in statements.items():
            self._function.add_to_role_policy(iam.PolicyStatement(actions=list(actions), resources=resources))
        self._function.add_to_role_policy(
            iam.PolicyStatement(
                actions=["dynamodb:UpdateItem"],
                resources=[ledger],
                conditions={"ForAllValues:StringEquals": {"dynamodb:Attributes": _REVIEW}},
            )
        )


def _usd_per_second(settings: Settings) -> float:
    """List price of a second of the screening function."""
    return settings.memory_mb / 1024 * GB_SECOND[settings.architecture]


def _origin(bucket: s3.IBucket) -> str:
    """Host of a bucket's presigned links."""
    return f"https://{bucket.bucket_name}.s3.{Aws.REGION}.{Aws.URL_SUFFIX}"
