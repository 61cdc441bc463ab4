"""Requests over HTTP without urllib3's own limit of three seconds."""

from typing import Any

import urllib3

from tests.support.patience import patience


def request(method: str, url: str, **options: Any) -> urllib3.BaseHTTPResponse:
    """``urllib3.request`` that waits for an answer as long as every test does."""
    return urllib3.request(method, url, timeout=patience(), **options)
