"""A run over the archive: prefix -> every object version -> the queue -> ends under the new model."""

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from hemascope.aws.ledger import DynamoLedger
from hemascope.domain.events import parse_message
from hemascope.domain.ledger import LedgerRow
from hemascope.domain.report import State
from hemascope.domain.specimen import ObjectVersion
from hemascope_cli.project import artifact_folder
from tests.e2e.conftest import Service
from tests.support.patience import wait_until

pytestmark = pytest.mark.local_cloud

NOT_A_PICTURE = b"a file of an old archive that is no picture at all. " * 20


def put(service: Service, key: str, versions: int = 1) -> list[ObjectVersion]:
    s3, bucket = service.cloud.client("s3"), service.cloud.outputs["UploadsBucket"]
    answers = [s3.put_object(Bucket=bucket, Key=key, Body=NOT_A_PICTURE) for _ in range(versions)]
    return [ObjectVersion(bucket=bucket, key=key, version_id=answer["VersionId"]) for answer in answers]


def run_over(service: Service, **given: str) -> dict[str, Any]:
    """Start the machine with this input and wait for its end."""
    machines = service.cloud.client("stepfunctions")
    started = machines.start_execution(stateMachineArn=service.cloud.outputs["ArchiveMachine"], input=json.dumps(given))

    def ended() -> bool:
        return bool(machines.describe_execution(executionArn=started["executionArn"])["status"] != "RUNNING")

    wait_until(ended, "the end of the run")
    described: dict[str, Any] = machines.describe_execution(executionArn=started["executionArn"])
    return described


def take(service: Service, count: int) -> list[ObjectVersion]:
    """Every object version that messages in the queue announce; so many are waited for, since S3 announces them later."""
    sqs, queue = service.cloud.client("sqs"), service.cloud.outputs["ArrivalsQueue"]
    taken: list[ObjectVersion] = []

    def came() -> bool:
        while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            for message in messages:
                taken.extend(created.object for created in parse_message(message["Body"]))
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return len(taken) >= count

    wait_until(came, f"messages about {count} object versions")
    return taken


@contextmanager
def nobody_screens(service: Service) -> Iterator[None]:
    """Messages stay in the queue, so that a test can count them."""
    functions, queue = service.cloud.client("lambda"), service.cloud.outputs["ArrivalsQueue"].rsplit("/", 1)[1]
    listed = functions.list_event_source_mappings()["EventSourceMappings"]
    (mapping,) = [source["UUID"] for source in listed if source["EventSourceArn"].endswith(f":{queue}")]
    functions.update_event_source_mapping(UUID=mapping, Enabled=False)
    try:
        yield
    finally:
        functions.update_event_source_mapping(UUID=mapping, Enabled=True)


def rows_of(service: Service, versions: list[ObjectVersion], model: str) -> list[LedgerRow | None]:
    ledger = DynamoLedger(service.cloud.client("dynamodb"), service.cloud.outputs["LedgerTable"])
    return [ledger.find(version.object_id, model) for version in versions]


def wait_for_ends(service: Service, versions: list[ObjectVersion], model: str) -> list[LedgerRow | None]:
    wait_until(lambda: None not in rows_of(service, versions, model), "an end of each version")
    service.wait_until_quiet()
    return rows_of(service, versions, model)


def report_versions(service: Service) -> int:
    pages = service.cloud.client("s3").get_paginator("list_object_versions")
    return sum(len(page.get("Versions", [])) for page in pages.paginate(Bucket=service.cloud.outputs["ReportsBucket"]))


def test_each_version_below_the_prefix_comes_to_the_queue_exactly_once(service: Service) -> None:
    folder = "smears/hospital-a/p-1/c-1"
    names = ["field", "field.jpg", "field.jpg.old", "two words.jpg", "a+b.jpg", "50%.jpg", "50%25.jpg", "ЖИВ-Ünï-细胞.jpg"]
    names += ["q?x=1&y=2#z.jpg", "'quote\".jpg", "back\\slash.jpg", "{% $states %}.jpg", "$.Key.jpg"]
    names += [f"plain-{number}.jpg" for number in range(15)]
    with nobody_screens(service):
        sent = [version for name in names for version in put(service, f"{folder}/{name}")]
        sent += put(service, f"{folder}/again.jpg", versions=2)
        sent += put(service, f"{folder}/often.jpg", versions=101)  # more than one page of the listing
        other = put(service, "smears/hospital-ab/p-1/c-1/of-another-hospital.jpg")
        take(service, len(sent + other))

        run = run_over(service, prefix="smears/hospital-a/")
        came = take(service, len(sent))

    assert run["status"] == "SUCCEEDED"
    assert len(sent) == 131
    assert Counter(came) == dict.fromkeys(sent, 1)


def test_a_deleted_object_is_left_in_peace(service: Service) -> None:
    with nobody_screens(service):
        (kept,) = put(service, "smears/hospital-d/p-1/c-1/kept.jpg")
        (deleted,) = put(service, "smears/hospital-d/p-1/c-1/deleted.jpg")
        service.cloud.client("s3").delete_object(Bucket=deleted.bucket, Key=deleted.key)
        take(service, 2)

        run = run_over(service, prefix="smears/hospital-d/")
        came = take(service, 1)

    assert run["status"] == "SUCCEEDED"
    assert came == [kept]


@pytest.mark.parametrize("given", [{}, {"prefix": ""}, {"prefix": "reports/"}, {"folder": "smears/"}])
def test_an_input_without_a_prefix_of_smears_is_refused(service: Service, given: dict[str, str]) -> None:
    run = run_over(service, **given)

    assert (run["status"], run["error"]) == ("FAILED", "WrongPrefix")


def test_a_new_model_brings_200_old_objects_to_200_new_ends_and_a_second_run_changes_nothing(
    service: Service, tmp_path: Path
) -> None:
    folder = tmp_path / "artifact"
    shutil.copytree(artifact_folder(None), folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"version": "9.9.9"}))
    new = f"{manifest['id']}/9.9.9"
    old = [version for number in range(200) for version in put(service, f"smears/hospital-z/p-1/c-1/{number}.jpg")]
    before = wait_for_ends(service, old, service.model)
    service.cloud.kill_worker()
    service.cloud.artifact = folder
    service.cloud.start_worker()

    first = run_over(service, prefix="smears/hospital-z/")
    ends = wait_for_ends(service, old, new)
    reports = report_versions(service)
    second = run_over(service, prefix="smears/hospital-z/")
    service.wait_until_quiet()

    assert first["status"] == second["status"] == "SUCCEEDED"
    assert [row.state for row in ends if row] == [State.REJECTED] * 200
    assert rows_of(service, old, service.model) == before
    assert rows_of(service, old, new) == ends
    assert report_versions(service) == reports
    assert service.waiting("ArrivalsDeadLetterQueue") == 0
