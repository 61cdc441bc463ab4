import subprocess
import sys
from pathlib import Path

import pytest

from hemascope.bootstrap.functions import (
    NotificationEnvironment,
    ScreeningEnvironment,
    build_ledger,
    build_notification_service,
    build_screening_service,
)
from hemascope.bootstrap.portal import PortalEnvironment, build_portal
from hemascope.domain.errors import ArtifactError, HemascopeError
from hemascope.model.artifact import Artifact
from hemascope_cli.project import artifact_folder


@pytest.fixture(autouse=True)
def region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")


@pytest.fixture
def variables(artifact: Artifact) -> dict[str, str]:
    return {
        "HEMASCOPE_REPORTS_BUCKET": "reports",
        "HEMASCOPE_LEDGER_TABLE": "ledger",
        "HEMASCOPE_NOTIFICATIONS_QUEUE": "https://sqs.eu-central-1.amazonaws.com/123456789012/notifications",
        "HEMASCOPE_ARTIFACT": str(artifact.folder),
        "HEMASCOPE_MAXIMUM_RECEIVES": "5",
        "PATH": "/usr/bin",
    }


DELIVERING = {
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

ANSWERING = {
    "HEMASCOPE_LEDGER_TABLE": "ledger",
    "HEMASCOPE_UPLOADS_BUCKET": "uploads",
    "HEMASCOPE_REPORTS_BUCKET": "reports",
    "HEMASCOPE_AUDIT_TABLE": "audit",
    "HEMASCOPE_HOSPITALS_TABLE": "hospitals",
    "HEMASCOPE_NOTIFICATIONS_QUEUE": "https://sqs.example/notifications",
    "HEMASCOPE_LINK_SECONDS": "300",
    "HEMASCOPE_USER_POOL": "eu-central-1_Pool",
    "HEMASCOPE_SCREENING_USD_PER_SECOND": "0.0000287923",
    "HEMASCOPE_ARTIFACT": str(artifact_folder(None)),
}


def names(environment: type) -> list[str]:
    return [f"HEMASCOPE_{name.upper()}" for name, field in environment.model_fields.items() if field.is_required()]


def test_a_screening_station_is_built_from_its_environment(variables: dict[str, str]) -> None:
    station = build_screening_service(variables)

    assert station.maximum_receives == 5
    assert station.classifier.artifact.reference.name.startswith("all-subtypes/")


def test_a_delivery_station_is_built_from_its_environment() -> None:
    notification = build_notification_service(DELIVERING)

    assert notification.portal_url == "https://portal.example"
    assert notification.grace.total_seconds() == 60


@pytest.mark.parametrize("name", names(ScreeningEnvironment))
def test_a_missing_variable_of_screening_is_named(variables: dict[str, str], name: str) -> None:
    del variables[name]

    with pytest.raises(HemascopeError, match=f"{name} "):
        build_screening_service(variables)


@pytest.mark.parametrize("name", names(NotificationEnvironment))
def test_a_missing_variable_of_delivery_is_named(name: str) -> None:
    with pytest.raises(HemascopeError, match=f"{name} "):
        build_notification_service({key: value for key, value in DELIVERING.items() if key != name})


def test_a_portal_is_built_from_its_environment() -> None:
    portal = build_portal(ANSWERING)

    assert (portal.uploads.bucket, portal.reports.repository.bucket, portal.uploads.links.seconds) == (
        "uploads",
        "reports",
        300,
    )
    assert portal.slides.urgent_classes == ("Early Pre-B", "Pre-B", "Pro-B")
    assert portal.slides.texts.recommendation["suspected"].startswith("Consult a specialist")


def test_a_language_that_the_artifact_has_not_starts_nothing(variables: dict[str, str]) -> None:
    for build, settings in ((build_portal, ANSWERING), (build_screening_service, variables)):
        with pytest.raises(ArtifactError, match=r"texts\.de\.json"):
            build({**settings, "HEMASCOPE_LANGUAGE": "de"})


@pytest.mark.parametrize("name", names(PortalEnvironment))
def test_a_missing_variable_of_the_portal_is_named(name: str) -> None:
    with pytest.raises(HemascopeError, match=f"{name} "):
        build_portal({key: value for key, value in ANSWERING.items() if key != name})


def test_a_ledger_needs_its_table() -> None:
    with pytest.raises(HemascopeError, match="HEMASCOPE_LEDGER_TABLE "):
        build_ledger({})


def test_a_wrong_variable_is_named(variables: dict[str, str]) -> None:
    with pytest.raises(HemascopeError, match="HEMASCOPE_MAXIMUM_RECEIVES"):
        build_screening_service({**variables, "HEMASCOPE_MAXIMUM_RECEIVES": "0"})
    with pytest.raises(HemascopeError, match="HEMASCOPE_GRACE_SECONDS"):
        build_notification_service({**DELIVERING, "HEMASCOPE_GRACE_SECONDS": "a minute"})


def test_there_is_no_station_without_a_model(variables: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(ArtifactError):
        build_screening_service({**variables, "HEMASCOPE_ARTIFACT": str(tmp_path)})


def test_a_smear_does_not_wait_for_the_portals_modules_at_a_start() -> None:
    asked = (
        "import sys, hemascope.bootstrap.functions; print([one for one in sys.modules if one.startswith('hemascope.portal')])"
    )

    loaded = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout

    assert loaded.strip() == "[]"
