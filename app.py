"""CDK entry: settings -> stacks. It calls no AWS service; account and region are those of the profile that deploys."""

import os
import sys

from infra.node import provide_node

provide_node()

import aws_cdk as cdk  # noqa: E402 - jsii starts Node at import

from infra.ingest_stack import IngestStack  # noqa: E402
from infra.screening_stack import ScreeningStack  # noqa: E402
from infra.settings import Settings  # noqa: E402


def build_app(settings: Settings, outdir: str | None = None) -> cdk.App:
    """Build all stacks."""
    app = cdk.App(outdir=outdir)
    environment = cdk.Environment(account=settings.account, region=settings.region)
    cdk.Tags.of(app).add("service", "hemascope")
    cdk.Tags.of(app).add("stage", settings.stage)
    ingest = IngestStack(app, f"Hemascope-{settings.stage}-Ingest", settings, env=environment)
    ScreeningStack(app, f"Hemascope-{settings.stage}-Screening", settings, ingest, env=environment)
    return app


if __name__ == "__main__":
    try:
        chosen = Settings.read(os.environ)
    except ValueError as error:
        sys.exit(f"app.py: {error}")
    build_app(chosen, os.environ.get("CDK_OUTDIR", "cdk.out")).synth()
