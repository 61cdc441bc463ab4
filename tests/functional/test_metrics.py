"""What the functions count: documented, once for each end, and nothing about a patient."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import pytest

from hemascope.domain.mail_event import mail_tags
from hemascope.domain.notification import NotificationTask
from hemascope.domain.specimen import ObjectVersion
from hemascope.model.artifact import Artifact
from hemascope.runtime.metrics import Metric
from hemascope.screening.drift import DriftLook, DriftOutcome, DriftWatch
from tests.conftest import lambda_module
from tests.support.emf import emitted, metric_lines, values
from tests.support.fakes import (
    MAXIMUM_RECEIVES,
    START,
    FixedClassifier,
    World,
    lambda_context,
    s3_message,
    s3_record,
    sqs_event,
)
from tests.support.rows import row

FUNCTIONS = {"screen_smear": "screening_service", "send_notifications": "notification_service", "mail_events": "ledger"}
NO_DECISION = {
    "SmearsConfident": (0,),
    "SmearsIndeterminate": (0,),
    "SmearsOutOfDistribution": (0,),
    "SmearsPoorQuality": (0,),
    "SmearsUnverified": (0,),
}


class Functions:
    """The three functions in one world; what they print is read with ``log``."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.world, self._capsys, self.monkeypatch = world, capsys, monkeypatch
        parts = {
            "screening_service": world.screening_service,
            "notification_service": world.notification_service,
            "ledger": lambda: world.ledger,
        }
        self._modules: dict[str, ModuleType] = {}
        for folder, part in FUNCTIONS.items():
            self._modules[folder] = lambda_module(folder)
            monkeypatch.setattr(self._modules[folder], part, parts[part])

    def call(self, folder: str, *bodies: str, receives: int = 1) -> dict:
        context = lambda_context(f"hemascope-dev-{folder.replace('_', '-')}")
        return self._modules[folder].handler(sqs_event(*bodies, receives=receives), context)

    def put(self, data: bytes, file: str, folder: str = "scope 1/") -> str:
        key = f"smears/st-mary/p-7/c-1/{folder}{file}"
        self.world.pictures.pictures[ObjectVersion(bucket="uploads", key=key, version_id="v1")] = data
        return s3_message(s3_record(key))

    def log(self) -> str:
        return self._capsys.readouterr().out


