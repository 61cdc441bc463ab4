"""Composition roots: what each function is built from, and what is said of an environment that lacks something."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hemascope.bootstrap.environment import Environment
from hemascope.bootstrap.mail_events import build_ledger
from hemascope.bootstrap.microscope_jobs import JobsEnvironment, build_job_service
from hemascope.bootstrap.notifications import NotificationEnvironment, build_notification_service
from hemascope.bootstrap.portal import PortalEnvironment, build_portal
from hemascope.bootstrap.screening import ScreeningEnvironment, build_screening_service
from hemascope.domain.errors import ArtifactError, HemascopeError
from hemascope_cli.project import artifact_folder

SCREENING = {
    "HEMASCOPE_REPORTS_BUCKET": "reports",
    "HEMASCOPE_LEDGER_TABLE": "ledger",
    "HEMASCOPE_MICROSCOPES_TABLE": "microscopes",
    "HEMASCOPE_NOTIFICATIONS_QUEUE": "https://sqs.eu-central-1.amazonaws.com/123456789012/notifications",
    "HEMASCOPE_ARTIFACT": str(artifact_folder(None)),
    "HEMASCOPE_MAXIMUM_RECEIVES": "5",
}
NOTIFYING = {
    "HEMASCOPE_LEDGER_TABLE": "ledger",
    "HEMASCOPE_NOTIFICATION_TOPIC": "arn:aws:sns:eu-central-1:123456789012:notifications",
    "HEMASCOPE_HOSPITALS_TABLE": "hospitals",
    "HEMASCOPE_REPORTS_BUCKET": "reports",
    "HEMASCOPE_NOTIFICATIONS_QUEUE": "https://sqs.example/notifications",
    "HEMASCOPE_PATIENTS_TOPIC": "arn:aws:sns:eu-central-1:123456789012:patients",
    "HEMASCOPE_MAIL_TEMPLATES": "mail",
    "HEMASCOPE_MAIL_SENDER": "lab@example.org",
    "HEMASCOPE_MAIL_RECIPIENT": "duty@example.org",
    "HEMASCOPE_MAIL_CONFIGURATION": "mails",
    "HEMASCOPE_PORTAL_URL": "https://portal.example/",
    "HEMASCOPE_GRACE_SECONDS": "60",
}

PORTAL = {
    "HEMASCOPE_LEDGER_TABLE": "ledger",
    "HEMASCOPE_UPLOADS_BUCKET": "uploads",
    "HEMASCOPE_REPORTS_BUCKET": "reports",
    "HEMASCOPE_AUDIT_TABLE": "audit",
    "HEMASCOPE_HOSPITALS_TABLE": "hospitals",
    "HEMASCOPE_MICROSCOPES_TABLE": "microscopes",
    "HEMASCOPE_JOBS_QUEUE": "https://sqs.example/jobs",
    "HEMASCOPE_NOTIFICATIONS_QUEUE": "https://sqs.example/notifications",
    "HEMASCOPE_LINK_SECONDS": "300",
    "HEMASCOPE_USER_POOL": "eu-central-1_Pool",
    "HEMASCOPE_SCREENING_USD_PER_SECOND": "0.0000287923",
    "HEMASCOPE_ARTIFACT": str(artifact_folder(None)),
}

JOBS = {
    "HEMASCOPE_LEDGER_TABLE": "ledger",
    "HEMASCOPE_REPORTS_BUCKET": "reports",
    "HEMASCOPE_MICROSCOPES_TABLE": "microscopes",
    "HEMASCOPE_JOBS_QUEUE": "https://sqs.example/jobs",
    "HEMASCOPE_ARRIVALS_QUEUE": "https://sqs.example/arrivals",
    "HEMASCOPE_ARTIFACT": str(artifact_folder(None)),
}


BUILDERS = {
    build_job_service: (JobsEnvironment, JOBS),
    build_screening_service: (ScreeningEnvironment, SCREENING),
    build_notification_service: (NotificationEnvironment, NOTIFYING),
    build_ledger: (Environment, {"HEMASCOPE_LEDGER_TABLE": "ledger"}),
    build_portal: (PortalEnvironment, PORTAL),
}
Build = Callable[[], Any]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Call a builder in an environment that consists of its variables, changed as given; None removes one."""

    def run(build: Build, **changed: str | None) -> Any:
        variables = {**BUILDERS[build][1], **{f"HEMASCOPE_{name}": value for name, value in changed.items()}}
        for name in [name for name in os.environ if name.startswith("HEMASCOPE_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        for name, value in variables.items():
            if value is not None:
                monkeypatch.setenv(name, value)
        return build()

    return run


REQUIRED = [
    (build, name.upper())
    for build, (environment, _) in BUILDERS.items()
    for name, field in environment.model_fields.items()
    if field.is_required()
]


def test_a_screening_service_is_built_from_its_environment(start: Callable[..., Any]) -> None:
    service = start(build_screening_service)

    assert service.maximum_receives == 5
    assert service.classifier.artifact.reference.name.startswith("all-subtypes/")


def test_a_notification_service_is_built_from_its_environment(start: Callable[..., Any]) -> None:
    service = start(build_notification_service)

    assert service.portal_url == "https://portal.example"
    assert service.grace.total_seconds() == 60


def test_a_portal_is_built_from_its_environment(start: Callable[..., Any]) -> None:
    portal = start(build_portal)

    assert (portal.uploads.bucket, portal.reports.repository.bucket, portal.uploads.links.seconds) == (
        "uploads",
        "reports",
        300,
    )
    assert portal.slides.urgent_classes == ("Early Pre-B", "Pre-B", "Pro-B")
    assert portal.slides.texts.recommendation["suspected"].startswith("Consult a specialist")


@pytest.mark.parametrize(("build", "name"), REQUIRED, ids=[f"{build.__name__}-{name}" for build, name in REQUIRED])
def test_a_missing_variable_is_named(start: Callable[..., Any], build: Build, name: str) -> None:
    with pytest.raises(HemascopeError, match=f"HEMASCOPE_{name} "):
        start(build, **{name: None})


def test_all_missing_variables_are_named_at_once(start: Callable[..., Any]) -> None:
    with pytest.raises(HemascopeError, match=r"HEMASCOPE_LEDGER_TABLE .*HEMASCOPE_REPORTS_BUCKET ") as error:
        start(build_screening_service, LEDGER_TABLE=None, REPORTS_BUCKET=None)

    assert "HEMASCOPE_ARTIFACT" not in str(error.value)


@pytest.mark.parametrize(
    ("build", "name", "value"),
    [
        (build_screening_service, "MAXIMUM_RECEIVES", "0"),
        (build_notification_service, "GRACE_SECONDS", "a-secret-minute"),
        (build_portal, "LINK_SECONDS", "a-secret-minute"),
    ],
)
def test_an_invalid_variable_is_named_and_its_value_is_not_repeated(
    start: Callable[..., Any], build: Build, name: str, value: str
) -> None:
    with pytest.raises(HemascopeError, match=f"HEMASCOPE_{name} ") as error:
        start(build, **{name: value})

    assert "secret" not in str(error.value)
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__


@pytest.mark.parametrize("build", [build_portal, build_screening_service])
def test_a_language_without_texts_in_the_artifact_is_refused(start: Callable[..., Any], build: Build) -> None:
    with pytest.raises(ArtifactError, match=r"texts\.de\.json"):
        start(build, LANGUAGE="de")


def test_there_is_no_screening_service_without_a_model(start: Callable[..., Any], tmp_path: Path) -> None:
    with pytest.raises(ArtifactError):
        start(build_screening_service, ARTIFACT=str(tmp_path))


@pytest.mark.parametrize(
    ("module", "not_loaded"),
    [
        ("screening", ("hemascope.portal", "hemascope.notifications")),
        ("notifications", ("hemascope.portal", "hemascope.domain.texts", "numpy")),
        ("mail_events", ("hemascope.portal", "hemascope.notifications", "hemascope.domain.texts", "numpy")),
    ],
)
def test_a_function_does_not_load_what_only_others_need(module: str, not_loaded: tuple[str, ...]) -> None:
    program = f"import sys, hemascope.bootstrap.{module}; print(*sys.modules)"

    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()

    assert f"hemascope.bootstrap.{module}" in loaded
    assert [name for name in loaded if name.startswith(not_loaded)] == []
