"""Presigned ways to store one picture."""

from pydantic import BaseModel, ConfigDict


class UploadForm(BaseModel):
    """An HTML form's address and fields; the file goes behind them, as the last field."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str
    fields: dict[str, str]


class SignedPut(BaseModel):
    """A link that takes one content to one key, once: S3 wants exactly these headers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str
    headers: dict[str, str]
