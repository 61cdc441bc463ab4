"""What people write in names and comments comes back as JSON text, steers no header, no log and no other object."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from hemascope.aws.client import client
from hemascope.aws.s3 import S3Links
from hemascope.domain.specimen import ObjectVersion
from hemascope.model.artifact import Artifact
from hemascope.portal.http import logger
from tests.support.fakes import FixedClassifier
from tests.support.portal_world import SMEAR, PortalWorld, account, content, opened

CLINICIAN = account("clinician", sub="ann")
SCRIPT = '<img src=x onerror="alert(1)"><script>alert(document.cookie)</script>'
HEADERS = {"Content-Type": "application/json", "Cache-Control": "no-store"}
PROBLEM = HEADERS | {"Content-Type": "application/problem+json"}
WRITTEN = [
    SCRIPT,
    "'; DROP TABLE ledger; --",
    "{{7*7}} ${jndi:ldap://x} %0d%0aSet-Cookie: a=b",
    '=HYPERLINK("https://x")',
    "\\u0022}],\\u0022role\\u0022:\\u0022admin",
    "💉 血液 \u0623\u0628",
]
STEERING = ["a\r\nSet-Cookie: b=c", "a\nb", "a\u0000b", "\u202etxt.gpj", "\u2028", "\u001b[31m"]

Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def portal(screened: PortalWorld) -> PortalWorld:
    return screened


@pytest.fixture
def log() -> Any:
    kept = StringIO()
    before = logger.registered_handler.setStream(kept)
    yield kept
    logger.registered_handler.setStream(before)


@pytest.fixture
def ask(root: Path, portal: PortalWorld, log: StringIO, monkeypatch: pytest.MonkeyPatch) -> Ask:
    return opened(root, portal, monkeypatch)


def headers(answer: dict[str, Any]) -> dict[str, str]:
    return {name: value if isinstance(value, str) else value[0] for name, value in answer["headers"].items()}


@pytest.mark.parametrize("text", WRITTEN)
def test_a_comment_comes_back_as_it_was_in_json_that_no_browser_takes_for_a_page(
    ask: Ask, artifact: Artifact, log: StringIO, text: str
) -> None:
    body = json.dumps({"model": artifact.reference.name, "kind": "confirm", "comment": text})

    given = ask(f"POST /reports/{SMEAR.object_id}/verdicts", CLINICIAN, body)
    shown = ask(f"GET /reports/{SMEAR.object_id}", CLINICIAN)

    assert content(given)["comment"] == text
    assert content(shown)["verdicts"][0]["comment"] == text
    assert headers(given) == headers(shown) == HEADERS
    assert text not in log.getvalue()


@pytest.mark.parametrize("text", [text for text in STEERING[2:] if text != "\u2028"])
def test_a_comment_with_signs_that_steer_is_refused_and_not_repeated(
    ask: Ask, artifact: Artifact, log: StringIO, text: str
) -> None:
    body = json.dumps({"model": artifact.reference.name, "kind": "confirm", "comment": text})

    answer = ask(f"POST /reports/{SMEAR.object_id}/verdicts", CLINICIAN, body)

    assert answer["statusCode"] == 400
    assert text not in answer["body"] + log.getvalue()
    assert "wrong: comment (the character U+" in content(answer)["detail"]
    assert headers(answer) == PROBLEM


@pytest.mark.parametrize("place", ["patient", "slide", "field"])
@pytest.mark.parametrize("text", [text for text in WRITTEN if "/" not in text])
def test_a_name_is_a_part_of_one_key_whatever_stands_in_it(ask: Ask, log: StringIO, place: str, text: str) -> None:
    names = {"patient": "p-7", "slide": "c-1", "field": "f.jpg"} | {place: text}

    answer = ask("POST /uploads", CLINICIAN, json.dumps(names))

    key = f"smears/st-mary/{names['patient']}/{names['slide']}/{names['field']}"
    assert content(answer)["form"]["fields"]["key"] == key
    assert key.count("/") == 4
    assert headers(answer) == HEADERS
    assert text not in log.getvalue()


@pytest.mark.parametrize("place", ["patient", "slide", "field"])
@pytest.mark.parametrize("text", [*STEERING, "../p-8", "..", "a/b"])
def test_a_name_that_steers_is_refused_and_not_repeated(ask: Ask, place: str, text: str) -> None:
    names = {"patient": "p-7", "slide": "c-1", "field": "f.jpg"} | {place: text}

    answer = ask("POST /uploads", CLINICIAN, json.dumps(names))

    assert answer["statusCode"] == 400
    assert f"wrong: {place} (" in content(answer)["detail"]


def test_a_file_named_like_a_script_comes_back_as_text(ask: Ask, portal: PortalWorld, artifact: Artifact, smear: bytes) -> None:
    name = SCRIPT.replace("/", "\\")
    odd = ObjectVersion(bucket="uploads", key=f"smears/st-mary/p-7/c-1/{name}", version_id="v1")
    portal.screen(smear, FixedClassifier(artifact, 0.01, 0.02, 0.96, 0.01), odd)

    shown, listed = ask(f"GET /reports/{odd.object_id}", CLINICIAN), ask("GET /reports", CLINICIAN)

    assert content(shown)["specimen"]["field"] == name
    assert name in [row["specimen"]["field"] for row in content(listed)["rows"]]
    assert headers(shown) == headers(listed) == HEADERS


@pytest.mark.parametrize("text", ["<script>", "%0d%0aSet-Cookie:a=b", "a%00b", "..%2f..%2fsummaries", "' OR 1=1", "*"])
@pytest.mark.parametrize("route", ["GET /reports/{}", "POST /reports/{}/verdicts", "POST /reports/{}/release"])
def test_what_stands_in_the_place_of_an_id_is_not_repeated(
    ask: Ask, artifact: Artifact, log: StringIO, route: str, text: str
) -> None:
    body = {"model": artifact.reference.name} | ({"kind": "confirm"} if "verdicts" in route else {})

    answer = ask(route.format(text), CLINICIAN, json.dumps(body))

    assert answer["statusCode"] == 404
    assert headers(answer) == PROBLEM
    assert text not in answer["body"] + log.getvalue()


@pytest.mark.parametrize("model", ["../../x", "all-subtypes/1.0.0/../..", SCRIPT, "forgotten", ""])
def test_a_models_name_leads_to_rows_and_never_to_a_key(ask: Ask, portal: PortalWorld, model: str) -> None:
    answers = [
        ask(f"POST /reports/{SMEAR.object_id}/{what}", CLINICIAN, json.dumps(body))
        for what, body in (("verdicts", {"model": model, "kind": "confirm"}), ("release", {"model": model}))
    ]

    assert [answer["statusCode"] for answer in answers] == [404, 404]
    assert portal.reports.files == {}
    assert model == "" or model not in "".join(answer["body"] for answer in answers)


@pytest.mark.parametrize("after", ["x", "-1", "1.5", "1e9", "٣", "9" * 13, "1; DROP", " 1"])
def test_a_number_of_an_entry_that_is_none_is_a_bad_request(ask: Ask, after: str) -> None:
    assert ask("GET /audit", account("admin"), query={"after": after})["statusCode"] == 400


def test_entries_of_the_own_hospital_are_shown_behind_a_number(ask: Ask, portal: PortalWorld) -> None:
    for _ in range(3):
        ask(f"GET /reports/{SMEAR.object_id}", CLINICIAN)

    shown = content(ask("GET /audit", account("admin"), query={"after": "1"}))
    foreign = content(ask("GET /audit", account("admin", "st-joseph")))

    assert [entry["number"] for entry in shown["entries"]] == [2, 3]
    assert set(shown["entries"][0]) == {"hospital", "number", "at", "who", "action", "object_id", "microscope", "previous"}
    assert shown["entries"][1]["previous"] == portal.audit.kept[1].digest
    assert foreign == {"entries": []}


def test_a_link_names_one_object_and_a_time_under_one_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    links = S3Links(client("s3", region="eu-central-1"), "uploads", "reports", 300)

    overlay, segmented = (urlsplit(links.link(f"reports/0f/m/1.0.0/{name}.png")) for name in ("overlay", "segmented"))

    signed = [parse_qs(link.query) for link in (overlay, segmented)]
    assert (overlay.path, segmented.path) == ("/reports/0f/m/1.0.0/overlay.png", "/reports/0f/m/1.0.0/segmented.png")
    assert signed[0]["X-Amz-Signature"] != signed[1]["X-Amz-Signature"]
    assert [found["X-Amz-Expires"] for found in signed] == [["300"], ["300"]]
    assert [found["X-Amz-SignedHeaders"] for found in signed] == [["host"], ["host"]]
