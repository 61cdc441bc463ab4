"""What the microscope's agent asks of the portal: routes of the table, and requests that their models accept."""

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hemascope_cli.microscope.portal_client import PortalClient
from tests.support.api_calls import check_call

API = "https://api.example"
KEY = "smears/st-mary/p 7/50% c+1/血液.jpg"
IDS = [f"{number:032x}" for number in range(60)]
UPLOAD = f'{{"bucket": "uploads", "key": "{KEY}", "put": {{"url": "https://uploads.example", "headers": {{}}}}}}'


@dataclass
class Recorder:
    """A pool of connections that notes requests and gives these answers."""

    answers: list[str]
    asked: list[tuple[str, str, Any]] = field(default_factory=list)

    def request(self, method: str, url: str, headers: Any, json: Any) -> Any:
        self.asked.append((method, url.removeprefix(API), json))
        return SimpleNamespace(status=200, data=self.answers.pop(0).encode())


@pytest.fixture
def token(tmp_path: Path) -> Path:
    (tmp_path / "token").write_text("token")
    return tmp_path / "token"


@pytest.mark.parametrize(
    ("call", "answers", "routes"),
    [
        (lambda client: client.open_upload(KEY, "0f" * 32, 5), [UPLOAD], ["POST /uploads"]),
        (lambda client: client.find([KEY]), ['{"rows": [], "cursor": null}'], ["GET /reports"]),
        (lambda client: client.ends(IDS), ['{"states": {}}'] * 2, ["GET /states"] * 2),
    ],
    ids=["upload", "find", "ends"],
)
def test_the_agent_calls_routes_and_sends_what_they_take(token: Path, call: Any, answers: list[str], routes: list[str]) -> None:
    pool = Recorder(answers)
    client = PortalClient(API, token)
    object.__setattr__(client, "_pool", pool)

    call(client)

    assert [check_call(*request).key for request in pool.asked] == routes


def test_the_agent_continues_with_the_cursor_of_the_portal(token: Path) -> None:
    cursor = "eyJmaW5pc2hlZF9hdCI6"
    pool = Recorder([f'{{"rows": [], "cursor": "{cursor}"}}', '{"rows": [], "cursor": null}'])
    client = PortalClient(API, token)
    object.__setattr__(client, "_pool", pool)

    client.find([KEY])

    assert [check_call(*request).key for request in pool.asked] == ["GET /reports"] * 2
    assert cursor in pool.asked[1][1]
