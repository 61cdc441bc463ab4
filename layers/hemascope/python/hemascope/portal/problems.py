"""Why a request is not answered as asked, in the form of RFC 9457. No text repeats what the caller sent."""

from enum import StrEnum
from http import HTTPStatus
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from hemascope.domain.errors import HemascopeError, TransientError
from hemascope.domain.personal import Likenesses


class PortalError(HemascopeError):
    """Base of errors that the caller can understand and fix; the text is shown to them."""

    status: ClassVar[HTTPStatus]
    code: ClassVar["ProblemCode | None"] = None


class ProblemCode(StrEnum):
    """Problems that a program answers by itself, such as by asking its user."""

    UNCONFIRMED_NAMES = "unconfirmed_names"


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
    """The current state does not allow it."""

    status = HTTPStatus.CONFLICT


class UnconfirmedNames(PortalError):
    """An id or file name looks like one of a person, and nobody has said that it is none."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = ProblemCode.UNCONFIRMED_NAMES

    def __init__(self, names: Likenesses) -> None:
        text = str(names)
        super().__init__(f"{text[0].upper()}{text[1:]}. Expected pseudonyms, or names_confirmed where it identifies nobody.")
        self.names = names


class Problem(BaseModel):
    """Body of every response that is not a success. What is None is left out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    status: int
    detail: str
    code: ProblemCode | None = None
    names: Likenesses | None = None  # with the code unconfirmed_names: which ids look like what


def problem_of(error: Exception) -> Problem:
    """The problem that the caller is shown; it says nothing about the service's internals."""
    if isinstance(error, PortalError):
        status, detail = error.status, str(error)
    elif isinstance(error, TransientError):
        status, detail = HTTPStatus.SERVICE_UNAVAILABLE, "A service did not answer. Please try again in a moment."
    else:
        status, detail = HTTPStatus.INTERNAL_SERVER_ERROR, "This is our fault. Please tell your engineer."
    return Problem(
        title=status.phrase,
        status=status,
        detail=detail,
        code=error.code if isinstance(error, PortalError) else None,
        names=error.names if isinstance(error, UnconfirmedNames) else None,
    )
