"""CDK entry point: settings -> stacks. It calls no AWS service; account and region default to the deploying profile's."""

import json
import os
import sys

from infra.node import provide_node

provide_node()

import aws_cdk as cdk  # noqa: E402 - jsii starts Node at import

from infra.archive_stack import ArchiveStack  # noqa: E402
from infra.devices_stack import DevicesStack  # noqa: E402
from infra.ingest_stack import IngestStack  # noqa: E402
from infra.nag import review  # noqa: E402
from infra.notification_stack import NotificationStack  # noqa: E402
from infra.observability_stack import ObservabilityStack  # noqa: E402
from infra.operator_stack import OperatorStack  # noqa: E402
from infra.portal_stack import PortalStack  # noqa: E402
from infra.screening_stack import ScreeningStack  # noqa: E402
from infra.settings import ROOT, Settings  # noqa: E402


def build_app(settings: Settings, outdir: str | None = None) -> cdk.App:
    """Create the CDK app with every stack of one stage."""
    # The context is passed here too, so that `python app.py` and the CDK command line make the same templates.
    app = cdk.App(outdir=outdir, context=json.loads((ROOT / "cdk.json").read_text())["context"])
    environment = cdk.Environment(account=settings.account, region=settings.region)
    cdk.Tags.of(app).add("service", "hemascope")
    cdk.Tags.of(app).add("stage", settings.stage)
    ingest = IngestStack(app, settings.stack("Ingest"), settings, env=environment)
    screening = ScreeningStack(app, settings.stack("Screening"), settings, ingest, env=environment)
    notification = NotificationStack(app, settings.stack("Notification"), settings, screening, env=environment)
    portal = PortalStack(app, settings.stack("Portal"), settings, ingest, screening, env=environment)
    archive = ArchiveStack(app, settings.stack("Archive"), settings, ingest, env=environment)
    OperatorStack(app, settings.stack("Operator"), settings, ingest, screening, portal, archive, env=environment)
    DevicesStack(app, settings.stack("Devices"), settings, ingest, env=environment)
    monitored = (ingest, screening, notification, portal, archive)
    ObservabilityStack(app, settings.stack("Observability"), settings, *monitored, env=environment)
    review(app, settings)
    return app


if __name__ == "__main__":
    try:
        chosen = Settings.read()
    except ValueError as error:
        sys.exit(f"app.py: {error}")
    build_app(chosen, os.environ.get("CDK_OUTDIR", "cdk.out")).synth()
