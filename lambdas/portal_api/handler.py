"""Lambda entry of the portal: HTTP request with verified claims -> one use case -> JSON."""

from functools import lru_cache
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from hemascope.bootstrap.portal import build_desk
from hemascope.portal.admin_routes import add_admin_routes, add_list_routes
from hemascope.portal.http import answer, body, caller, handle, resolver
from hemascope.portal.review_routes import add_review_routes
from hemascope.portal.service import Desk

app = resolver()


@lru_cache(maxsize=1)
def desk() -> Desk:
    """The desk of this process."""
    return build_desk()


add_review_routes(app, lambda: desk())
add_list_routes(app, lambda: desk())
add_admin_routes(app, lambda: desk())


@app.get("/me")
def me() -> Response[str]:
    """Tell who is signed in."""
    return answer(desk().me(caller(app)))


@app.post("/uploads")
def open_upload() -> Response[str]:
    """Give a form for one picture."""
    return answer(desk().open_upload(caller(app), body(app)), 201)


@app.get("/reports/<object_id>")
def show_report(object_id: str) -> Response[str]:
    """Show one report."""
    return answer(desk().reading.show_report(caller(app), object_id))


@app.get("/slides")
def show_slide() -> Response[str]:
    """Show what all fields of one slide say together."""
    named = app.current_event.query_string_parameters
    return answer(desk().show_slide(caller(app), named.get("slide"), named.get("patient")))


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle one request."""
    return handle(app, event, context)
