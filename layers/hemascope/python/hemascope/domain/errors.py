"""The error tree. The type of an error decides what becomes of the message that carried the smear.

    HemascopeError
    |-- RejectedSmear     the picture's own fault    -> a rejected report, the message is acknowledged
    |-- TransientError    a service did not answer   -> batch item failure, delivered again
    |   `-- RequestRejected   ... or said no             -> the same; what was asked for was not done, for certain
    |-- MissingObject     deleted before we came     -> batch item failure, dead-letter queue, replayable
    |-- ForgottenObject   deleted on request           -> acknowledged, nothing is written
    |-- ArtifactError     the model may not be used  -> batch item failure, dead-letter queue, replayable
    `-- InvalidEvent      not an event of ours       -> batch item failure, dead-letter queue

Anything else is a bug and treated like ArtifactError.
"""

from enum import StrEnum


class RejectionReason(StrEnum):
    """Why a picture can't be judged, whatever model runs."""

    EMPTY_FILE = "empty_file"
    FILE_TOO_LARGE = "file_too_large"
    UNSUPPORTED_FORMAT = "unsupported_format"
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
    """The picture itself can't be judged; the message says what was expected and what was received."""

    def __init__(self, reason: RejectionReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class TransientError(HemascopeError):
    """A service did not do its part this time; the same call may succeed later."""


class RequestRejected(TransientError):
    """A service answered that it did not do its part, such as under throttling: nothing has happened."""


class MissingObject(HemascopeError):
    """The object version that an event names is not in its bucket."""


class ForgottenObject(HemascopeError):
    """The object version was deleted on a patient's request: nothing may be written about it any more."""


class ArtifactError(HemascopeError):
    """A model artifact is missing, altered, or made for other code than this."""


class InvalidEvent(HemascopeError):
    """A queue message is not an S3 event in any of the forms that Hemascope knows."""
