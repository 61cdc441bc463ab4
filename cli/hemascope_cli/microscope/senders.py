"""Two ways for the agent to store a picture in the uploads bucket: with AWS keys, or with a presigned link of the portal.

The request is the same: a conditional PUT that fails where the key exists, with the picture's SHA-256, which S3 verifies and
returns.
"""

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError, NoCredentialsError

from hemascope.aws.client import map_aws_errors
from hemascope.domain.errors import HemascopeError, TransientError
from hemascope.domain.specimen import ObjectVersion
from hemascope_cli.microscope.picture import Picture
from hemascope_cli.microscope.portal_client import PortalClient

_TAKEN = 412


@dataclass(frozen=True)
class S3Sender:
    """A :class:`~hemascope_cli.microscope.agent.Sender` with AWS keys that may put objects; it needs no permission to read."""

    s3: Any
    bucket: str

    def send(self, key: str, picture: Picture) -> str | None:
        """Put the picture unless its key exists."""
        with map_aws_errors("store a picture"):
            try:
                answer = self.s3.put_object(
                    Bucket=self.bucket, Key=key, Body=picture.data, ChecksumSHA256=picture.checksum, IfNoneMatch="*"
                )
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] == _TAKEN:
                    return None
                raise
            except NoCredentialsError as error:
                raise HemascopeError("expected keys: --identity, a portal, or AWS's own settings; found none") from error
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
            raise TransientError(f"expected to store a picture, received status {status}")
        _confirm(picture, headers.get("x-amz-checksum-sha256"))
        version = headers.get("x-amz-version-id", "null")
        return ObjectVersion(bucket=upload.bucket, key=key, version_id=version).object_id


def _confirm(picture: Picture, returned: str | None) -> None:
    """Check that the store returned the digest of the bytes that were sent."""
    if returned != picture.checksum:
        raise TransientError(f"expected S3 to confirm SHA-256 {picture.checksum}, received {returned}")
