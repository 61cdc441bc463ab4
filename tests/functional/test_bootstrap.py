from pathlib import Path

import pytest

from hemascope.bootstrap import Environment, build_station
from hemascope.contracts.errors import ArtifactError, HemascopeError
from hemascope.model.artifact import Artifact


@pytest.fixture
def variables(artifact: Artifact) -> dict[str, str]:
    return {
        "HEMASCOPE_REPORTS_BUCKET": "reports",
        "HEMASCOPE_LEDGER_TABLE": "ledger",
        "HEMASCOPE_NOTICE_TOPIC": "arn:aws:sns:eu-central-1:123456789012:notices",
        "HEMASCOPE_MAIL_TEMPLATE": "notice",
        "HEMASCOPE_MAIL_SENDER": "lab@example.org",
        "HEMASCOPE_MAIL_RECIPIENT": "duty@example.org",
        "HEMASCOPE_PORTAL_URL": "https://portal.example/",
        "HEMASCOPE_ARTIFACT": str(artifact.folder),
        "HEMASCOPE_MAXIMUM_RECEIVES": "5",
        "HEMASCOPE_LEASE_SECONDS": "60",
        "PATH": "/usr/bin",
    }


def test_a_station_is_built_from_its_environment(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")

    station = build_station(variables)

    assert station.settings.portal_url == "https://portal.example"
    assert station.settings.lease.total_seconds() == 60
    assert station.classifier.artifact.reference.name.startswith("all-subtypes/")


@pytest.mark.parametrize("name", [f"HEMASCOPE_{field.upper()}" for field in Environment.model_fields if field != "endpoint"])
def test_a_missing_variable_is_named(variables: dict[str, str], name: str) -> None:
    del variables[name]

    with pytest.raises(HemascopeError, match=f"{name} "):
        build_station(variables)


@pytest.mark.parametrize(("name", "value"), [("HEMASCOPE_MAXIMUM_RECEIVES", "0"), ("HEMASCOPE_LEASE_SECONDS", "a minute")])
def test_a_wrong_variable_is_named(variables: dict[str, str], name: str, value: str) -> None:
    with pytest.raises(HemascopeError, match=name):
        build_station({**variables, name: value})


def test_there_is_no_station_without_a_model(variables: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(ArtifactError):
        build_station({**variables, "HEMASCOPE_ARTIFACT": str(tmp_path)})
