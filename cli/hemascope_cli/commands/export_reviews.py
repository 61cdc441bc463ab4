"""``hemascope export-reviews``."""

from pathlib import Path
from typing import Annotated

import typer

from hemascope_cli.commands.options import (
    AuditTable,
    Endpoint,
    LedgerTable,
    OneHospital,
    ReportsBucket,
    Stage,
    UploadsBucket,
    deployment_of,
)


def export_reviews(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the data set.")],
    hospital: OneHospital = None,
    stage: Stage = "dev",
    endpoint: Endpoint = None,
    uploads: UploadsBucket = None,
    reports: ReportsBucket = None,
    ledger: LedgerTable = None,
    audit: AuditTable = None,
) -> int:
    """Write reviewed and released smears as a data-set folder for training."""
    from hemascope.aws.client import map_aws_errors
    from hemascope.aws.clock import SystemClock
    from hemascope.aws.s3 import S3Store
    from hemascope.model.folder import ArtifactFolder
    from hemascope.portal.report_repository import ReportRepository
    from hemascope_cli.operations.export_reviews import ReviewExport
    from hemascope_cli.project import artifact_folder

    deployment = deployment_of(
        stage, endpoint, UploadsBucket=uploads, ReportsBucket=reports, LedgerTable=ledger, AuditTable=audit
    )
    store, rows = S3Store(deployment.client("s3")), deployment.ledger()
    export = ReviewExport(
        ledger=rows,
        operations=rows,
        pictures=store,
        repository=ReportRepository(store, deployment.name_of("ReportsBucket")),
        audit=deployment.audit(),
        clock=SystemClock(),
        folders=ArtifactFolder.open(artifact_folder(None)).disease.folders,
        hospital=hospital,
    )
    with map_aws_errors("export what was reviewed"):
        print(export.write(folder))
    return 0
