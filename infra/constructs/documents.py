"""The function that renders reports as PDF files and FHIR bundles."""

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.constructs.function import ARCHITECTURES, function_log, function_role
from infra.image import DOCUMENTS, image
from infra.settings import Settings


def documents_function(
    scope: Construct, identity: str, settings: Settings, *, key: kms.IKey, environment: dict[str, str]
) -> lambda_.DockerImageFunction:
    """Create the function. Its libraries do not fit into a zip function, so it has an image of its own (docs/adr/0017)."""
    log_group = function_log(scope, f"{identity}Log", settings, "report-documents", key)
    return lambda_.DockerImageFunction(
        scope,
        identity,
        function_name=settings.name("report-documents"),
        description="Renders a report as a one-page PDF file or as a FHIR bundle, for staff",
        code=image(DOCUMENTS, settings.model, settings.architecture),
        architecture=ARCHITECTURES[settings.architecture],
        memory_size=settings.memory_mb,  # it decodes the same pictures as the screening function
        timeout=Duration.seconds(25),  # API Gateway times out after 30
        tracing=lambda_.Tracing.ACTIVE,
        role=function_role(scope, f"{identity}Role", log_group),
        log_group=log_group,
        environment={**environment, "HEMASCOPE_ARTIFACT": f"/var/task/model_artifacts/{settings.model}"},
    )


def grant(function: lambda_.IFunction, statements: dict[tuple[str, ...], list[str]]) -> None:
    """Grant a function's role actions on resources, each as a literal list."""
    for actions, resources in statements.items():
        function.add_to_role_policy(iam.PolicyStatement(actions=list(actions), resources=resources))
