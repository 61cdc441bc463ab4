"""Two ways for the agent to store a picture in the uploads bucket: with AWS keys, or with a presigned link of the portal.

The request is the same: a conditional PUT that fails where the key exists, with the picture's SHA-256, which S3 verifies and
returns.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from hemascope.aws.client import error_code, map_aws_errors
from hemascope.domain.errors import HemascopeError, TransientError
from hemascope.domain.specimen import ObjectVersion
from hemascope_cli.microscope.picture import Picture
from hemascope_cli.microscope.portal_client import PortalClient

_TAKEN = 412
_NO_ANSWER = "no answer from the bucket: check this computer's network; the agent tries again"
_REFUSALS = {
    "AccessDenied": "the bucket refuses the picture: ask the operator whether these keys may store this microscope's pictures",
    "ExpiredToken": "the keys have expired: sign in again",
    "NoSuchBucket": "there is no such bucket: check --bucket and --endpoint",
    "RequestTimeTooSkewed": "this computer's clock is wrong, so the bucket refuses the picture: set the clock",
}


@dataclass(frozen=True)
class S3Sender:
    """A :class:`~hemascope_cli.microscope.agent.Sender` with AWS keys that may put objects; it needs no permission to read."""

    s3: Any
    bucket: str

    def send(self, key: str, picture: Picture) -> str | None:
        """Put the picture unless its key exists."""
        with _in_words():
            try:
                answer = self.s3.put_object(
                    Bucket=self.bucket, Key=key, Body=picture.data, ChecksumSHA256=picture.checksum, IfNoneMatch="*"
                )
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] == _TAKEN:
                    return None
                raise
            except NoCredentialsError as error:
                raise HemascopeError(
                    "there are no keys to send with: give --identity or --portal, or set up AWS's own keys"
                ) from error
        _confirm(picture, answer.get("ChecksumSHA256"))
        return ObjectVersion(bucket=self.bucket, key=key, version_id=answer.get("VersionId", "null")).object_id


@dataclass(frozen=True)
class PortalSender:
    """A :class:`~hemascope_cli.microscope.agent.Sender` with an account of the portal, which presigns each request."""

    portal: PortalClient

    def send(self, key: str, picture: Picture) -> str | None:
        """Request a link, then put the picture unless its key exists."""
        upload = self.portal.open_upload(key, picture.sha256, len(picture.data))
        status, headers = self.portal.put(upload.put, picture.data)
        if status == _TAKEN:
            return None
        if status != 200:
            raise TransientError(f"the bucket does not take pictures at the moment (status {status}); the agent tries again")
        _confirm(picture, headers.get("x-amz-checksum-sha256"))
        version = headers.get("x-amz-version-id", "null")
        return ObjectVersion(bucket=upload.bucket, key=key, version_id=version).object_id


@contextmanager
def _in_words() -> Iterator[None]:
    """Say for the person at the microscope what went wrong; the kinds of errors stay."""
    try:
        with map_aws_errors("store a picture"):
            yield
    except HemascopeError as error:
        cause = error.__cause__
        if isinstance(cause, ClientError):
            code = error_code(cause)
            raise type(error)(_REFUSALS.get(code, f"the bucket does not take the picture ({code})")) from cause
        if isinstance(cause, BotoCoreError) and not isinstance(cause, NoCredentialsError):
            raise type(error)(_NO_ANSWER) from cause
        raise


def _confirm(picture: Picture, returned: str | None) -> None:
    """Check that the store returned the digest of the bytes that were sent."""
    if returned != picture.checksum:
        raise TransientError("the bucket did not confirm what it received; the agent sends it again")
