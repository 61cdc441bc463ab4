"""The error tree. The type of an error decides what happens to the message that carried the smear.

    HemascopeError
    |-- RejectedSmear     the picture can't be judged -> a rejected report, the message is acknowledged
    |-- TransientError    a service did not answer   -> batch item failure, delivered again
    |   `-- RequestRejected   ... or refused         -> the same, and certainly nothing was done
    |-- MissingObject     deleted before screening   -> batch item failure, dead-letter queue, replayable
    |-- ForgottenObject   deleted on request           -> acknowledged, nothing is written
    |-- ArtifactError     the model may not be used  -> batch item failure, dead-letter queue, replayable
    `-- InvalidEvent      an unknown message         -> batch item failure, dead-letter queue

Any other exception is a bug and is treated like ArtifactError.
"""

from enum import StrEnum


class RejectionReason(StrEnum):
    """Why a picture can't be judged, independent of the model."""

    EMPTY_FILE = "empty_file"
    FILE_TOO_LARGE = "file_too_large"
    UNSUPPORTED_FORMAT = "unsupported_format"
    UNSUPPORTED_COLOUR = "unsupported_colour"
    TRUNCATED = "truncated"
    CORRUPT = "corrupt"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_SMALL = "too_small"
    SEVERAL_PICTURES = "several_pictures"
    BLANK = "blank"
    INVALID_KEY = "invalid_key"


class HemascopeError(Exception):
    """Base of every error that Hemascope raises on purpose."""


class RejectedSmear(HemascopeError):
    """The picture can't be judged; the message says what was expected and what was received."""

    def __init__(self, reason: RejectionReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class TransientError(HemascopeError):
    """A service failed or did not answer; the same call may succeed later."""


class RequestRejected(TransientError):
    """A service refused a request, such as under throttling; certainly nothing was done."""


class MissingObject(HemascopeError):
    """The object version that an event names is not in its bucket."""


class ForgottenObject(HemascopeError):
    """The object version was deleted on a patient's request: nothing may be written about it any more."""


class ArtifactError(HemascopeError):
    """A model artifact is missing, altered, or made for a different version of the code."""


class InvalidEvent(HemascopeError):
    """A queue message is none of the events that Hemascope knows."""
