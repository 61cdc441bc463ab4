"""Which microscope took the pictures: the upload page offers the hospital's list, in a real browser."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.web.fake_service import FakeService

Opener = Callable[..., Page]

PICTURE = {"name": "one.jpg", "mimeType": "image/jpeg", "buffer": b"\xff\xd8\xff\xe0" + bytes(2000)}


@pytest.fixture
def bucket(service: FakeService) -> FakeService:
    """The service, with a bucket that takes pictures and a screening that never ends."""

    def opened(_: dict[str, str], body: dict[str, str]) -> tuple[int, Any]:
        form = {"url": f"{service.url}/bucket", "fields": {"key": body["field"], "policy": "p"}}
        ours = {"maximum_bytes": 33554432, "expires_in": 300, "bucket": "uploads", "key": body["field"], "id_rule": ""}
        return 201, {"form": form, **ours}

    service.answers |= {"POST /uploads": opened, "GET /states": lambda query, _: (200, {"states": {}, "reasons": {}})}
    return service


def test_the_microscope_of_the_hospitals_list_is_sent_with_each_picture_and_stays_chosen(
    open_page: Opener, bucket: FakeService
) -> None:
    page = open_page("#/upload", "technician")
    page.get_by_label("Patient ID").fill("p-7")
    page.get_by_label("Slide ID").fill("slide-7")
    page.locator("#files").set_input_files([PICTURE])

    expect(page.get_by_label("Microscope").get_by_role("option")).to_have_text(["Not specified", "scope 1", "血 2"])
    page.get_by_label("Microscope").select_option("血 2")
    page.get_by_role("button", name="Upload 1 picture").click()
    expect(page.locator(".picture", has_text="one.jpg")).to_contain_text("Analyzing")
    page.goto(page.url.replace("#/upload", "#/reports"))
    page.goto(page.url.replace("#/reports", "#/upload"))

    assert bucket.bodies["POST /uploads"] == {
        "patient": "p-7",
        "slide": "slide-7",
        "microscope": "血 2",
        "field": "one.jpg",
    }
    expect(page.get_by_label("Microscope")).to_have_value("血 2")


def test_without_a_list_of_microscopes_pictures_are_sent_all_the_same(open_page: Opener, bucket: FakeService) -> None:
    bucket.answers["GET /microscopes"] = {"microscopes": []}
    page = open_page("#/upload", "technician")
    page.get_by_label("Patient ID").fill("p-7")
    page.get_by_label("Slide ID").fill("slide-7")
    page.locator("#files").set_input_files([PICTURE])
    page.get_by_role("button", name="Upload 1 picture").click()

    expect(page.locator(".picture", has_text="one.jpg")).to_contain_text("Analyzing")
    assert "microscope" not in bucket.bodies["POST /uploads"]
