"""The container image of the screening function, and what of the checkout may enter it."""

from aws_cdk import aws_ecr_assets as assets
from aws_cdk import aws_lambda as lambda_

from infra.settings import ROOT

_DOCKERFILE = "lambdas/screen_smear/Dockerfile"
_PLATFORMS = {"x86_64": assets.Platform.LINUX_AMD64, "arm64": assets.Platform.LINUX_ARM64}


def allowed(model: str) -> list[str]:
    """Everything that the build context holds, as ignore patterns: nothing, but these. Docker by itself takes all models."""
    lines = (ROOT / f"{_DOCKERFILE}.dockerignore").read_text(encoding="utf-8").splitlines()
    return [line.replace("model_artifacts/*/*", f"model_artifacts/{model}") for line in lines if not line.startswith("#")]


def screening_image(model: str, architecture: str) -> lambda_.DockerImageCode:
    """Image code of the screening function; synthesis needs no Docker, deployment does."""
    return lambda_.DockerImageCode.from_image_asset(
        str(ROOT),
        file=_DOCKERFILE,
        exclude=allowed(model),
        build_args={"MODEL": model},
        platform=_PLATFORMS[architecture],
    )