@pytest.fixture
def functions(artifact: Artifact, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Functions:
    # The drawn smear has colours of its own: here it shall count as one that the model knows.
    monkeypatch.setattr(type(artifact.colours), "score", lambda *_: 0.5)
    return Functions(World(FixedClassifier(artifact, 0.01, 0.01, 0.97, 0.01)), monkeypatch, capsys)


def due(functions: Functions, step: int = 0) -> str:
    functions.world.ledger.finish(row())
    return NotificationTask(object_id=row().object_id, model=row().model, step=step).to_json()


def mail_came_back(fate: str, bounce: str = "Permanent") -> str:
    tags = {name: [text] for name, text in mail_tags(row().object_id, row().model, "clinician").items()}
    return json.dumps({"eventType": fate, "mail": {"tags": tags}, "bounce": {"bounceType": bounce}})


def documented(root: Path) -> set[tuple[str, str, str, str]]:
    """Rows of the table in docs/operations.md: name, unit, dimensions, function; "all" stands for the three functions."""
    section = (root / "docs" / "operations.md").read_text(encoding="utf-8").split("\n## Metrics\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    rows = [[cell.strip() for cell in line.replace("`", "").strip("|").split("|")] for line in lines]
    everybody = [name.replace("_", "-") for name in FUNCTIONS]
    return {
        (name, unit, dimensions, function)
        for name, unit, dimensions, _, functions in rows
        for function in (everybody if functions == "all" else [functions])
    }


def test_what_is_emitted_is_what_is_documented(functions: Functions, smear: bytes, root: Path) -> None:
    for outcome in list(DriftOutcome):
        functions.monkeypatch.setattr(DriftWatch, "look", lambda *_, outcome=outcome: DriftLook(outcome))
        functions.call("screen_smear", functions.put(smear, f"{outcome}.jpg"))
    functions.call("screen_smear", functions.put(smear, "good.jpg"), s3_message(s3_record("smears/unassigned.jpg")))
    functions.call("screen_smear", s3_message(s3_record("smears/st-mary/p-7/c-1/gone.jpg")), receives=MAXIMUM_RECEIVES)
    functions.call("send_notifications", due(functions), "no message of ours")
    functions.call("send_notifications", due(functions, step=1))
    for fate in ("Bounce", "Complaint", "Reject", "Rendering Failure"):
        functions.world.ledger.put(row())
        functions.call("mail_events", mail_came_back(fate), "no message of ours")
    functions.world.ledger.put(row())
    functions.call("mail_events", mail_came_back("Bounce", "Transient"))

    found: dict[tuple[str, str, str], set[str]] = {}
    for metric in emitted(functions.log()):
        names = [name for name, _ in metric.dimensions]
        function = dict(metric.dimensions)["function"].removeprefix("hemascope-dev-")
        found.setdefault((metric.name, metric.unit, function), set()).add(", ".join(names))
    texts = {(name, unit, "; ".join(sorted(sets)), function) for (name, unit, function), sets in found.items()}

    assert texts == documented(root)
    assert {name for name, *_ in texts} == set(Metric)


def test_a_reported_smear_is_counted_with_its_decision_and_times(functions: Functions, smear: bytes) -> None:
    functions.call("screen_smear", functions.put(smear, "good.jpg"))

    counted = values(functions.log())

    # The fake timer goes on by a quarter of a second at each of the five steps.
    assert counted == {
        "SmearsReported": (1,),
        "SmearsRejected": (0,),
        **NO_DECISION,
        "SmearsConfident": (1,),
        "ArrivalToReport": (2,),
        "ScreeningTime": (1750,),
        "NetworkTime": (250,),
    }


@pytest.mark.parametrize(
    ("score", "cells", "probabilities", "metric"),
    [
        (0.5, 1, (0.30, 0.30, 0.30, 0.10), "SmearsIndeterminate"),
        (1.5, 1, (0.01, 0.01, 0.97, 0.01), "SmearsOutOfDistribution"),
        (0.5, 100, (0.01, 0.01, 0.97, 0.01), "SmearsPoorQuality"),
        (0.5, 1, (0.01, 0.01, 0.97, 0.01), "SmearsUnverified"),  # of a microscope that is not registered
    ],
)
def test_a_smear_without_an_answer_is_counted_as_such(
    functions: Functions,
    artifact: Artifact,
    smear: bytes,
    score: float,
    cells: int,
    probabilities: tuple[float, ...],
    metric: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(type(artifact.colours), "score", lambda *_: score)
    decision = artifact.manifest.decision.model_copy(update={"minimum_cells": cells})
    changed = replace(artifact, manifest=artifact.manifest.model_copy(update={"decision": decision}))
    functions.world.classifier = FixedClassifier(changed, *probabilities)

    functions.call("screen_smear", functions.put(smear, "unsure.jpg", "" if metric == "SmearsUnverified" else "scope 1/"))

    counted = values(functions.log())
    assert counted["SmearsReported"] == (1,)
    assert {name: counted[name] for name in NO_DECISION} == NO_DECISION | {metric: (1,)}


def test_a_rejected_picture_has_no_decision_and_no_times(functions: Functions) -> None:
    functions.call("screen_smear", functions.put(b"no picture", "text.jpg"))

    counted = values(functions.log())

    assert counted == {"SmearsReported": (0,), "SmearsRejected": (1,), **NO_DECISION, "ArrivalToReport": (2,)}


@pytest.mark.parametrize("key", ["smears/Jane Doe.jpg", "smears/st-mary/p-7/c-1/"])
def test_a_picture_whose_key_names_no_patient_is_counted_and_is_nobodys(functions: Functions, smear: bytes, key: str) -> None:
    functions.world.pictures.pictures[ObjectVersion(bucket="uploads", key=key, version_id="v1")] = smear

    functions.call("screen_smear", s3_message(s3_record(key, size=len(smear))))

    log = functions.log()
    assert values(log)["SmearsUnassigned"] == values(log)["SmearsRejected"] == (1,)
    assert "Jane" not in log
    row = functions.world.row
    assert (row.hospital, row.patient, row.slide, row.rejection) == (None, None, None, "invalid_key")


def test_a_redelivery_counts_nothing(functions: Functions, smear: bytes) -> None:
    body, notification = functions.put(smear, "good.jpg"), due(functions)
    functions.call("screen_smear", body)
    functions.call("send_notifications", notification)
    functions.call("mail_events", mail_came_back("Bounce"))
    functions.log()

    functions.call("screen_smear", body, body, receives=2)
    functions.call("send_notifications", notification, receives=2)
    functions.call("mail_events", mail_came_back("Bounce"), receives=2)

    assert metric_lines(functions.log()) == []


def test_a_batch_is_one_line_and_failures_keep_nothing_from_it(functions: Functions, smear: bytes) -> None:
    answer = functions.call("screen_smear", functions.put(smear, "a.jpg"), "poison", functions.put(smear, "b.jpg"))

    log = functions.log()
    assert len(answer["batchItemFailures"]) == 1
    assert len(metric_lines(log)) == 2  # what has the version as a dimension is a line of its own
    assert values(log)["SmearsReported"] == (1, 1)
    assert values(log)["MessagesFailed"] == (1,)


def test_a_failed_message_is_counted_for_its_version(functions: Functions) -> None:
    functions.call("send_notifications", "poison", "poison")

    (_, by_version) = emitted(functions.log())

    assert by_version.namespace == "Hemascope"
    assert by_version.dimensions == (("function", "hemascope-dev-send-notifications"), ("version", "7"))
    assert by_version.values == (1, 1)


@pytest.mark.parametrize(("receives", "counted"), [(MAXIMUM_RECEIVES - 1, ()), (MAXIMUM_RECEIVES, (1,))])
def test_a_smear_has_failed_when_its_last_delivery_has(functions: Functions, receives: int, counted: tuple[float, ...]) -> None:
    functions.call("screen_smear", s3_message(s3_record("smears/st-mary/p-7/c-1/gone.jpg")), receives=receives)

    assert values(functions.log()).get("SmearsFailed", ()) == counted


@pytest.mark.parametrize(
    ("fate", "metric"),
    [
        ("Bounce", "MailsBounced"),
        ("Complaint", "MailsComplained"),
        ("Reject", "MailsRefused"),
        ("Rendering Failure", "MailsRefused"),
    ],
)
def test_a_mail_that_came_back_is_counted_by_its_fate(functions: Functions, fate: str, metric: str) -> None:
    functions.world.ledger.finish(row())

    functions.call("mail_events", mail_came_back(fate))

    assert values(functions.log()) == {metric: (1,)}


def test_a_soft_bounce_raises_no_alarm_until_a_mail_comes_back_for_good(functions: Functions) -> None:
    functions.world.ledger.finish(row())

    statuses = []
    for bounce in ("Transient", "Undetermined", "Permanent", "Transient"):
        functions.call("mail_events", mail_came_back("Bounce", bounce))
        statuses.append(functions.world.row.notification)

    assert statuses == ["soft_bounced", "soft_bounced", "bounced", "bounced"]
    assert values(functions.log()) == {"MailsSoftBounced": (1,), "MailsBounced": (1,)}


def test_a_notification_is_counted_when_people_are_told(functions: Functions) -> None:
    functions.call("send_notifications", due(functions))

    assert values(functions.log()) == {"NotificationsSent": (1,)}


def test_an_urgent_smear_that_nobody_acknowledged_is_counted(functions: Functions) -> None:
    functions.call("send_notifications", due(functions, step=1))

    assert values(functions.log()) == {"UrgentUnacknowledged": (1,)}


def test_a_mail_that_is_on_its_way_is_marked_and_not_counted(functions: Functions) -> None:
    functions.world.ledger.finish(row())
    functions.world.ledger.claim_channel(row().object_id, row().model, "clinician", START, START)

    functions.call("mail_events", mail_came_back("Send"))

    assert functions.world.ledger.marks[row().object_id, row().model] == {"clinician": "completed"}
    assert (functions.world.row, functions.log()) == (row(), "")


def test_a_clock_behind_that_of_the_queue_gives_no_negative_time(functions: Functions, smear: bytes) -> None:
    functions.world.clock.time -= timedelta(minutes=1)

    functions.call("screen_smear", functions.put(smear, "early.jpg"))

    assert values(functions.log())["ArrivalToReport"] == (0,)


def test_metrics_hold_no_patient_no_hospital_and_no_label(functions: Functions, smear: bytes) -> None:
    functions.call("screen_smear", functions.put(smear, "field.jpg"), '{"patient": "Jane Doe"}')

    text = json.dumps(metric_lines(functions.log()))

    assert "SmearsReported" in text
    assert not [word for word in ("p-7", "c-1", "field", "st-mary", "Jane", "Pre-B", "0.97") if word in text]
