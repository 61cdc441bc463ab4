"""Versioned buckets: every version of every object, page by page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hemascope.aws.client import map_aws_errors
from hemascope.domain.errors import HemascopeError
from hemascope.domain.specimen import ObjectVersion

_PAGE = 1000  # the most objects that S3 lists or deletes in one call


@dataclass(frozen=True)
class StoredVersion:
    """One version of an object, or a delete marker."""

    object: ObjectVersion
    modified: datetime
    size: int | None = None
    is_marker: bool = False


@dataclass(frozen=True)
class VersionedBucket:
    """All versions in one bucket."""

    s3: Any
    bucket: str

    def pages(self, prefix: str) -> Iterator[list[StoredVersion]]:
        """Yield versions and delete markers in pages of at most a thousand, so that memory use stays constant."""
        with map_aws_errors("list object versions"):
            pages = self.s3.get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=prefix)
            for page in pages:
                yield [self._stored(version) for version in page.get("Versions", [])] + [
                    self._stored(marker, is_marker=True) for marker in page.get("DeleteMarkers", [])
                ]

    def all_below(self, prefix: str) -> list[StoredVersion]:
        """Return all versions and delete markers below a prefix, where there can't be many."""
        return [version for page in self.pages(prefix) for version in page]

    def delete(self, versions: Sequence[StoredVersion]) -> None:
        """Delete versions permanently.

        Raises
        ------
        HemascopeError
            Where S3 refused to delete some; the others of that call, and all before it, are deleted.
        """
        for start in range(0, len(versions), _PAGE):
            objects = [
                {"Key": version.object.key, "VersionId": version.object.version_id}
                for version in versions[start : start + _PAGE]
            ]
            with map_aws_errors("delete object versions"):
                answer = self.s3.delete_objects(Bucket=self.bucket, Delete={"Objects": objects, "Quiet": True})
            if refused := answer.get("Errors"):
                codes = ", ".join(sorted({error["Code"] for error in refused}))
                raise HemascopeError(f"expected to delete {len(objects)} object versions, {len(refused)} were refused: {codes}")

    def _stored(self, listed: dict[str, Any], *, is_marker: bool = False) -> StoredVersion:
        version = ObjectVersion(bucket=self.bucket, key=listed["Key"], version_id=listed["VersionId"])
        return StoredVersion(version, listed["LastModified"], listed.get("Size"), is_marker)
