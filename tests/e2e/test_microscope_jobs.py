"""A microscope on the local cloud, with each function's own role: refused, commissioned, verified, its open slides answered."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from hemascope.aws.s3 import upload
from hemascope.domain.report import Decision
from hemascope.domain.specimen import ObjectVersion, Specimen
from tests.e2e.conftest import Service, started
from tests.e2e.portal_client import PortalClient
from tests.support.patience import wait_until

pytestmark = pytest.mark.local_cloud

LEUKEMIA = ("Early", "Pre", "Pro")  # folders of the data set
NAME = "scope 血"
Send = Callable[[bytes, str, str], ObjectVersion]


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with started(enforce_iam=True) as service:
        # The emulator has an action of its own for batches; on AWS sqs:SendMessage allows them, too.
        allowed = {"Effect": "Allow", "Action": "sqs:SendMessageBatch", "Resource": "*"}
        service.cloud.client("iam").put_role_policy(
            RoleName=service.cloud.role_of("microscope_jobs").rsplit("/", 1)[1],
            PolicyName="emulated",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}),
        )
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


def under_a_warm_lamp(file: Path) -> bytes:
    """A picture of the data set as another microscope shows it: with its own proportions, under a warmer lamp."""
    picture = cv2.imread(str(file)).astype(np.float64) * np.array([0.85, 0.95, 1.0])
    wide = cv2.resize(np.asarray(np.rint(picture), np.uint8), (299, 224), interpolation=cv2.INTER_CUBIC)
    return cv2.imencode(".png", wide)[1].tobytes()


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


@pytest.mark.dataset
def test_a_microscope_is_commissioned_verified_and_its_open_slides_are_answered(
    service: Service, portal: PortalClient, token: str, dataset: Path
) -> None:
    path, send = register(portal, token, NAME), sender(service, NAME)
    files = {kind: sorted((dataset / "Original" / kind).iterdir()) for kind in ("Benign", *LEUKEMIA)}
    fields = [
        send(under_a_warm_lamp(files[kind][3 * slide]), f"c-{slide}", f"{kind}.png")
        for slide in range(20)
        for kind in list(files)[slide % 2 :: 2]
    ]
    service.wait_until_screened(fields)
    portal.ask(f"POST {path}/commissioning", token, {"since": None})
    commissioned = ended(portal, token, path, "commission")
    view = portal.ask(f"GET {path}/commissioning", token)[1]
    assert commissioned["state"] == "done", view["document"]
    used = portal.ask(f"PUT {path}/profile", token, {"profile": view["document"]["profile"]})
    too_early = portal.ask(f"PUT {path}/profile", token, {"profile": view["document"]["profile"]})
    known = {f"l-{slide}": (LEUKEMIA[slide % 3], [files[LEUKEMIA[slide % 3]][-1 - slide]]) for slide in range(31)}
    known |= {f"b-{slide}": ("benign", files["Benign"][-100 + 4 * slide :][:4]) for slide in range(20)}
    later = [send(under_a_warm_lamp(file), slide, file.name) for slide, (_, pictures) in known.items() for file in pictures]
    service.wait_until_screened(later)
    names = {"Early": "Early Pre-B", "Pre": "Pre-B", "Pro": "Pro-B", "benign": "benign"}
    table = "slide,answer\n" + "\n".join(f"{slide},{names[answer]}" for slide, (answer, _) in known.items())
    portal.ask(f"POST {path}/verification", token, {"table": table})
    verified = ended(portal, token, path, "verify")
    proof = portal.ask(f"GET {path}/verification", token)[1]["proof"]
    printed = portal.fetch(f"GET {path}/proof.pdf?sha256={proof['sha256']}", token)
    rescreened = ended(portal, token, path, "rescreen")

    print(f"\n{commissioned['message']}\n{verified['message']}\n{rescreened['message']}\n{json.dumps(proof['figures'])}")
    assert rescreened["state"] == "done", rescreened
    assert (used[0], used[1]["state"], too_early[0]) == (200, "profiled", 409)
    assert (printed.status, printed.data[:5]) == (200, b"%PDF-")
    assert (verified["state"], proof["standing"]) == ("done", "counts")
    assert portal.ask(f"GET {path}", token)[1]["microscope"]["state"] == "verified"
    wait_until(
        lambda: any(row["decision"] != Decision.UNVERIFIED for row in portal.ask("GET /reports?slide=l-2", token)[1]["rows"]),
        "an answer beside the former one",
    )
