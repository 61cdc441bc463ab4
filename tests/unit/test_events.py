import json
from pathlib import Path

import pytest

from hemascope.domain.errors import InvalidEvent
from hemascope.domain.events import CreatedObject, announce, announce_again, parse_message
from hemascope.domain.specimen import ObjectVersion

BUCKET = "hemascope-uploads-123456789012-eu-central-1"
VERSION = "3sL4kqtJlcpXroDTDmJ.rmSpXd3dIbrHY"
FIELD = "smears/st-mary/p-7/c-1/field-1.jpg"
STRANGE = "smears/st-mary/p-7/c-1/50% 1+1 血液 Größe.jpg"

# Every file of tests/events: the keys, versions and sizes that it announces.
CORPUS: dict[str, list[tuple[str, str, int | None]]] = {
    "s3-put": [(FIELD, VERSION, 48213)],
    "s3-encoded-key": [(STRANGE, VERSION, 48213)],
    "s3-multipart-upload": [("smears/st-mary/p-7/c-1/large.tif", VERSION, 20971520)],
    "s3-unversioned": [(FIELD, "null", 48213)],
    "s3-several-records": [
        (FIELD, VERSION, 48213),
        (FIELD, "QUpfdndhfd8438MNFDN93jdnJFkdmqnh893", 48213),
        ("smears/st-mary/p-7/c-2/field-2.jpg", VERSION, 512),
    ],
    "s3-removed": [],
    "s3-test-event": [],
    "sns-s3-put": [(STRANGE, VERSION, 48213)],
    "sns-s3-test-event": [],
    "eventbridge-created": [(STRANGE, VERSION, 48213)],
    "eventbridge-unversioned": [(FIELD, "null", 48213)],
    "eventbridge-deleted": [],
    "eventbridge-archive-run": [(STRANGE, VERSION, 48213)],
    "s3-folder": [],
    "eventbridge-folder": [],
}


def test_only_an_archive_run_sends_old_objects(root: Path) -> None:
    bodies = {name: (root / "tests" / "events" / f"{name}.json").read_text(encoding="utf-8") for name in CORPUS}

    old = {name for name, body in bodies.items() if any(created.reprocess for created in parse_message(body))}

    assert old == {"eventbridge-archive-run"}


@pytest.mark.parametrize(("version", "size"), [(VERSION, 48213), ("null", None)])
def test_what_is_announced_again_is_the_same_version_with_its_mark(version: str, size: int | None) -> None:
    created = CreatedObject(object=ObjectVersion(bucket=BUCKET, key=STRANGE, version_id=version), size=size)

    assert parse_message(announce_again(created)) == [created.model_copy(update={"rescreen": True})]
    assert parse_message(announce(created)) == [created]


@pytest.mark.parametrize("name", CORPUS)
def test_every_form_of_event_is_read(root: Path, name: str) -> None:
    body = (root / "tests" / "events" / f"{name}.json").read_text(encoding="utf-8")

    created = parse_message(body)

    assert [(found.object.key, found.object.version_id, found.size) for found in created] == CORPUS[name]
    assert all(found.object.bucket == BUCKET for found in created)


@pytest.mark.parametrize(
    ("key", "size", "is_folder"),
    [
        ("smears/st-mary/", 0, True),
        ("smears/st-mary/p-7/c-1/", 0, True),
        ("smears/st-mary/p-7/c-1/", 48213, False),  # somebody's picture, under a key that names no field
        ("smears/st-mary/p-7/c-1/", None, False),
        (FIELD, 0, False),
    ],
)
def test_only_nothing_under_a_key_that_ends_with_a_slash_is_a_folder(key: str, size: int | None, *, is_folder: bool) -> None:
    created = CreatedObject(object=ObjectVersion(bucket=BUCKET, key=key), size=size)

    assert created.is_folder_marker is is_folder
    assert parse_message(announce(created)) == ([] if is_folder else [created])


def test_the_corpus_is_complete(root: Path) -> None:
    assert {file.stem for file in (root / "tests" / "events").glob("*.json")} == set(CORPUS)


def test_the_same_upload_has_one_id_whichever_way_its_event_came(root: Path) -> None:
    events = root / "tests" / "events"
    names = ("s3-encoded-key", "sns-s3-put", "eventbridge-created")
    bodies = [(events / f"{name}.json").read_text(encoding="utf-8") for name in names]

    ids = {created.object.object_id for body in bodies for created in parse_message(body)}

    assert len(ids) == 1


@pytest.mark.parametrize(
    "body",
    [
        "",
        "not JSON",
        "null",
        "[]",
        "{}",
        '"text"',
        "17",
        '{"Records": null}',
        '{"Records": [{}]}',
        '{"Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": {}, "object": {"key": "k"}}}]}',
        '{"Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "b"}, "object": {"key": ""}}}]}',
        '{"source": "aws.s3", "detail-type": "Object Created"}',
        '{"source": "aws.ec2", "detail": {}}',
        "[" * 100_000,
        '{"Type": "Notification"}',
        '{"Type": "Notification", "Message": null}',
        '{"Type": "Notification", "Message": {"Records": []}}',
        '{"Type": "Notification", "Message": "not JSON"}',
        '{"Type": "Notification", "Message": "{}"}',
        json.dumps({"Type": "Notification", "Message": "[" * 100_000}),
        json.dumps({"Type": "Notification", "Message": json.dumps({"Type": "Notification", "Message": '{"Records": []}'})}),
        json.dumps({"Type": "SubscriptionConfirmation", "Message": '{"Records": []}'}),
    ],
)
def test_anything_else_is_an_invalid_event(body: str) -> None:
    with pytest.raises(InvalidEvent, match="expected an S3 event"):
        parse_message(body)


@pytest.mark.parametrize("body", ['{"patient": "Jane Doe"}', '{"Type": "Notification", "Message": "Jane Doe"}'])
def test_the_refusal_does_not_repeat_what_the_sender_wrote(body: str) -> None:
    with pytest.raises(InvalidEvent) as refusal:
        parse_message(body)

    assert "Jane" not in str(refusal.value)
    assert refusal.value.__cause__ is None


@pytest.mark.parametrize("field", ["name", "key", "versionId"])
def test_half_a_character_in_an_event_is_refused(field: str) -> None:
    bucket, found = {"name": "uploads"}, {"key": "smears/h/p/c/f.jpg", "versionId": "v1"}
    (bucket if field == "name" else found)[field] = "\ud800"  # JSON may say so; no digest and no service takes it
    body = json.dumps({"Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": bucket, "object": found}}]})

    with pytest.raises(InvalidEvent, match="another message"):
        parse_message(body)
