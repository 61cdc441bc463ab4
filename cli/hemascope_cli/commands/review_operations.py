"""Grammar of the operators' commands on what people reviewed and did."""

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from hemascope_cli.commands.operations import deployment_of, deployment_options

if TYPE_CHECKING:
    from hemascope.domain.audit_chain import Head

_HEAD = re.compile(r"(?P<number>[1-9]\d{0,11}):(?P<digest>[0-9a-f]{64})")


def add_review_operations(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``audit verify`` and ``export-reviews``."""
    audit = commands.add_parser("audit", help="check who did what")
    verify = audit.add_subparsers(required=True, metavar="WHAT").add_parser(
        "verify", help="walk the chain of entries, and say where it breaks"
    )
    verify.add_argument("--hospital", help="pseudonymous id (default: all)")
    verify.add_argument(
        "--head", type=_head, metavar="NUMBER:DIGEST", help="what an earlier call printed: tells whether the end was cut off"
    )
    deployment_options(verify, "audit")
    verify.set_defaults(run=_verify, parser=verify)

    export = commands.add_parser("export-reviews", help="write what people reviewed and released as a data-set folder")
    export.add_argument("folder", type=Path, metavar="DIR")
    export.add_argument("--hospital", help="pseudonymous id (default: all)")
    deployment_options(export, "uploads", "reports", "ledger", "audit")
    export.set_defaults(run=_export)


def _head(text: str) -> "Head":
    from hemascope.domain.audit_chain import Head

    found = _HEAD.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError("expected a number, a colon and 64 hex digits")
    return Head(int(found["number"]), found["digest"])


def _verify(options: argparse.Namespace) -> int:
    from hemascope_cli.operations.verify_audit import verify

    if options.head and not options.hospital:
        options.parser.error("--head is of one hospital: name it with --hospital")
    return verify(deployment_of(options).audit(), options.hospital, options.head)


def _export(options: argparse.Namespace) -> int:
    from hemascope.aws.client import map_aws_errors
    from hemascope.aws.clock import SystemClock
    from hemascope.aws.ledger.reader import DynamoReader
    from hemascope.aws.s3 import S3Store
    from hemascope.model.folder import ArtifactFolder
    from hemascope.portal.report_repository import ReportRepository
    from hemascope_cli.operations.export_reviews import ReviewExport
    from hemascope_cli.project import artifact_folder

    deployment = deployment_of(options)
    store = S3Store(deployment.client("s3"))
    export = ReviewExport(
        table=deployment.ledger(),
        ledger=DynamoReader(deployment.client("dynamodb"), deployment.name_of("LedgerTable")),
        pictures=store,
        repository=ReportRepository(store, deployment.name_of("ReportsBucket")),
        audit=deployment.audit(),
        clock=SystemClock(),
        folders=ArtifactFolder.open(artifact_folder(None)).disease.folders,
        hospital=options.hospital,
    )
    with map_aws_errors("export what was reviewed"):
        print(export.write(options.folder))
    return 0
