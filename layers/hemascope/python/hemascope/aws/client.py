"""boto3 clients, and the mapping of their errors to the errors of the domain."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from hemascope.domain.errors import HemascopeError, RequestRejected, TransientError

_CREDENTIALS = ("aws_access_key_id", "aws_secret_access_key")
_NOT_TRANSIENT = {"AccessDenied", "AccessDeniedException", "ValidationException", "NoSuchBucket", "ResourceNotFoundException"}


def client(
    service: str,
    endpoint: str | None = None,
    region: str | None = None,
    session: Any = None,
    attempts: int = 4,
) -> Any:
    """Make a boto3 client that retries with backoff and never waits longer than a function may run.

    Parameters
    ----------
    endpoint
        URL of a local cloud; None is AWS. Where the environment has no credentials, a local cloud gets the dummy ones that it
        expects.
    session
        botocore's session, where credentials don't come from the environment.
    attempts
        How often the client tries a call in all. A call that must not be made twice, such as sending a mail, gets one: after
        a lost answer only the caller can decide whether to repeat it.
    """
    config = Config(
        retries={"mode": "standard", "total_max_attempts": attempts},
        connect_timeout=3,
        read_timeout=20,
        # Links name the regional host, which the portal's Content-Security-Policy allows, and are signed as KMS requires.
        s3=None if endpoint else {"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"},
        signature_version="s3v4" if service == "s3" else None,
    )
    credentials = {} if endpoint is None or "AWS_ACCESS_KEY_ID" in os.environ else dict.fromkeys(_CREDENTIALS, "test")
    maker = boto3.Session(botocore_session=session) if session else boto3
    return maker.client(service, config=config, region_name=region, endpoint_url=endpoint, **credentials)


@contextmanager
def map_transient_errors(action: str) -> Iterator[None]:
    """Raise a TransientError for errors that may pass.

    An error of our own configuration (missing permissions, wrong names) stays botocore's ClientError.

    Parameters
    ----------
    action
        What was attempted, in words that follow ``expected to``; it must not repeat what a sender wrote.

    Raises
    ------
    RequestRejected
        Where the service answered with a status below 500, so that nothing was done.
    TransientError
        Where the service failed or did not answer, so that the request may have been carried out.
    """
    try:
        yield
    except ClientError as error:
        if error_code(error) in _NOT_TRANSIENT:
            raise
        # Below 500 the service refused (mostly: too many requests); from 500 on it may have carried the request out.
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
        kind = RequestRejected if status < 500 else TransientError
        raise kind(f"expected to {action}, received {error_code(error)}") from error
    except BotoCoreError as error:
        raise TransientError(f"expected to {action}, received {type(error).__name__}") from error


@contextmanager
def map_aws_errors(action: str) -> Iterator[None]:
    """Raise a HemascopeError for every error of a service: an operator gets one line that says what failed, no traceback."""
    try:
        with map_transient_errors(action):
            yield
    except ClientError as error:
        raise HemascopeError(f"expected to {action}, received {error_code(error)}") from error


def error_code(error: ClientError) -> str:
    """Return the code of a service's error response; ``unknown`` where it has none."""
    return str(error.response.get("Error", {}).get("Code", "unknown"))
