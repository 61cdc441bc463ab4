"""A link for programs that may be interrupted at any moment: it stores the content that was named, once."""

import json
from pathlib import Path
from typing import Any

import pytest

from hemascope.domain.upload import SignedPut
from hemascope.portal.identity import Person, Role
from hemascope.portal.uploads import UploadRequest
from tests.support.portal_world import PortalWorld, account, opened

TECHNICIAN = Person(account="8f0c", role=Role.TECHNICIAN, hospital="st-mary")
NAMES = {"patient": "p-7", "slide": "c-1", "field": "f.jpg"}


def test_a_program_that_names_the_content_gets_a_link_that_stores_it_once() -> None:
    request = UploadRequest(**NAMES, sha256="00" * 31 + "ff", size=5)

    upload = PortalWorld().services.uploads.open_upload(TECHNICIAN, request)

    checksum = "A" * 41 + "P8="
    assert upload.put == SignedPut(
        url="https://uploads.example/smears/st-mary/p-7/c-1/f.jpg",
        headers={"x-amz-checksum-sha256": checksum, "content-length": "5", "if-none-match": "*"},
    )


def test_a_browser_that_names_no_content_gets_only_the_form() -> None:
    assert PortalWorld().services.uploads.open_upload(TECHNICIAN, UploadRequest(**NAMES)).put is None


@pytest.mark.parametrize(
    "content",
    [
        {"sha256": "0" * 64},
        {"size": 5},
        {"sha256": "0" * 63, "size": 5},
        {"sha256": "G" * 64, "size": 5},
        {"sha256": "0" * 64, "size": 0},
        {"sha256": "0" * 64, "size": 33_554_433},
    ],
)
def test_half_a_description_of_the_content_is_a_bad_request(
    root: Path, monkeypatch: pytest.MonkeyPatch, content: dict[str, Any]
) -> None:
    ask = opened(root, PortalWorld(), monkeypatch)

    answer = ask("POST /uploads", account("technician"), json.dumps(NAMES | content))

    assert answer["statusCode"] == 400
