"""Pictures are checked, sent and followed, in a real browser."""

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from hemascope.domain.errors import RejectedSmear
from hemascope.domain.personal import likenesses
from hemascope.domain.picture_file import SUFFIXES, identify
from hemascope.domain.specimen import Specimen, segment_fault
from hemascope.portal.problems import UnconfirmedNames, problem_of
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
        (picture("notes.jpg", b"Dear colleague"), "The file is not a JPEG, PNG, TIFF, BMP, WebP or HEIC picture."),
        (picture("field 1.jpg "), "A file name can’t begin or end with a space."),
        (picture("field\u202e1.jpg"), "A file name can’t contain the control character U+202E."),
    ],
    ids=["empty", "text", "blank at the end", "override"],
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


@pytest.fixture
def asking(bucket: FakeService) -> FakeService:
    """The service, which asks about names as the real one does."""
    opened = bucket.answers["POST /uploads"]

    def asked(query: dict[str, str], body: dict[str, Any]) -> tuple[int, Any]:
        names = likenesses(Specimen(hospital="st-mary", **{part: body[part] for part in ("patient", "slide", "field")}))
        if names and not body.get("names_confirmed"):
            return 422, problem_of(UnconfirmedNames(names)).model_dump(mode="json", exclude_none=True)
        return opened(query, body)

    bucket.answers["POST /uploads"] = asked
    bucket.answers["GET /states"] = lambda query, _: (200, {"states": dict.fromkeys(query["ids"].split(","), "reported")})
    return bucket


def send(page: Page, patient: str, *names: str) -> None:
    page.get_by_label("Patient ID").fill(patient)
    page.get_by_label("Slide ID").fill("slide-7")
    page.locator("#files").set_input_files([picture(name) for name in names])
    page.get_by_role("button", name="Upload", exact=False).click()


def test_a_name_of_a_person_is_asked_about_and_sent_only_when_confirmed(open_page: Opener, asking: FakeService) -> None:
    page = open_page("#/upload", "technician")
    send(page, "19800312", "Müller_Hans.jpg", "field-2.jpg")

    question = page.get_by_role("dialog", name="Is this a person’s name or date of birth?")
    expect(question).to_contain_text("The patient ID looks like a date of birth: “19800312”")
    expect(question).to_contain_text("A file name looks like a person’s name: “Müller_Hans.jpg”")
    assert "POST bucket" not in asking.calls
    question.get_by_role("button", name="Upload anyway").click()

    expect(page.get_by_text("2 of 2 finished")).to_be_visible()
    assert asking.calls.count("POST bucket") == 2


def test_whoever_goes_back_has_sent_nothing_of_it_and_can_correct_it(open_page: Opener, asking: FakeService) -> None:
    page = open_page("#/upload", "technician")
    send(page, "Quint, Peter", "field-1.jpg")

    page.get_by_role("dialog").get_by_role("button", name="Go back").click()

    row = page.locator(".picture")
    expect(row).to_contain_text("Not uploaded yet")
    expect(row).to_contain_text("The patient ID looks like a person’s name.")
    assert "POST bucket" not in asking.calls
    page.get_by_label("Patient ID").fill("p-7")
    page.get_by_role("button", name="Upload 1 picture").click()
    expect(row).to_contain_text("Reported")
    assert asking.bodies["POST /uploads"] == {"patient": "p-7", "slide": "slide-7", "field": "field-1.jpg"}


def test_a_good_name_beside_one_of_a_person_is_sent_without_waiting(open_page: Opener, asking: FakeService) -> None:
    page = open_page("#/upload", "technician")
    send(page, "p-7", "Müller_Hans.jpg", "field-2.jpg")

    page.get_by_role("dialog").press("Escape")

    expect(page.locator(".picture", has_text="field-2.jpg")).to_contain_text("Reported")
    expect(page.locator(".picture", has_text="Müller_Hans.jpg")).to_contain_text("Not uploaded yet")
    assert asking.calls.count("POST bucket") == 1


