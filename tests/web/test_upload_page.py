"""Pictures are checked, sent and followed, in a real browser."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.web import answers
from tests.web.fake_service import FakeService

Opener = Callable[..., Page]

JPEG = b"\xff\xd8\xff\xe0" + bytes(2000)
REPORT = f"#/reports/{answers.LEUKEMIA}"


def picture(name: str, data: bytes = JPEG) -> dict[str, Any]:
    return {"name": name, "mimeType": "image/jpeg", "buffer": data}


@pytest.fixture
def bucket(service: FakeService) -> FakeService:
    """The service, with a bucket that takes pictures."""

    def opened(_: dict[str, str], body: dict[str, str]) -> tuple[int, Any]:
        key = f"smears/st-mary/{body['patient']}/{body['slide']}/{body['field']}"
        form = {"url": f"{service.url}/bucket", "fields": {"key": key, "policy": "p"}}
        return 201, {"form": form, "maximum_bytes": 33554432, "expires_in": 300, "bucket": "uploads", "key": key, "id_rule": ""}

    service.answers["POST /uploads"] = opened
    return service


def test_a_technician_sends_smears_and_watches_each_come_to_its_end(open_page: Opener, bucket: FakeService) -> None:
    asked = []

    def states(query: dict[str, str], _: Any) -> tuple[int, Any]:
        ids = query["ids"].split(",")
        asked.append(ids)
        if len(asked) < 2 or len(ids) < 2:
            return 200, {"states": dict.fromkeys(ids, "waiting"), "reasons": {}}
        reason = {"message": "expected a picture, received text", "advice": "Send the file again."}
        return 200, {"states": {ids[0]: "reported", ids[1]: "rejected"}, "reasons": {ids[1]: reason}}

    bucket.answers["GET /states"] = states
    page = open_page("#/upload", "technician")
    page.get_by_label("Patient ID").fill("p-7")
    page.get_by_label("Slide ID").fill("slide-7")

    page.locator("#files").set_input_files([picture("one.jpg"), picture("血液.jpg")])
    page.get_by_role("button", name="Upload 2 pictures").click()

    expect(page.locator(".picture", has_text="one.jpg")).to_contain_text("Reported")
    second = page.locator(".picture", has_text="血液.jpg")
    expect(second).to_contain_text("Rejected")
    expect(second).to_contain_text("expected a picture, received text Send the file again.")
    expect(page.get_by_text("2 of 2 finished")).to_be_visible()
    opened = page.get_by_role("link", name="Open report").get_attribute("href")
    assert opened == f"#/reports/{asked[-1][0]}"
    # SHA-256 by hand of '7:uploads34:smears/st-mary/p-7/slide-7/one.jpg9:version-1', and of the other, which counts characters.
    # Both are uploaded at once, so either may be the first that the bucket takes.
    assert asked[-1] in (
        ["d91726fd3c6ea6896f4262d9bb5f7ae9", "beb368c9c2db11804e3ddf2cdb861e0b"],  # version-1, version-2
        ["769d323d4e0d7555307a39f95369efd8", "402df18ffd73523b5c5ce6f7415266f1"],  # version-2, version-1
    )
    assert bucket.calls.count("POST bucket") == 2


def test_the_id_of_a_picture_is_the_services_own(open_page: Opener) -> None:
    from hemascope.domain.specimen import ObjectVersion

    key = "smears/st-mary/p-7/c+1/50% 血液 😀.jpg"
    page = open_page("#/upload", "technician")

    computed = page.evaluate("async (parts) => (await import('./sending.mjs')).objectId(...parts)", ["uploads", key, "v-1"])

    assert computed == ObjectVersion(bucket="uploads", key=key, version_id="v-1").object_id


@pytest.mark.parametrize(
    ("file", "objection"),
    [
        (picture("empty.jpg", b""), "The file is empty."),
        (picture("notes.jpg", b"Dear colleague"), "The file is not a JPEG, PNG, TIFF, BMP or WebP picture."),
        (picture("field 1.jpg "), "contains “/” or begins or ends with a space."),
    ],
    ids=["empty", "text", "blank at the end"],
)
def test_a_file_that_would_be_rejected_is_not_sent(
    open_page: Opener, bucket: FakeService, file: dict[str, Any], objection: str
) -> None:
    page = open_page("#/upload", "technician")

    page.locator("#files").set_input_files([file])

    expect(page.locator(".picture")).to_contain_text(objection)
    expect(page.get_by_role("button", name="Upload", exact=False)).to_have_count(0)
    assert "POST /uploads" not in bucket.calls


def test_a_file_of_a_byte_more_than_the_service_takes_is_not_sent(open_page: Opener) -> None:
    page = open_page("#/upload", "technician")

    # Made in the page: a file of this size takes half a minute from here to there.
    said = page.evaluate(
        "async () => (await import('./checks.mjs')).objection(new File([new Uint8Array(32 * 1024 * 1024 + 1)], 'a.jpg'), [])"
    )

    assert said == "The file is too large: 33.6 MB. The limit is 32 MB."


def test_pictures_without_a_slide_are_not_sent_and_the_missing_id_is_pointed_at(open_page: Opener, bucket: FakeService) -> None:
    page = open_page("#/upload", "technician")
    page.locator("#files").set_input_files([picture("one.jpg")])

    page.get_by_role("button", name="Upload 1 picture").click()

    expect(page.get_by_role("status").first).to_contain_text("Please enter the patient ID and the slide ID first.")
    expect(page.get_by_label("Patient ID")).to_be_focused()
    assert "POST /uploads" not in bucket.calls


def test_a_picture_that_did_not_arrive_can_be_sent_again(open_page: Opener, bucket: FakeService) -> None:
    opened = bucket.answers["POST /uploads"]
    bucket.answers["POST /uploads"] = (503, {"detail": "A service did not answer. Please try again in a moment."})
    bucket.answers["GET /states"] = lambda query, _: (200, {"states": {query["ids"]: "reported"}, "reasons": {}})
    page = open_page("#/upload", "technician")
    page.get_by_label("Patient ID").fill("p-7")
    page.get_by_label("Slide ID").fill("slide-7")
    page.locator("#files").set_input_files([picture("one.jpg")])
    page.get_by_role("button", name="Upload 1 picture").click()
    expect(page.locator(".picture")).to_contain_text("A service did not answer.")
    bucket.answers["POST /uploads"] = opened

    page.get_by_role("button", name="Upload 1 picture").click()

    expect(page.locator(".picture")).to_contain_text("Reported")
