"""Lambda entry of printed reports and FHIR bundles: HTTP request with verified claims -> one use case -> a file."""

from functools import lru_cache
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from hemascope.bootstrap.portal import build_document_desk
from hemascope.portal.http import attachment, caller, handle, resolver
from hemascope.portal.report_files import DocumentDesk

app = resolver()


@lru_cache(maxsize=1)
def desk() -> DocumentDesk:
    """The desk of this process."""
    return build_document_desk()


@app.get("/reports/<object_id>/report.pdf")
def print_report(object_id: str) -> Response[bytes]:
    """Give a report on one page."""
    return attachment(desk().printed(caller(app), object_id), "application/pdf", f"report-{object_id}.pdf")


@app.get("/reports/<object_id>/report.fhir.json")
def bundle_report(object_id: str) -> Response[bytes]:
    """Give a report as a FHIR bundle."""
    return attachment(desk().bundled(caller(app), object_id), "application/fhir+json", f"report-{object_id}.fhir.json")


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle one request."""
    return handle(app, event, context)
