"""The function that prints reports and makes FHIR bundles."""

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
    """A function from an image of its own, since its libraries are no zip function's: ADR 0017 has the reasons."""
    log_group = function_log(scope, f"{identity}Log", settings, "report-documents", key)
    return lambda_.DockerImageFunction(
        scope,
        identity,
        function_name=settings.name("report-documents"),
        description="Prints a report on one page, or makes it a FHIR bundle, for staff",
        code=image(DOCUMENTS, settings.model, settings.architecture),
        architecture=ARCHITECTURES[settings.architecture],
        memory_size=settings.memory_mb,  # it decodes what the screening function decodes
        timeout=Duration.seconds(25),  # the API gives up after 30
        tracing=lambda_.Tracing.ACTIVE,
        role=function_role(scope, f"{identity}Role", log_group),
        log_group=log_group,
        environment={**environment, "HEMASCOPE_ARTIFACT": f"/var/task/model_artifacts/{settings.model}"},
    )


def grant(function: lambda_.IFunction, statements: dict[tuple[str, ...], list[str]]) -> None:
    """Give a role these actions on these resources."""
    for actions, resources in statements.items():
        function.add_to_role_policy(iam.PolicyStatement(actions=list(actions), resources=resources))
