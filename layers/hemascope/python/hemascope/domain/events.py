"""SQS message body <-> object versions: S3 notifications, also through SNS, and EventBridge events, nothing else."""

import json
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hemascope.domain.errors import InvalidEvent
from hemascope.domain.sns import open_message
from hemascope.domain.specimen import ObjectVersion, Unicode

ARCHIVE_RUN = "ArchiveRun"  # the reason in events of infra/archive_definition.py; events of S3 have other reasons
MICROSCOPE_CHANGE = "MicroscopeChange"  # the reason in events of :func:`announce_again`


class CreatedObject(BaseModel):
    """An object version that was created, and its size in bytes where the event contains it.

    ``reprocess`` marks an archived object that is sent to a newer model, ``rescreen`` one that is judged again since its
    microscope changed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    object: ObjectVersion
    size: int | None = None
    reprocess: bool = False
    rescreen: bool = False

    @property
    def is_folder_marker(self) -> bool:
        """Whether it is no picture but a folder, as the S3 console creates one: nothing, under a key that ends with ``/``."""
        return self.object.key.endswith("/") and self.size == 0


class _Lenient(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class _Bucket(_Lenient):
    name: Unicode = Field(min_length=1)


class _S3Object(_Lenient):
    key: Unicode = Field(min_length=1)
    size: int | None = None
    version_id: Unicode | None = Field(None, alias="versionId")


class _EventBridgeObject(_Lenient):
    key: Unicode = Field(min_length=1)
    size: int | None = None
    version_id: Unicode | None = Field(None, alias="version-id")


class _S3(_Lenient):
    bucket: _Bucket
    object: _S3Object


class _S3Record(_Lenient):
    event_name: str = Field(alias="eventName")
    s3: _S3


class _Notification(_Lenient):
    records: list[_S3Record] = Field(alias="Records")


class _Detail(_Lenient):
    bucket: _Bucket
    object: _EventBridgeObject
    reason: str | None = None


class _EventBridge(_Lenient):
    detail: _Detail


def parse_message(body: str) -> list[CreatedObject]:
    """Parse the object versions that one SQS message announces.

    Keys in S3 notifications are form-encoded (``+`` is a blank) and are decoded here; keys in EventBridge events are
    plain. Both may come through an SNS topic, with raw message delivery or in SNS's envelope. ``s3:TestEvent``, which S3 sends
    when a notification is configured, events other than creations, and folder markers yield none.

    Raises
    ------
    InvalidEvent
        Where the body is neither. The error does not repeat the body, which may name a person.
    """
    try:
        content: Any = open_message(body)
        if isinstance(content, dict) and content.get("Event") == "s3:TestEvent":
            return []
        if isinstance(content, dict) and content.get("source") == "aws.s3":
            return _without_folders(_from_eventbridge(content))
        records = _Notification.model_validate(content).records
    except (ValueError, RecursionError) as error:
        kind = "fields are missing" if isinstance(error, ValidationError) else "it is not JSON"
        raise InvalidEvent(
            f"expected an S3 event from a notification or EventBridge, received another message: {kind}"
        ) from None
    created = [record for record in records if record.event_name.removeprefix("s3:").startswith("ObjectCreated:")]
    return _without_folders([_from_record(record) for record in created])


def announce(created: CreatedObject) -> str:
    """Inverse of :func:`parse_message` for one object version: a message by which it is screened again.

    It has the form of S3's notification, so that the screening function needs no other parser.
    """
    version = created.object
    found: dict[str, Any] = {"key": quote_plus(version.key, safe="/")}
    if created.size is not None:
        found["size"] = created.size
    if version.version_id != "null":
        found["versionId"] = version.version_id
    record = {"eventName": "ObjectCreated:Announced", "s3": {"bucket": {"name": version.bucket}, "object": found}}
    return json.dumps({"Records": [record]})


def announce_again(created: CreatedObject) -> str:
    """Inverse of :func:`parse_message` for an object version that is screened again since its microscope changed.

    It has the form of EventBridge's event, in which a reason has a place.
    """
    version = created.object
    found: dict[str, Any] = {"key": version.key}
    if created.size is not None:
        found["size"] = created.size
    if version.version_id != "null":
        found["version-id"] = version.version_id
    detail = {"bucket": {"name": version.bucket}, "object": found, "reason": MICROSCOPE_CHANGE}
    return json.dumps({"source": "aws.s3", "detail-type": "Object Created", "detail": detail})


def _without_folders(created: list[CreatedObject]) -> list[CreatedObject]:
    return [found for found in created if not found.is_folder_marker]


def _from_eventbridge(content: dict[str, Any]) -> list[CreatedObject]:
    detail = _EventBridge.model_validate(content).detail
    if content.get("detail-type") != "Object Created":
        return []
    found = detail.object
    created = _created(detail.bucket.name, found.key, found.version_id, found.size)
    reasons = {"reprocess": detail.reason == ARCHIVE_RUN, "rescreen": detail.reason == MICROSCOPE_CHANGE}
    return [created.model_copy(update=reasons)]


def _from_record(record: _S3Record) -> CreatedObject:
    found = record.s3.object
    return _created(record.s3.bucket.name, unquote_plus(found.key), found.version_id, found.size)


def _created(bucket: str, key: str, version_id: str | None, size: int | None) -> CreatedObject:
    return CreatedObject(object=ObjectVersion(bucket=bucket, key=key, version_id=version_id or "null"), size=size)
