"""A job about a microscope on the local cloud, with each function's own role: refused for what is missing."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from hemascope.aws.s3 import upload
from hemascope.domain.specimen import ObjectVersion, Specimen
from tests.e2e.conftest import Service, started
from tests.e2e.portal_client import PortalClient
from tests.support.patience import wait_until

pytestmark = pytest.mark.local_cloud

Send = Callable[[bytes, str, str], ObjectVersion]


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with started(enforce_iam=True) as service:
        yield service


@pytest.fixture(scope="module")
def portal(service: Service) -> PortalClient:
    portal = PortalClient(service.cloud)
    portal.invite("admin", "admin", "st-mary")
    return portal


@pytest.fixture(scope="module")
def token(portal: PortalClient) -> str:
    return portal.sign_in("admin")["id_token"]


def register(portal: PortalClient, token: str, name: str) -> str:
    """Register a microscope; its path."""
    status, shown = portal.ask("POST /microscopes", token, {"name": name})
    assert status == 201
    return f"/microscopes/{shown['id']}"


def sender(service: Service, microscope: str) -> Send:
    """Sends pictures of a microscope, and notes which."""

    def send(data: bytes, slide: str, field: str) -> ObjectVersion:
        specimen = Specimen(hospital="st-mary", patient="p-7", slide=slide, microscope=microscope, field=field)
        return upload(service.cloud.client("s3"), service.cloud.outputs["UploadsBucket"], specimen, data)

    return send


def ended(portal: PortalClient, token: str, path: str, kind: str) -> dict[str, Any]:
    """The run of a job, once it has ended."""
    found: dict[str, Any] = {}

    def is_over() -> bool:
        runs = portal.ask(f"GET {path}", token)[1]["microscope"]["runs"]
        found.update(next(run for run in runs if run["kind"] == kind))
        return found["state"] not in {"queued", "running"}

    wait_until(is_over, f"the end of {kind}")
    return found


def test_a_microscope_with_too_few_fields_reads_what_is_missing(
    service: Service, portal: PortalClient, token: str, smear: bytes
) -> None:
    path, send = register(portal, token, "scope 9"), sender(service, "scope 9")
    version = send(smear, "s-1", "1.jpg")
    wait_until(lambda: service.row(version) is not None, "a row")
    wait_until(lambda: portal.ask(f"GET {path}/fields", token)[1]["fields"] == 1, "a counted field")

    status, started_run = portal.ask(f"POST {path}/commissioning", token, {"since": None})
    run = ended(portal, token, path, "commission")
    shown = portal.ask(f"GET {path}/commissioning", token)[1]

    assert (status, started_run["runs"][0]["state"]) == (202, "queued")
    assert run["state"] == "refused"
    assert shown["document"]["refusals"][0] == "30 fields are needed, and there are 1. Photograph 29 more."
    assert len(shown["examples"]) == 1
    assert portal.ask(f"GET {path}", token)[1]["microscope"]["state"] == "unknown"
