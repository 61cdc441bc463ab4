"""Buckets as operators see them: every version of every object, page by page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hemascope.aws.client import map_aws_errors
from hemascope.domain.errors import HemascopeError
from hemascope.domain.specimen import ObjectVersion

_PAGE = 1000  # the most that S3 lists, and deletes, in one call


@dataclass(frozen=True)
class StoredVersion:
    """One version of an object, or the marker that a deletion without a version leaves."""

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
        """List versions and markers, at most a thousand at a time, so that memory stays flat."""
        with map_aws_errors("list object versions"):
            pages = self.s3.get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=prefix)
            for page in pages:
                yield [self._stored(version) for version in page.get("Versions", [])] + [
                    self._stored(marker, is_marker=True) for marker in page.get("DeleteMarkers", [])
                ]

    def all_below(self, prefix: str) -> list[StoredVersion]:
        """All of them at once, where there can't be many."""
        return [one for page in self.pages(prefix) for one in page]

    def delete(self, versions: Sequence[StoredVersion]) -> None:
        """Delete for good, each by its version.

        Raises
        ------
        HemascopeError
            Where some were refused; those before them are deleted.
        """
        for start in range(0, len(versions), _PAGE):
            objects = [
                {"Key": version.object.key, "VersionId": version.object.version_id}
                for version in versions[start : start + _PAGE]
            ]
            with map_aws_errors("delete object versions"):
                answer = self.s3.delete_objects(Bucket=self.bucket, Delete={"Objects": objects, "Quiet": True})
            if refused := answer.get("Errors"):
                why = ", ".join(sorted({one["Code"] for one in refused}))
                raise HemascopeError(f"expected to delete {len(objects)} object versions, {len(refused)} were refused: {why}")

    def _stored(self, listed: dict[str, Any], *, is_marker: bool = False) -> StoredVersion:
        version = ObjectVersion(bucket=self.bucket, key=listed["Key"], version_id=listed["VersionId"])
        return StoredVersion(version, listed["LastModified"], listed.get("Size"), is_marker)
