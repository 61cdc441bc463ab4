"""What the portal's function does around its use case: who calls, answers and problems as HTTP, logs that name nobody."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from hemascope.domain.specimen import is_object_id
from hemascope.portal.identity import Person, person_of
from hemascope.portal.problems import BadRequest, NotFound, PortalError, problem_of

logger = Logger()
# Answers are about patients: no cache on their way may keep one.
_HEADERS = {"Cache-Control": "no-store"}


def resolver() -> APIGatewayHttpResolver:
    """A resolver of routes whose every failure is a problem."""
    app = APIGatewayHttpResolver()
    app.exception_handler(Exception)(refuse)
    app.not_found(lambda _: refuse(NotFound("There is nothing at this address.")))
    return app


def caller(app: APIGatewayHttpResolver) -> Person:
    """The person whose token the API's authorizer has verified; without an authorizer nobody is anybody."""
    authorizer = app.current_event.request_context.authorizer
    return person_of(authorizer.jwt_claim if authorizer else {})


def body(app: APIGatewayHttpResolver) -> str:
    """Text of the request's body.

    Raises
    ------
    BadRequest
        Where it is no text.
    """
    try:
        return app.current_event.decoded_body or ""
    except ValueError:  # of base64 and of UTF-8 alike
        raise BadRequest("Expected a body in UTF-8.") from None


def answer(content: BaseModel, status: int = 200) -> Response[str]:
    """A success."""
    return Response(status, "application/json", content.model_dump_json(by_alias=True), _HEADERS)


def attachment(content: bytes, content_type: str, name: str) -> Response[bytes]:
    """A file to keep. API Gateway takes bytes as base64 alone, which the resolver sees to."""
    return Response(200, content_type, content, _HEADERS | {"Content-Disposition": f'attachment; filename="{name}"'})


def nothing() -> Response[str]:
    """A success that has nothing to say."""
    return Response(204, body="", headers=_HEADERS)


def refuse(error: Exception) -> Response[str]:
    """Any error as a problem. The caller's own are told in full; of ours neither caller nor log learn more than the type."""
    problem = problem_of(error)
    if not isinstance(error, PortalError):
        logger.error("request failed", extra={"error": type(error).__name__})
    return Response(problem.status, "application/problem+json", problem.model_dump_json(), _HEADERS)


def handle(app: APIGatewayHttpResolver, event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one request and log that it was.

    The request's id leads to the API's access log, which says whose account it was; this line says which report.
    """
    done = app.resolve(event, context)
    said = {"request_id": event["requestContext"].get("requestId"), "route": event.get("routeKey")}
    named = (event.get("pathParameters") or {}).get("object_id", "")
    logger.info(
        "request done", extra={**said, "status": done["statusCode"], "object_id": named if is_object_id(named) else None}
    )
    return done
