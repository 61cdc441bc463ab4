"""What people are told when a smear is done: ids and a link, never a name, a label or a probability."""

from pydantic import BaseModel, ConfigDict, ValidationError

from hemascope.contracts.errors import InvalidEvent
from hemascope.contracts.report import State


class Notice(BaseModel):
    """The message on the SNS topic and the data of the mail template."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    object_id: str
    model: str  # id/version
    hospital: str
    state: State
    urgent: bool
    link: str


class DueNotice(BaseModel):
    """The message on the queue between screening and delivery: which row of the ledger people are to hear of."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    object_id: str
    model: str  # id/version

    @classmethod
    def parse(cls, body: str) -> "DueNotice":
        """Read the body of a queue message.

        Raises
        ------
        InvalidEvent
            Where it is none. The message doesn't repeat the body.
        """
        try:
            return cls.model_validate_json(body)
        except ValidationError:
            raise InvalidEvent("expected object_id and model of a ledger row, received another message") from None
