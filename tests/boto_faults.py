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
Plan = Callable[[str, str], Fault | None]
Send = Callable[[Any], Any]


@dataclass
class FaultyNetwork:
    """Decides for each attempt of each request of the clients that it is attached to.

    Parameters
    ----------
    plan
        Called with service and operation; says what is to happen to this attempt.
    """

    plan: Plan
    attempts: list[tuple[str, str]] = field(default_factory=list)

    def attach(self, client: Any, send: Send | None = None) -> None:
        """Stand between a client and its service; ``send`` hands a request on, the client's own connection does where None."""
        service, protocol = client.meta.service_model.service_name, client.meta.service_model.protocol
        forward = send or client._endpoint.http_session.send

        def before_send(event_name: str, request: Any, **_: Any) -> Any:
            operation = event_name.rsplit(".", 1)[1]
            self.attempts.append((service, operation))
            fault = self.plan(service, operation)
            if fault is None:
                return forward(request)
            if fault is Fault.UNREACHABLE:
                raise ConnectTimeoutError(endpoint_url=request.url)
            if fault.is_done:
                forward(request)
                kind = ReadTimeoutError if fault is Fault.TIMED_OUT else ConnectionClosedError
                raise kind(endpoint_url=request.url)
            status, code = _THROTTLING[service] if fault is Fault.THROTTLED else (500, "InternalError")
            return AWSResponse(request.url, status, {}, _Body(_error(protocol, code)))

        client.meta.events.register_first("before-send", before_send)


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