def test_the_question_bars_nobody(open_page: Opener, asking: FakeService) -> None:
    page = open_page("#/upload", "technician", reduced_motion="reduce")
    send(page, "Mrs Smith", "field-1.jpg")
    expect(page.get_by_role("dialog")).to_be_visible()

    violations = Axe().run(page).response["violations"]

    assert [found["id"] for found in violations if found["impact"] in {"serious", "critical"}] == []


@pytest.mark.parametrize(
    "name", ["9.41.00\u202fAM.png", "一\u3000二.jpg", "می\u200cشود.jpg", "👩\u200d🔬.jpg", "תמונה.jpg", "no suffix"]
)
def test_names_of_all_kinds_are_sent(open_page: Opener, asking: FakeService, name: str) -> None:
    page = open_page("#/upload", "technician")

    send(page, "p-7", name)

    expect(page.locator(".picture")).to_contain_text("Reported")
    assert asking.bodies["POST /uploads"]["field"] == name


def test_the_page_and_the_service_refuse_the_same_characters(open_page: Opener) -> None:
    page = open_page("#/upload", "technician")
    refused = "async () => { const { faultOf } = await import('./checks.mjs');\n"
    refused += "return [...Array(0x110000).keys()].filter((code) => faultOf(`a${String.fromCodePoint(code)}b`)); }"
    ends = refused.replace("`a${String.fromCodePoint(code)}b`", "`a${String.fromCodePoint(code)}`")

    inside, at_end = page.evaluate(refused), page.evaluate(ends)

    assert inside == [code for code in range(0x110000) if segment_fault(f"a{chr(code)}b")]
    assert at_end == [code for code in range(0x110000) if segment_fault(f"a{chr(code)}")]


@pytest.mark.parametrize("text", ["", ".", "..", "a/b", 255 * "x", 256 * "x", 255 * "e\u0301", 256 * "\U0001f600", "..x"])
def test_the_page_and_the_service_refuse_the_same_ids(open_page: Opener, text: str) -> None:
    page = open_page("#/upload", "technician")

    fault = page.evaluate("async (text) => (await import('./checks.mjs')).faultOf(text) ?? null", text)

    assert (fault is None) is (segment_fault(text) is None)


def test_the_chooser_offers_what_the_service_decodes(open_page: Opener) -> None:
    page = open_page("#/upload", "technician")

    assert page.locator("#files").get_attribute("accept") == ",".join(sorted(SUFFIXES))


HEIF = b"\x00\x00\x00\x1cftyp"
FIRST_BYTES = [
    *(
        b"\xff\xd8\xff\xe1",
        b"\x89PNG\r\n\x1a\n",
        b"II*\x00",
        b"MM\x00*",
        b"II+\x00",
        b"MM\x00+",
        b"BM\x00\x00",
        b"RIFF\x0a\x0a\x0a\x0aWEBPVP8 ",
    ),
    *(HEIF + brand + bytes(4) for brand in (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"avif", b"crx ", b"isom")),
    *(HEIF + b"mif1" + bytes(4) + b"mif1" + brand for brand in (b"heic", b"avif")),
    *(b"GIF89a", b"%PDF", b"PK\x03\x04", b"\xff\xd8", b"II", b"no picture"),
]


@pytest.mark.parametrize("first", FIRST_BYTES, ids=repr)
def test_the_page_and_the_service_tell_a_picture_by_the_same_bytes(open_page: Opener, first: bytes) -> None:
    page = open_page("#/upload", "technician")
    script = "async (bytes) => (await import('./checks.mjs')).objection(new File([new Uint8Array(bytes)], 'a'), [])"

    objection = page.evaluate(script, list(first + bytes(60)))

    try:
        identify(first + bytes(60))
    except RejectedSmear:
        assert objection == "The file is not a JPEG, PNG, TIFF, BMP, WebP or HEIC picture."
    else:
        assert objection is None


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
