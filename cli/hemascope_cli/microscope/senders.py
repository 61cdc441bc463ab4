"""Two ways into the uploads bucket for a microscope's agent: keys of its own, or a link of the portal.

The request is the same: a PUT that S3 takes only where nothing stands under that key, with the picture's SHA-256, which S3
checks and repeats.
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
    """A :class:`~hemascope_cli.microscope.agent.Sender` with keys that may put objects; it needs no right to read."""

    s3: Any
    bucket: str

    def send(self, key: str, picture: Picture) -> str | None:
        """Put once."""
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
    """The same with an account of the portal, whose function signs each request."""

    portal: PortalClient

    def send(self, key: str, picture: Picture) -> str | None:
        """Ask for a link, then put once."""
        upload = self.portal.open_upload(key, picture.sha256, len(picture.data))
        status, headers = self.portal.put(upload.put, picture.data)
        if status == _TAKEN:
            return None
        if status != 200:
            raise TransientError(f"expected to store a picture, received status {status}")
        _confirm(picture, headers.get("x-amz-checksum-sha256"))
        version = headers.get("x-amz-version-id", "null")
        return ObjectVersion(bucket=upload.bucket, key=key, version_id=version).object_id


def _confirm(picture: Picture, repeated: str | None) -> None:
    """The store says which bytes it has."""
    if repeated != picture.checksum:
        raise TransientError(f"expected S3 to confirm SHA-256 {picture.checksum}, received {repeated}")
