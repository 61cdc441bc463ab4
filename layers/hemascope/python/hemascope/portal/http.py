"""HTTP around the use cases: the caller, parsed requests, responses, problems, and logs that name nobody."""

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from hemascope.domain.specimen import is_object_id
from hemascope.portal.identity import Person, person_of
from hemascope.portal.problems import BadRequest, NotFound, PortalError, problem_of
from hemascope.portal.requests import JsonBody
from hemascope.portal.routes import Function, ReportFile, Route, Services

logger = Logger()
# Responses are about patients: no cache may store them.
_HEADERS = {"Cache-Control": "no-store"}


def make_resolver(function: Function[Services], services: Callable[[], Services]) -> APIGatewayHttpResolver:
    """Build the resolver of a function's routes; ``services`` is called at each request."""
    app = APIGatewayHttpResolver()
    app.exception_handler(Exception)(_refuse)
    app.not_found(lambda _: _refuse(NotFound("There is nothing at this address.")))
    for route in function.routes:
        path = route.path.replace("{", "<").replace("}", ">")
        app.route(path, method=route.method)(_endpoint(app, route, services))
    return app


def handle(app: APIGatewayHttpResolver, event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one request and log that it was answered.

    The request's id leads to the API's access log, which has the account; this line has the report.
    """
    response = app.resolve(event, context)
    line = {"request_id": event["requestContext"].get("requestId"), "route": event.get("routeKey")}
    named = (event.get("pathParameters") or {}).get("object_id", "")
    logger.info(
        "request done", extra={**line, "status": response["statusCode"], "object_id": named if is_object_id(named) else None}
    )
    return response


def _endpoint(
    app: APIGatewayHttpResolver, route: Route[Services], services: Callable[[], Services]
) -> Callable[..., Response[Any]]:
    def answer(**parameters: str) -> Response[Any]:
        person = _caller(app)
        person.expect(route.roles)
        request = () if route.request is None else (_parse(app, route),)
        return _response(route, route.use_case(services())(person, *parameters.values(), *request), parameters)

    return answer


def _caller(app: APIGatewayHttpResolver) -> Person:
    """The person whose token the API's authorizer has verified; without an authorizer there is no person."""
    authorizer = app.current_event.request_context.authorizer
    return person_of(authorizer.jwt_claim if authorizer else {})


def _parse(app: APIGatewayHttpResolver, route: Route[Any]) -> BaseModel:
    if not isinstance(route.request, JsonBody):
        assert route.request is not None  # the caller has checked it
        return route.request.parse(app.current_event.query_string_parameters)
    try:
        body = app.current_event.decoded_body or ""
    except ValueError:  # of base64 and of UTF-8 alike
        raise BadRequest("Expected a body in UTF-8.") from None
    return route.request.parse(body)


def _response(route: Route[Any], content: Any, parameters: dict[str, str]) -> Response[Any]:
    """A success. A file is sent as bytes, which the resolver encodes as base64 for API Gateway."""
    if isinstance(route.response, ReportFile):
        name = f"{route.response.name.format(**parameters)}.{route.response.suffix}"
        headers = _HEADERS | {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(route.status, route.response.media_type, content, headers)
    if route.response is None:
        return Response(route.status, body="", headers=_HEADERS)
    return Response(route.status, "application/json", content.model_dump_json(by_alias=True), _HEADERS)


def _refuse(error: Exception) -> Response[str]:
    """Any error as a problem. The caller's own errors are explained; of ours, caller and log learn only the type."""
    problem = problem_of(error)
    if not isinstance(error, PortalError):
        logger.error("request failed", extra={"error": type(error).__name__})
    return Response(problem.status, "application/problem+json", problem.model_dump_json(exclude_none=True), _HEADERS)
