"""S3: pictures, reports and presigned links."""

import base64
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from hemascope.aws.client import error_code, map_transient_errors
from hemascope.domain.errors import MissingObject
from hemascope.domain.picture_file import check_size
from hemascope.domain.specimen import ObjectVersion, Specimen, smear_key
from hemascope.domain.upload import SignedPut, UploadForm

_MISSING = {"NoSuchKey", "NoSuchVersion", "404"}
_TAKEN = {"PreconditionFailed", "ConditionalRequestConflict"}


@dataclass(frozen=True)
class S3Store:
    """An :class:`~hemascope.ports.ObjectStore` in S3; ``bucket`` is the bucket for reports."""

    s3: Any
    bucket: str = ""

    def read(self, version: ObjectVersion, limit: int) -> bytes:
        """Download an object version of an allowed size."""
        requested = {} if version.version_id == "null" else {"VersionId": version.version_id}
        with map_transient_errors("read a picture"):
            try:
                answer = self.s3.get_object(Bucket=version.bucket, Key=version.key, **requested)
            except ClientError as error:
                if error_code(error) in _MISSING:
                    raise MissingObject(f"expected the object version {version.object_id}, it is gone") from error
                raise
            with answer["Body"] as body:
                check_size(min(answer["ContentLength"], limit + 1))
                return bytes(body.read())

    def write_once(self, key: str, content: bytes, content_type: str) -> bool:
        """Put with ``IfNoneMatch``: an existing report is never overwritten."""
        with map_transient_errors("store a report"):
            try:
                self.s3.put_object(Bucket=self.bucket, Key=key, Body=content, ContentType=content_type, IfNoneMatch="*")
            except ClientError as error:
                if error_code(error) in _TAKEN:
                    return False
                raise
        return True


def upload(s3: Any, bucket: str, specimen: Specimen, data: bytes) -> ObjectVersion:
    """Put a picture into the uploads bucket; return the version that the bucket's event will name."""
    key = smear_key(specimen)
    with map_transient_errors("upload a picture"):
        answer = s3.put_object(Bucket=bucket, Key=key, Body=data)
    return ObjectVersion(bucket=bucket, key=key, version_id=answer.get("VersionId", "null"))


@dataclass(frozen=True)
class S3Links:
    """A :class:`~hemascope.ports.LinkMaker` of presigned forms and links; S3 is not called to make one.

    A link carries the rights of the function's role for one object and expires after ``seconds``.
    """

    s3: Any
    uploads: str
    reports: str
    seconds: int

    def upload_form(self, key: str, maximum_bytes: int) -> UploadForm:
        """Sign a form that S3 accepts for this key and these sizes only."""
        form = self.s3.generate_presigned_post(
            self.uploads, key, Conditions=[["content-length-range", 1, maximum_bytes]], ExpiresIn=self.seconds
        )
        return UploadForm.model_validate(form)

    def upload_put(self, key: str, sha256: str, size: int) -> SignedPut:
        """Sign a PUT together with size, checksum and condition, so that it is valid for nothing else."""
        checksum = base64.b64encode(bytes.fromhex(sha256)).decode()
        signed = {"ContentLength": size, "ChecksumSHA256": checksum, "IfNoneMatch": "*"}
        url = self.s3.generate_presigned_url(
            "put_object", Params={"Bucket": self.uploads, "Key": key} | signed, ExpiresIn=self.seconds
        )
        headers = {"content-length": str(size), "x-amz-checksum-sha256": checksum, "if-none-match": "*"}
        return SignedPut(url=url, headers=headers)

    def link(self, key: str) -> str:
        """Sign a GET."""
        return str(
            self.s3.generate_presigned_url("get_object", Params={"Bucket": self.reports, "Key": key}, ExpiresIn=self.seconds)
        )
