"""Bodies of requests: JSON, or a problem that names fields and repeats nothing of what stood in them."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from hemascope.portal.problems import BadRequest

_Request = TypeVar("_Request", bound=BaseModel)


def read_body(model: type[_Request], body: str, expected: str) -> _Request:
    """Read a body.

    Raises
    ------
    BadRequest
        Saying what was ``expected`` and which fields are wrong.
    """
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        known = {str(one["loc"][0]) for one in error.errors() if one["loc"]} & set(model.model_fields)
        what = f"; wrong: {', '.join(sorted(known))}" if known else ""
        raise BadRequest(f"Expected JSON with {expected}{what}.") from None
