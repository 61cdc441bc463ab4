"""The container image of the screening function, and what of the checkout may enter it."""

from aws_cdk import aws_ecr_assets as assets
from aws_cdk import aws_lambda as lambda_

from infra.settings import ROOT

_PLATFORMS = {"x86_64": assets.Platform.LINUX_AMD64, "arm64": assets.Platform.LINUX_ARM64}


def allowed(model: str) -> list[str]:
    """Everything that the build context holds, as ignore patterns: nothing, but these."""
    artifact = f"model_artifacts/{model}"
    return [
        "*",
        "!requirements/image.txt",
        "!layers/hemascope/python/hemascope/**",
        "!lambdas/screen_smear/**",
        *(
            f"!{artifact}/{name}"
            for name in ("manifest.json", "model.tflite", "golden.json", "texts.en.json", "colour_reference.json")
        ),
        "**/__pycache__",
    ]


def screening_image(model: str, architecture: str) -> lambda_.DockerImageCode:
    """Image code of the screening function; synthesis needs no Docker, deployment does."""
    return lambda_.DockerImageCode.from_image_asset(
        str(ROOT),
        file="lambdas/screen_smear/Dockerfile",
        exclude=allowed(model),
        build_args={"MODEL": model},
        platform=_PLATFORMS[architecture],
    )
