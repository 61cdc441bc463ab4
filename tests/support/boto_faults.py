"""Errors of AWS where boto3 meets the network: below the SDK's own retries, above the service."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from io import BytesIO
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError, ConnectTimeoutError, ReadTimeoutError


class Fault(StrEnum):
    """What may happen to one request."""

    THROTTLED = "throttled"
    SERVER_ERROR = "server error"
    UNREACHABLE = "unreachable"  # the connection is never made
    TIMED_OUT = "timed out"  # the service does it, and answers too late
    CUT_OFF = "cut off"  # the service does it, and the connection is reset before the answer

    @property
    def is_done(self) -> bool:
        """Whether the service did what it was asked, and only the answer is lost."""
        return self in {Fault.TIMED_OUT, Fault.CUT_OFF}


_THROTTLING = {
    "s3": (503, "SlowDown"),
    "dynamodb": (400, "ProvisionedThroughputExceededException"),
    "sqs": (400, "RequestThrottled"),
    "sns": (400, "Throttling"),
    "ses": (400, "Throttling"),
}
_PROTOCOLS = {"s3": "rest-xml", "dynamodb": "json", "sqs": "json", "sns": "query", "ses": "query"}
Plan = Callable[[str, str], Fault | None]
Send = Callable[[Any], Any]


@dataclass
class FaultyNetwork:
    """Decides for each attempt of each request of the clients that it is attached to.

    Parameters
    ----------
    plan
        Called with service and operation; says what is to happen to this attempt.
    send
        Hands a request on to its service and returns the answer.
    answered
        Called with service and operation when a service has done what it was asked.
    """

    plan: Plan
    send: Send
    answered: Callable[[str, str], None] = lambda service, operation: None
    attempts: list[tuple[str, str]] = field(default_factory=list)

    def attach(self, events: Any) -> None:
        """Stand between a client, or all clients that a session will make, and the services; given are its events."""
        events.register_first("before-send", self._before_send)

    def _before_send(self, event_name: str, request: Any, **_kwargs: Any) -> Any:
        service, operation = event_name.split(".")[1:]
        self.attempts.append((service, operation))
        fault = self.plan(service, operation)
        if fault is Fault.UNREACHABLE:
            raise ConnectTimeoutError(endpoint_url=request.url)
        if fault in {Fault.THROTTLED, Fault.SERVER_ERROR}:
            status, code = _THROTTLING[service] if fault is Fault.THROTTLED else (500, "InternalError")
            return AWSResponse(request.url, status, {}, _Body(_error(_PROTOCOLS[service], code)))
        answer = self.send(request)
        self.answered(service, operation)
        if fault is Fault.TIMED_OUT:
            raise ReadTimeoutError(endpoint_url=request.url)
        if fault is Fault.CUT_OFF:
            raise ConnectionClosedError(endpoint_url=request.url)
        return answer


class _Body(BytesIO):
    """What botocore reads an answer from."""

    def stream(self, **_: Any) -> Any:
        yield self.read()


def _error(protocol: str, code: str) -> bytes:
    if protocol == "json":
        return f'{{"__type": "com.amazonaws#{code}", "message": "injected"}}'.encode()
    inner = f"<Code>{code}</Code><Message>injected</Message>"
    if protocol == "rest-xml":
        return f"<Error>{inner}</Error>".encode()
    return f"<ErrorResponse><Error><Type>Receiver</Type>{inner}</Error></ErrorResponse>".encode()
