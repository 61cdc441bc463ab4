"""Requests and responses as pydantic models, and how requests are parsed.

A problem names the fields that are wrong and repeats nothing of what was sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, ValidationError

from hemascope.domain.characters import UNFIT
from hemascope.portal.problems import BadRequest


class Message(BaseModel):
    """Base of request and response bodies: immutable, without unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Query(BaseModel):
    """Base of query strings. Unknown names are ignored."""

    model_config = ConfigDict(frozen=True)


@dataclass(frozen=True)
class JsonBody:
    """A request whose JSON body is a model.

    Parameters
    ----------
    model
        What the body is parsed as.
    expected
        The rest of the sentence "Expected JSON with ...", for people who sent something else.
    """

    model: type[BaseModel]
    expected: str

    def parse(self, text: str) -> BaseModel:
        """Parse a body.

        Raises
        ------
        BadRequest
            Where it is not JSON of the model.
        """
        try:
            return self.model.model_validate_json(text)
        except ValidationError as error:
            raise BadRequest(f"Expected JSON with {self.expected}{_wrong_fields(error, self.model)}.") from None


@dataclass(frozen=True)
class QueryString:
    """A request whose query string is a model.

    Parameters
    ----------
    model
        What the query string is parsed as.
    expected
        The rest of the sentence "Expected ...", for people who sent something else.
    """

    model: type[Query]
    expected: str

    def parse(self, parameters: Mapping[str, str]) -> BaseModel:
        """Parse query parameters; empty ones count as absent.

        Raises
        ------
        BadRequest
            Where they do not fit the model.
        """
        try:
            return self.model.model_validate({name: value for name, value in parameters.items() if value})
        except ValidationError as error:
            raise BadRequest(f"Expected {self.expected}{_wrong_fields(error, self.model)}.") from None


def _wrong_fields(error: ValidationError, model: type[BaseModel]) -> str:
    """The wrong fields by name, and why where that is our own text.

    Names that are not the model's own were chosen by the sender and are left out.
    """
    wrong: dict[str, str] = {}
    for detail in error.errors():
        name = str(detail["loc"][0]) if detail["loc"] else ""
        if name in model.model_fields:
            wrong[name] = f"{name} ({detail['ctx']['fault']})" if detail["type"] == UNFIT else name
    return f"; wrong: {', '.join(wrong[name] for name in sorted(wrong))}" if wrong else ""
