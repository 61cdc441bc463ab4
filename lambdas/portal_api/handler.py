"""Lambda entry of the portal: HTTP request with verified claims -> one use case -> JSON."""

from functools import lru_cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from hemascope.bootstrap.portal import build_portal
from hemascope.portal.http import handle, make_resolver
from hemascope.portal.routes import PORTAL_API, Portal


@lru_cache(maxsize=1)
def services() -> Portal:
    """The use cases of this process."""
    return build_portal()


app = make_resolver(PORTAL_API, lambda: services())


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle one request."""
    return handle(app, event, context)
