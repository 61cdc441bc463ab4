"""What people are told when a smear is done: ids and a link, never a name, a label or a probability."""

from pydantic import BaseModel, ConfigDict

from hemascope.contracts.report import State


class Notice(BaseModel):
    """The message on the SNS topic and the data of the mail template."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    object_id: str
    hospital: str
    state: State
    urgent: bool
    link: str
