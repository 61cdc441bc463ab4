"""Lambda entry of printed reports and FHIR bundles: HTTP request with verified claims -> one use case -> a file."""

from functools import lru_cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from hemascope.bootstrap.portal import build_documents
from hemascope.portal.http import handle, make_resolver
from hemascope.portal.routes import REPORT_DOCUMENTS, Documents


@lru_cache(maxsize=1)
def services() -> Documents:
    """The use cases of this process."""
    return build_documents()


app = make_resolver(REPORT_DOCUMENTS, lambda: services())


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle one request."""
    return handle(app, event, context)
