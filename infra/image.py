"""Container images of the functions, and the files of the checkout that each build context contains."""

from aws_cdk import aws_ecr_assets as assets
from aws_cdk import aws_lambda as lambda_

from infra.settings import ROOT

SCREENING, DOCUMENTS = "screen_smear", "report_documents"  # folders below lambdas
_PLATFORMS = {"x86_64": assets.Platform.LINUX_AMD64, "arm64": assets.Platform.LINUX_ARM64}


def allowed(model: str, folder: str = SCREENING) -> list[str]:
    """Return the ignore patterns of a build context, which is an allow list.

    The Dockerfile's own ignore file lets every model in; here only the deployed one remains.
    """
    lines = (ROOT / f"lambdas/{folder}/Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    return [line.replace("model_artifacts/*/*", f"model_artifacts/{model}") for line in lines if not line.startswith("#")]


def image(folder: str, model: str, architecture: str, command: str | None = None) -> lambda_.DockerImageCode:
    """Return the image code of a function. Synthesis needs no Docker engine; deployment does.

    ``command`` names another handler of the same image than its own.
    """
    return lambda_.DockerImageCode.from_image_asset(
        str(ROOT),
        file=f"lambdas/{folder}/Dockerfile",
        exclude=allowed(model, folder),
        build_args={"MODEL": model},
        platform=_PLATFORMS[architecture],
        cmd=[command] if command else None,
    )
