"""Why a request is not answered as asked, in the form of RFC 9457. No text repeats what the caller sent."""

from http import HTTPStatus
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from hemascope.domain.errors import HemascopeError, TransientError


class PortalError(HemascopeError):
    """Base of what the caller can understand and mend; its text is shown to them."""

    status: ClassVar[HTTPStatus]


class BadRequest(PortalError):
    """The request itself is wrong."""

    status = HTTPStatus.BAD_REQUEST


class Forbidden(PortalError):
    """The caller is known and may not."""

    status = HTTPStatus.FORBIDDEN


class NotFound(PortalError):
    """There is nothing of this id."""

    status = HTTPStatus.NOT_FOUND


class Conflict(PortalError):
    """It can't be done as things stand."""

    status = HTTPStatus.CONFLICT


class Problem(BaseModel):
    """Body of every answer that is no success."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    status: int
    detail: str


def problem_of(error: Exception) -> Problem:
    """What the caller is told of an error; nothing about our inside."""
    if isinstance(error, PortalError):
        status, detail = error.status, str(error)
    elif isinstance(error, TransientError):
        status, detail = HTTPStatus.SERVICE_UNAVAILABLE, "A service did not answer. Please try again in a moment."
    else:
        status, detail = HTTPStatus.INTERNAL_SERVER_ERROR, "This is our fault. Please tell your engineer."
    return Problem(title=status.phrase, status=status, detail=detail)
