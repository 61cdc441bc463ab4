"""What people do in the portal, in a real browser, against a service with literal answers."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

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
        key = f"smears/st-mary/{body['patient']}/{body['case']}/{body['file']}"
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
    page.get_by_label("Patient id").fill("p-7")
    page.get_by_label("Case id").fill("case-7")

    page.locator("#files").set_input_files([picture("one.jpg"), picture("血液.jpg")])
    page.get_by_role("button", name="Send 2 pictures").click()

    expect(page.locator(".picture", has_text="one.jpg")).to_contain_text("Reported")
    second = page.locator(".picture", has_text="血液.jpg")
    expect(second).to_contain_text("Rejected")
    expect(second).to_contain_text("expected a picture, received text Send the file again.")
    expect(page.get_by_text("2 of 2 done")).to_be_visible()
    # SHA-256 by hand of '7:uploads31:smears/st-mary/p-7/case-7/one.jpg9:version-1', and of the other, which counts characters.
    opened = page.get_by_role("link", name="Open the report").get_attribute("href")
    assert opened == f"#/reports/{asked[-1][0]}"
    assert bucket.calls.count("POST bucket") == 2


def test_the_id_of_a_picture_is_the_services_own(open_page: Opener) -> None:
    from hemascope.contracts.specimen import ObjectVersion

    key = "smears/st-mary/p-7/c+1/50% 血液 😀.jpg"
    page = open_page("#/upload", "technician")

    computed = page.evaluate("async (parts) => (await import('./sending.mjs')).objectId(...parts)", ["uploads", key, "v-1"])

    assert computed == ObjectVersion(bucket="uploads", key=key, version_id="v-1").object_id


@pytest.mark.parametrize(
    ("file", "objection"),
    [
        (picture("empty.jpg", b""), "The file is empty."),
        (picture("notes.jpg", b"Dear colleague"), "This is no JPEG, PNG, TIFF, BMP or WebP picture."),
        (picture("field 1.jpg "), "has a “/” or a blank at its ends."),
    ],
    ids=["empty", "text", "blank at the end"],
)
def test_a_file_that_would_be_rejected_is_not_sent(
    open_page: Opener, bucket: FakeService, file: dict[str, Any], objection: str
) -> None:
    page = open_page("#/upload", "technician")

    page.locator("#files").set_input_files([file])

    expect(page.locator(".picture")).to_contain_text(objection)
    expect(page.get_by_role("button", name="Send", exact=False)).to_have_count(0)
    assert "POST /uploads" not in bucket.calls


def test_a_file_of_a_byte_more_than_the_service_takes_is_not_sent(open_page: Opener) -> None:
    page = open_page("#/upload", "technician")

    # Made in the page: a file of this size takes half a minute from here to there.
    said = page.evaluate(
        "async () => (await import('./checks.mjs')).objection(new File([new Uint8Array(32 * 1024 * 1024 + 1)], 'a.jpg'), [])"
    )

    assert said == "The file has 33.6 MB; 32 MB are the most."


def test_pictures_without_a_case_are_not_sent_and_the_missing_id_is_pointed_at(open_page: Opener, bucket: FakeService) -> None:
    page = open_page("#/upload", "technician")
    page.locator("#files").set_input_files([picture("one.jpg")])

    page.get_by_role("button", name="Send 1 picture").click()

    expect(page.get_by_role("status").first).to_contain_text("Please fill in the patient id and the case id first.")
    expect(page.get_by_label("Patient id")).to_be_focused()
    assert "POST /uploads" not in bucket.calls


def test_a_picture_that_did_not_arrive_can_be_sent_again(open_page: Opener, bucket: FakeService) -> None:
    opened = bucket.answers["POST /uploads"]
    bucket.answers["POST /uploads"] = (503, {"detail": "A service did not answer. Please try again in a moment."})
    bucket.answers["GET /states"] = lambda query, _: (200, {"states": {query["ids"]: "reported"}, "reasons": {}})
    page = open_page("#/upload", "technician")
    page.get_by_label("Patient id").fill("p-7")
    page.get_by_label("Case id").fill("case-7")
    page.locator("#files").set_input_files([picture("one.jpg")])
    page.get_by_role("button", name="Send 1 picture").click()
    expect(page.locator(".picture")).to_contain_text("A service did not answer.")
    bucket.answers["POST /uploads"] = opened

    page.get_by_role("button", name="Send 1 picture").click()

    expect(page.locator(".picture")).to_contain_text("Reported")


def test_what_waits_for_a_doctor_stands_above_all_smears(open_page: Opener) -> None:
    page = open_page("#/worklist")

    waiting = page.locator(".waiting")
    expect(waiting).to_contain_text("Needs a doctor now")
    expect(waiting.get_by_role("link")).to_have_attribute("href", REPORT)
    expect(page.locator("tbody tr")).to_have_count(4)
    expect(page.locator("tbody tr").nth(2)).to_contain_text("Unlike the known")
    expect(page.locator("tbody tr").nth(3)).to_contain_text("Rejected")


def test_the_worklist_is_searched_by_the_service(open_page: Opener, service: FakeService) -> None:
    page = open_page("#/worklist")
    page.get_by_label("Case id").fill("case/ä&b")
    page.get_by_label("State").select_option("reported")
    expect(page.get_by_role("heading", name="Smears that match")).to_be_visible()
    page.get_by_label("Answer").select_option("indeterminate")

    expect(page.get_by_role("link", name="Show all")).to_be_visible()
    page.wait_for_function("location.hash.includes('indeterminate')")
    page.wait_for_load_state("networkidle")
    assert "GET /reports?case=case%2F%C3%A4%26b&state=reported&decision=indeterminate" in service.calls


def test_five_thousand_rows_come_page_by_page_and_each_once(open_page: Opener, service: FakeService) -> None:
    def page_of(query: dict[str, str], _: Any) -> tuple[int, Any]:
        if "urgent" in query:
            return 200, {"rows": [], "cursor": None}
        start = int(query.get("cursor", 0))
        # Pages overlap by one: a smear came in between.
        rows = [answers.row(f"{number:032x}", f"field-{number}.jpg") for number in range(max(0, start - 1), start + 500)]
        return 200, {"rows": rows, "cursor": str(start + 500) if start < 4500 else None}

    service.answers["GET /reports"] = page_of
    page = open_page("#/worklist")

    while page.locator("tbody tr").count() < 5000:
        page.mouse.wheel(0, 1_000_000)
        page.wait_for_timeout(20)

    expect(page.get_by_text("5000 smears", exact=True)).to_be_visible()
    assert page.evaluate("new Set([...document.querySelectorAll('tbody a')].map((one) => one.href)).size") == 5000


def test_the_report_says_what_was_found_and_how_sure_it_is(open_page: Opener) -> None:
    page = open_page(REPORT)

    expect(page.get_by_role("heading", level=1)).to_have_text("Pro-B pattern")
    expect(page.get_by_text("The model is confident.")).to_be_visible()
    expect(page.get_by_text("Consult a specialist in hematology.", exact=True)).to_be_visible()
    rows = page.locator(".bars tr")
    assert [rows.nth(number).text_content() for number in range(4)] == [
        "Benign0.4 %",
        "Early Pre-B2.1 %",
        "Pre-B1.3 %",
        "Pro-B96.2 %",
    ]
    expect(page.locator(".slide")).to_contain_text("Leukemia is suspected: blasts were seen")
    expect(page.locator(".slide")).to_contain_text("132")
    expect(page.get_by_text("all-subtypes 1.0.1").first).to_be_visible()


def test_layers_switch_zoom_and_move_with_the_keyboard_alone(open_page: Opener) -> None:
    page = open_page(REPORT)
    shown = page.locator(".port img")
    sources = []

    page.get_by_role("radio", name="Outlined cells").focus()
    for _ in range(4):
        sources.append(shown.get_attribute("src").rsplit("/", 1)[1])
        page.keyboard.press("ArrowRight")
    page.locator(".port").focus()
    page.keyboard.press("+")
    page.keyboard.press("+")
    page.keyboard.press("ArrowLeft")

    assert sources == ["overlay.png", "segmented.png", "heat_map.original.png", "heat_map.segmented.png"]
    stage = page.locator(".stage")
    assert "scale(1.96)" in stage.get_attribute("style")
    page.keyboard.press("0")
    assert "scale(1)" in stage.get_attribute("style")


def test_a_cell_of_the_table_is_ringed_in_the_picture_and_the_other_way_round(open_page: Opener) -> None:
    page = open_page(REPORT)
    rings, rows = page.locator(".ring"), page.locator(".cells tbody tr")
    assert rings.count() == rows.count() > 2

    page.get_by_role("button", name="Show cell 2 in the picture").focus()
    ringed = [rings.nth(number).evaluate("one => one.classList.contains('on')") for number in range(3)]
    rings.nth(2).hover(force=True)

    assert ringed == [False, True, False]
    expect(rows.nth(2)).to_have_class("on")


def test_a_clinician_corrects_the_answer_and_releases_it(open_page: Opener, service: FakeService) -> None:
    service.answers[f"POST /reports/{answers.LEUKEMIA}/verdicts"] = (201, answers.VERDICT)
    service.answers[f"POST /reports/{answers.LEUKEMIA}/release"] = {"release": "amended"}
    page = open_page(REPORT)
    expect(page.get_by_role("button", name="Release to the patient")).to_be_hidden()

    page.get_by_label("Correct it to").last.select_option("Pre-B")
    page.get_by_label("Comment").fill("Chromatin is coarse.")
    page.get_by_role("button", name="Record the verdict").click()
    expect(page.locator(".verdicts")).to_contain_text("corrected to Pre-B")
    page.get_by_role("button", name="Release to the patient").click()

    expect(page.locator("#release")).to_have_text("Amended")
    said = {"model": answers.MODEL, "kind": "correct", "label": "Pre-B", "comment": "Chromatin is coarse."}
    assert service.bodies[f"POST /reports/{answers.LEUKEMIA}/verdicts"] == said
    assert service.bodies[f"POST /reports/{answers.LEUKEMIA}/release"] == {"model": answers.MODEL}
    expect(page.get_by_role("heading", level=1)).to_have_text("Pro-B pattern")  # the model's answer stays


def test_a_release_that_lacks_a_second_reviewer_is_explained(open_page: Opener, service: FakeService) -> None:
    lacking = (409, {"detail": "This hospital asks for two reviewers with the same verdict."})
    service.answers[f"POST /reports/{answers.LEUKEMIA}/release"] = lacking
    service.answers[f"GET /reports/{answers.LEUKEMIA}"]["verdicts"] = [answers.VERDICT]
    page = open_page(REPORT)

    page.get_by_role("button", name="Release to the patient").click()

    expect(page.get_by_role("status").first).to_contain_text("This hospital asks for two reviewers with the same verdict.")
    expect(page.locator("#release")).to_have_text("Preliminary")


def test_a_technician_reads_verdicts_and_gives_none(open_page: Opener, service: FakeService) -> None:
    service.answers[f"GET /reports/{answers.LEUKEMIA}"]["verdicts"] = [answers.VERDICT]
    page = open_page(REPORT, "technician")

    expect(page.locator(".verdicts")).to_contain_text("Chromatin is coarse.")
    expect(page.get_by_role("button", name="Record the verdict")).to_have_count(0)
    expect(page.get_by_role("button", name="I have seen it")).to_have_count(0)


def test_an_urgent_report_is_acknowledged_once(open_page: Opener, service: FakeService) -> None:
    route = f"POST /reports/{answers.LEUKEMIA}/acknowledgement"
    service.answers[route] = (204, None)
    page = open_page(REPORT)

    page.get_by_role("button", name="I have seen it").click()

    expect(page.get_by_role("button", name="I have seen it")).to_have_count(0)
    assert service.calls.count(route) == 1


def test_pdf_and_fhir_are_fetched_with_the_token(open_page: Opener, service: FakeService) -> None:
    service.answers[f"GET /reports/{answers.LEUKEMIA}/report.pdf"] = b"%PDF-1.7 literal"
    page = open_page(REPORT)

    with page.expect_download() as saved:
        page.get_by_role("button", name="PDF").click()

    assert saved.value.suggested_filename == "hemascope-aaaaaaaa.pdf"
    assert saved.value.path().read_bytes() == b"%PDF-1.7 literal"


def test_a_patient_sees_one_calm_screen_on_a_phone(open_page: Opener) -> None:
    page = open_page("", "patient", viewport={"width": 390, "height": 844})

    expect(page.get_by_role("heading", level=1)).to_have_text(answers.SUMMARY["headline"])
    expect(page.get_by_text("A doctor has looked at it.")).to_be_visible()
    expect(page.get_by_role("heading", name="Whom to call")).to_be_visible()
    assert "%" not in page.inner_text("main")
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_a_patient_without_a_released_result_is_told_so(open_page: Opener, service: FakeService) -> None:
    service.answers["GET /summaries"] = {"summaries": []}

    page = open_page("", "patient")

    expect(page.get_by_role("heading", level=1)).to_have_text("There is nothing to read yet.")


def test_an_address_of_another_role_shows_no_page(open_page: Opener, service: FakeService) -> None:
    page = open_page("#/admin/users", "technician")

    expect(page.locator("main")).to_contain_text("This page is not there.")
    assert "GET /users" not in service.calls


def test_an_administrator_invites_and_removes_people(open_page: Opener, service: FakeService) -> None:
    service.answers["POST /users"] = (201, answers.USERS["users"][2])
    service.answers["DELETE /users/u-2"] = (204, None)
    page = open_page("#/admin/users", "admin")

    page.get_by_label("Mail address").fill("p9@mail.example")
    page.get_by_label("Role").select_option("patient")
    page.get_by_label("Patient id").fill("p-9")
    page.get_by_role("button", name="Invite").click()
    expect(page.get_by_text("Invited.")).to_be_visible()
    page.get_by_role("button", name="Remove k.ito@st-mary.example").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    unasked = "DELETE /users/u-2" not in service.calls
    page.get_by_role("button", name="Remove k.ito@st-mary.example").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_text("Removed.")).to_be_visible()

    assert unasked
    assert service.bodies["POST /users"] == {"email": "p9@mail.example", "role": "patient", "patient": "p-9"}
    assert "DELETE /users/u-2" in service.calls


def test_an_administrator_changes_settings_and_all_others_stay(open_page: Opener, service: FakeService) -> None:
    service.answers["PUT /hospital"] = answers.HOSPITAL
    page = open_page("#/admin/hospital", "admin")

    page.get_by_label("How many people must agree before a release?").select_option("2")
    page.get_by_label("Laboratory").fill("lab@st-mary.example\n\n night@st-mary.example ")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()

    changed = {"reviewers": 2, "laboratory": ["lab@st-mary.example", "night@st-mary.example"]}
    assert service.bodies["PUT /hospital"] == answers.HOSPITAL | changed


def test_what_people_and_files_bring_never_becomes_markup(open_page: Opener, service: FakeService) -> None:
    evil = "<img src=x onerror=alert(1)>"
    view = service.answers[f"GET /reports/{answers.LEUKEMIA}"]
    view["specimen"] = dict.fromkeys(("hospital", "patient", "case", "file"), evil)
    view["report"]["result"] |= {"recommendation": evil}
    view["verdicts"] = [answers.VERDICT | {"comment": evil, "label": evil, "reviewer": evil}]
    page = open_page(REPORT)
    expect(page.locator(".comment")).to_have_text(evil)

    assert page.locator("img[src='x']").count() == 0


def test_a_session_that_ends_leads_to_sign_in_and_back_to_the_same_place(open_page: Opener, service: FakeService) -> None:
    page = open_page(REPORT)
    service.answers["GET /me"] = service.answers["GET /reports"] = (401, {"message": "Unauthorized"})
    service.refreshes = False
    page.evaluate("location.hash = '#/worklist?state=failed'")
    expect(page.get_by_text("You have been signed out, because a session ends by itself.")).to_be_visible()
    service.refreshes = True
    service.answers["GET /me"] = answers.ME["clinician"]
    service.answers["GET /reports"] = {"rows": [answers.ROWS[3]], "cursor": None}

    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("heading", name="Smears that match")).to_be_visible()
    assert page.evaluate("location.hash") == "#/worklist?state=failed"


def test_an_old_token_is_renewed_without_a_word(open_page: Opener, service: FakeService) -> None:
    service.token_seconds = 5  # less than the pages ask of a token
    page = open_page("#/worklist")

    expect(page.locator("tbody tr")).to_have_count(4)
    assert "token refresh_token" in service.calls


def test_an_answer_of_sign_in_that_nobody_asked_for_opens_nothing(browser: Browser, site: str, service: FakeService) -> None:
    context = browser.new_context()
    page = context.new_page()

    page.goto(f"{site}/?code=stolen&state=guessed")

    expect(page.get_by_text("Signing in was not finished.")).to_be_visible()
    context.close()
    assert service.calls == []


def test_a_service_that_is_away_is_said_calmly_and_asked_again(open_page: Opener, service: FakeService) -> None:
    page = open_page("#/worklist")
    page.route("**/api/reports/**", lambda route: route.abort())
    page.evaluate(f"location.hash = '{REPORT}'")
    expect(page.locator("main")).to_contain_text("be reached. Please check the network and try again.")
    page.unroute("**/api/reports/**")

    page.get_by_role("button", name="Try again").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Pro-B pattern")
