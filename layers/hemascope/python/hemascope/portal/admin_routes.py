"""The routes of worklist, upload states and administration: parse -> one use case -> answer."""

from collections.abc import Callable

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from hemascope.portal.http import answer, body, caller, nothing
from hemascope.portal.service import Desk


def add_list_routes(app: APIGatewayHttpResolver, desk: Callable[[], Desk]) -> None:
    """Add those of lists to a resolver; the desk is asked for at each request."""

    @app.get("/reports")
    def list_reports() -> Response[str]:
        return answer(desk().worklist.page(caller(app), app.current_event.query_string_parameters))

    @app.get("/states")
    def show_states() -> Response[str]:
        return answer(desk().worklist.states(caller(app), app.current_event.query_string_parameters.get("ids")))


def add_admin_routes(app: APIGatewayHttpResolver, desk: Callable[[], Desk]) -> None:
    """Add those of administration to a resolver; the desk is asked for at each request."""

    @app.get("/hospital")
    def show_hospital() -> Response[str]:
        return answer(desk().administration.settings(caller(app)))

    @app.put("/hospital")
    def change_hospital() -> Response[str]:
        return answer(desk().administration.change_settings(caller(app), body(app)))

    @app.get("/users")
    def list_users() -> Response[str]:
        return answer(desk().administration.list_accounts(caller(app), app.current_event.query_string_parameters.get("cursor")))

    @app.post("/users")
    def invite() -> Response[str]:
        return answer(desk().administration.invite(caller(app), body(app)), 201)

    @app.delete("/users/<username>")
    def remove(username: str) -> Response[str]:
        desk().administration.remove(caller(app), username)
        return nothing()

    @app.get("/model")
    def show_model() -> Response[str]:
        return answer(desk().administration.show_model(caller(app)))

    @app.get("/figures")
    def show_figures() -> Response[str]:
        return answer(desk().administration.figures(caller(app), app.current_event.query_string_parameters.get("days")))
