"""The ports on AWS. The only module that knows boto3."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from hemascope.domain.errors import HemascopeError, RequestRejected, TransientError

_CREDENTIALS = ("aws_access_key_id", "aws_secret_access_key")
_OURS = {"AccessDenied", "AccessDeniedException", "ValidationException", "NoSuchBucket", "ResourceNotFoundException"}


def client(
    service: str,
    endpoint: str | None = None,
    region: str | None = None,
    session: Any = None,
    attempts: int = 4,
) -> Any:
    """A boto3 client that retries with backoff and never waits longer than the function may run.

    ``endpoint`` leads to a cloud of one's own; where the environment names no credentials, they are those words that such
    a cloud expects. ``session`` is botocore's, where credentials don't come from the environment.
    What must not happen twice (a mail) gets one attempt: whether a call that broke off was answered, only its caller may judge.
    """
    config = Config(
        retries={"mode": "standard", "total_max_attempts": attempts},
        connect_timeout=3,
        read_timeout=20,
        # Links name the region's own host, which the portal's Content-Security-Policy knows, and are signed as KMS wants it.
        s3=None if endpoint else {"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"},
        signature_version="s3v4" if service == "s3" else None,
    )
    words = {} if endpoint is None or "AWS_ACCESS_KEY_ID" in os.environ else dict.fromkeys(_CREDENTIALS, "test")
    maker = boto3.Session(botocore_session=session) if session else boto3
    return maker.client(service, config=config, region_name=region, endpoint_url=endpoint, **words)


@contextmanager
def map_transient_errors(action: str) -> Iterator[None]:
    """Turn what may pass into a TransientError. What is our own fault (permissions, names) stays what it is."""
    try:
        yield
    except ClientError as error:
        if error_code(error) in _OURS:
            raise
        # Below 500 the service says no (too many requests, mostly); above, it may have done what was asked for.
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
        kind = RequestRejected if status < 500 else TransientError
        raise kind(f"expected to {action}, received {error_code(error)}") from error
    except BotoCoreError as error:
        raise TransientError(f"expected to {action}, received {type(error).__name__}") from error


@contextmanager
def map_aws_errors(action: str) -> Iterator[None]:
    """Turn every error of a service into one of ours: an operator wants a line that says what failed, no traceback."""
    try:
        with map_transient_errors(action):
            yield
    except ClientError as error:
        raise HemascopeError(f"expected to {action}, received {error_code(error)}") from error


def error_code(error: ClientError) -> str:
    """Code of a service's error answer, ``unknown`` where it has none."""
    return str(error.response.get("Error", {}).get("Code", "unknown"))
