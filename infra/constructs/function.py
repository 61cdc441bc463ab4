"""Lambda functions with a role of their own, an encrypted log with a retention, and tracing."""

from collections.abc import Mapping, Sequence
from typing import cast

from aws_cdk import Duration, IgnoreMode, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.layer_contents import CONTAINERS_ONLY
from infra.settings import ROOT, Settings

ARCHITECTURES = {"x86_64": lambda_.Architecture.X86_64, "arm64": lambda_.Architecture.ARM_64}
_RETENTION = {
    7: logs.RetentionDays.ONE_WEEK,
    14: logs.RetentionDays.TWO_WEEKS,
    30: logs.RetentionDays.ONE_MONTH,
    90: logs.RetentionDays.THREE_MONTHS,
    180: logs.RetentionDays.SIX_MONTHS,
    365: logs.RetentionDays.ONE_YEAR,
}
_RUNTIME = lambda_.Runtime.PYTHON_3_13
# Account of the public Powertools layers, which contain pydantic too. https://docs.powertools.aws.dev/lambda/python/latest/
_POWERTOOLS = "017000801446"


def function_log(scope: Construct, identity: str, settings: Settings, name: str, key: kms.IKey) -> logs.LogGroup:
    """Create the log group ``/hemascope/{stage}/{name}``. The key must allow CloudWatch Logs (``safe_key(logs_of=...)``)."""
    return logs.LogGroup(
        scope,
        identity,
        log_group_name=f"{settings.log_prefix}/{name}",
        retention=_RETENTION[settings.log_retention_days],
        encryption_key=key,
        removal_policy=RemovalPolicy.RETAIN,
    )


def function_role(scope: Construct, identity: str, log_group: logs.ILogGroup) -> iam.Role:
    """Create a role that may write its own log and nothing else. The AWS managed policy would allow every log."""
    role = iam.Role(scope, identity, assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    log_group.grant_write(role)
    return role


def zip_function(
    scope: Construct,
    identity: str,
    settings: Settings,
    *,
    name: str,
    description: str,
    key: kms.IKey,
    environment: Mapping[str, str],
    timeout: Duration,
    memory_mb: int = 256,
    layers: Sequence[lambda_.ILayerVersion] = (),
) -> lambda_.Function:
    """Create a function from ``lambdas/{name with underscores}`` with the shared package and Powertools as layers.

    Parameters
    ----------
    name
        Of the function, after ``hemascope-{stage}-``.
    key
        Encrypts the log.
    layers
        More layers, after these two.
    """
    log_group = function_log(scope, f"{identity}Log", settings, name, key)
    return lambda_.Function(
        scope,
        identity,
        function_name=settings.name(name),
        description=description,
        code=lambda_.Code.from_asset(str(ROOT / "lambdas" / name.replace("-", "_")), exclude=_UNNEEDED),
        handler="handler.handler",
        runtime=_RUNTIME,
        architecture=ARCHITECTURES[settings.architecture],
        layers=[_our_package(scope), _powertools(scope, settings), *layers],
        role=function_role(scope, f"{identity}Role", log_group),
        log_group=log_group,
        memory_size=memory_mb,
        timeout=timeout,
        tracing=lambda_.Tracing.ACTIVE,
        environment={**environment, "POWERTOOLS_SERVICE_NAME": "hemascope"},
    )


_UNNEEDED = ["**/__pycache__", "*.egg-info"]


def _our_package(scope: Construct) -> lambda_.ILayerVersion:
    """Return the layer with the shared package, which a stack contains once."""
    stack = Stack.of(scope)
    existing = stack.node.try_find_child("Package")
    if existing:
        return cast("lambda_.ILayerVersion", existing)
    return lambda_.LayerVersion(
        stack,
        "Package",
        code=lambda_.Code.from_asset(
            str(ROOT / "layers" / "hemascope"),
            exclude=[*_UNNEEDED, *(f"python/hemascope/{part}" for part in CONTAINERS_ONLY)],
        ),
        compatible_runtimes=[_RUNTIME],
        description="hemascope, the shared package without what only containers run",
    )


def words(scope: Construct, model: str) -> lambda_.ILayerVersion:
    """Return a layer with a model's manifest, card, texts and baseline; only the container image contains the network."""
    return lambda_.LayerVersion(
        scope,
        "Words",
        code=lambda_.Code.from_asset(
            str(ROOT / "model_artifacts" / model),
            exclude=["*", "!manifest.json", "!MODEL_CARD.md", "!texts.*.json", "!microscope_baseline.json"],
            ignore_mode=IgnoreMode.DOCKER,
        ),
        compatible_runtimes=[_RUNTIME],
        description=f"manifest, card, texts and baseline of {model}",
    )


def _powertools(scope: Construct, settings: Settings) -> lambda_.ILayerVersion:
    stack = Stack.of(scope)
    name = f"AWSLambdaPowertoolsPythonV3-python313-{settings.architecture}"
    arn = f"arn:{stack.partition}:lambda:{stack.region}:{_POWERTOOLS}:layer:{name}:{settings.powertools_layer}"
    existing = stack.node.try_find_child("Powertools")
    if existing:
        return cast("lambda_.ILayerVersion", existing)
    return lambda_.LayerVersion.from_layer_version_arn(stack, "Powertools", arn)
