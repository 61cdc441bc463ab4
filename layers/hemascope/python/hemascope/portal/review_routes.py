"""The routes of reviewers, patients and administrators on what was reviewed: parse -> one use case -> answer."""

from collections.abc import Callable

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from hemascope.portal.http import answer, body, caller, nothing
from hemascope.portal.service import Desk


def add_review_routes(app: APIGatewayHttpResolver, desk: Callable[[], Desk]) -> None:
    """Add them to a resolver; the desk is asked for at each request."""

    @app.post("/reports/<object_id>/verdicts")
    def add_verdict(object_id: str) -> Response[str]:
        return answer(desk().review.add_verdict(caller(app), object_id, body(app)), 201)

    @app.post("/reports/<object_id>/release")
    def release(object_id: str) -> Response[str]:
        return answer(desk().review.release(caller(app), object_id, body(app)))

    @app.post("/reports/<object_id>/acknowledgement")
    def acknowledge(object_id: str) -> Response[str]:
        desk().acknowledging.acknowledge(caller(app), object_id)
        return nothing()

    @app.get("/summaries")
    def list_summaries() -> Response[str]:
        return answer(desk().patients.summaries(caller(app)))

    @app.get("/audit")
    def show_audit() -> Response[str]:
        return answer(desk().trail.page(caller(app), app.current_event.query_string_parameters.get("after")))
