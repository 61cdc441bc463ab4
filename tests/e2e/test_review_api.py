"""A review on the embedded cloud, with IAM enforced: verdict, release, the patient's page, the trail, the export."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hemascope.domain.specimen import ObjectVersion
from hemascope_cli.local.cloud import LocalCloud
from hemascope_cli.main import main
from hemascope_cli.project import artifact_folder, project_root
from tests.e2e.portal_client import PortalClient
from tests.support.patience import wait_until

pytestmark = pytest.mark.local_cloud

CLINICIAN, PATIENT, ADMIN, TECHNICIAN = "clinician", "patient-7", "admin", "technician"


@dataclass(frozen=True)
class Reviewed:
    """A smear that went all the way, and what everybody was answered."""

    object_id: str
    before: tuple[int, Any]
    verdict: tuple[int, Any]
    waiting: tuple[int, Any]
    release: tuple[int, Any]


@pytest.fixture(scope="module")
def portal() -> Iterator[PortalClient]:
    with LocalCloud(project_root(), artifact_folder(None), enforce_iam=True) as cloud:
        portal = PortalClient(cloud)
        for role in (TECHNICIAN, CLINICIAN, ADMIN):
            portal.invite(role, role, "st-mary")
        portal.invite(PATIENT, "patient", "st-mary", "p-7")
        yield portal


@pytest.fixture(scope="module")
def tokens(portal: PortalClient) -> dict[str, str]:
    return {name: portal.sign_in(name)["id_token"] for name in (TECHNICIAN, CLINICIAN, ADMIN, PATIENT)}


@pytest.fixture(scope="module")
def reviewed(portal: PortalClient, tokens: dict[str, str], smear: bytes) -> Reviewed:
    _, upload = portal.ask("POST /uploads", tokens[TECHNICIAN], {"patient": "p-7", "slide": "c-1", "field": "1.jpg"})
    version = portal.send(upload, smear).headers["x-amz-version-id"]
    smear_id = ObjectVersion(bucket=upload["bucket"], key=upload["key"], version_id=version).object_id
    wait_until(lambda: portal.ask(f"GET /reports/{smear_id}", tokens[TECHNICIAN])[0] == 200, "a report")
    model = portal.ask(f"GET /reports/{smear_id}", tokens[CLINICIAN])[1]["model"]
    opinion = {"model": model, "kind": "correct", "label": "Pre-B", "comment": "Seen under the microscope."}
    return Reviewed(
        smear_id,
        portal.ask(f"POST /reports/{smear_id}/release", tokens[CLINICIAN], {"model": model}),
        portal.ask(f"POST /reports/{smear_id}/verdicts", tokens[CLINICIAN], opinion),
        portal.ask("GET /summaries", tokens[PATIENT]),
        portal.ask(f"POST /reports/{smear_id}/release", tokens[CLINICIAN], {"model": model}),
    )


def test_a_correction_is_stored_and_released_and_the_patient_reads_the_reviewers_words(
    portal: PortalClient, tokens: dict[str, str], reviewed: Reviewed
) -> None:
    status, notified = portal.ask("GET /summaries", tokens[PATIENT])

    assert (reviewed.before[0], reviewed.verdict[0], reviewed.release) == (409, 201, (200, {"release": "amended"}))
    assert reviewed.waiting[1]["summaries"][0]["headline"] == "The picture did not give a clear answer."
    assert [(summary["object_id"], summary["release"], summary["headline"]) for summary in notified["summaries"]] == [
        (reviewed.object_id, "amended", "Your doctor wants to take a closer look at your blood sample.")
    ]
    assert status == 200


def test_the_report_shows_the_verdict_beside_the_models_own_answer(
    portal: PortalClient, tokens: dict[str, str], reviewed: Reviewed
) -> None:
    report = portal.ask(f"GET /reports/{reviewed.object_id}", tokens[TECHNICIAN])[1]

    assert report["verdicts"] == [reviewed.verdict[1]]
    assert (report["release"], report["report"]["release"]) == ("amended", "amended")


def test_the_trail_says_what_everybody_did_and_is_whole(
    portal: PortalClient, tokens: dict[str, str], reviewed: Reviewed, capsys: pytest.CaptureFixture[str]
) -> None:
    entries = portal.ask("GET /audit", tokens[ADMIN])[1]["entries"]

    done = [entry["action"] for entry in entries if entry["object_id"] == reviewed.object_id and entry["action"] != "viewed"]
    assert done == ["verdict", "released"]
    assert {entry["who"] for entry in entries if entry["action"] == "released"} == {reviewed.verdict[1]["reviewer"]}
    assert main(["audit", "verify", "--endpoint", portal.cloud.endpoint]) == 0
    assert capsys.readouterr().out.startswith("st-mary  intact, head ")


@pytest.mark.parametrize("route", ["POST /reports/{id}/verdicts", "POST /reports/{id}/release", "GET /summaries", "GET /audit"])
@pytest.mark.parametrize("kind", ["none", "nonsense", "changed", "access"])
def test_a_token_that_is_none_opens_none_of_it(
    portal: PortalClient, tokens: dict[str, str], reviewed: Reviewed, route: str, kind: str
) -> None:
    given = {"none": None, "nonsense": "no.real.token", "changed": tokens[CLINICIAN][:-6] + "AAAAAA"}
    token = portal.sign_in(CLINICIAN)["access_token"] if kind == "access" else given[kind]

    body = {"model": "m", "kind": "confirm"} if route.startswith("POST") else None
    status, _ = portal.ask(route.replace("{id}", reviewed.object_id), token, body)

    assert status == (403 if kind == "access" else 401)


# Last: these take the smear away.
def test_the_smear_is_exported_for_training_and_forgotten_with_its_verdict(
    portal: PortalClient, tokens: dict[str, str], reviewed: Reviewed, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there = ["--endpoint", portal.cloud.endpoint]

    exported = main(["export-reviews", str(tmp_path), *there])
    files = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.jpg")]
    forgotten = main(["forget", "--hospital", "st-mary", "--patient", "p-7", "--yes", "--wait", "0", *there])

    assert (exported, forgotten) == (0, 0)
    assert [(file.split("/")[:2], reviewed.object_id in file) for file in files] == [(["Original", "Pre"], True)]
    listed = portal.cloud.client("s3").list_object_versions(Bucket=portal.cloud.outputs["ReportsBucket"])
    assert not [version["Key"] for version in listed.get("Versions", []) if reviewed.object_id in version["Key"]]
    assert portal.ask("GET /summaries", tokens[PATIENT]) == (200, {"summaries": []})
    actions = [entry["action"] for entry in portal.ask("GET /audit?after=0", tokens[ADMIN])[1]["entries"]]
    assert actions[-2:] == ["exported", "forgotten"]
    assert not [word for word in ("p-7", "smears/", "Seen under") if word in portal.cloud.log("portal_api")]
    assert json.dumps(capsys.readouterr().out).count("new: 1") == 1
