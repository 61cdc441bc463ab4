"""The local cloud with an artifact of two other classes: unchanged code, and no word of the shipped disease comes out."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from hemascope.domain.report import State
from hemascope_cli.local.cloud import LocalCloud
from tests.e2e.conftest import Service, register_reference
from tests.support.other_disease import FORBIDDEN, PARASITIZED, UNINFECTED

pytestmark = pytest.mark.local_cloud


@pytest.fixture(scope="module")
def malaria(root: Path, other_disease: Path) -> Iterator[Service]:
    with LocalCloud(root, other_disease) as cloud:
        register_reference(cloud)
        yield Service(cloud, "malaria/1.0.0")


def test_smears_are_reported_stored_and_notified_as_those_of_the_artifact(malaria: Service) -> None:
    versions = [malaria.send(data, name) for name, data in (("few.jpg", UNINFECTED), ("many.jpg", PARASITIZED))]

    rows = [malaria.wait_for_end(version) for version in versions]

    assert [(row.state, row.urgent) for row in rows] == [(State.REPORTED, False), (State.REPORTED, True)]
    texts = [malaria.read(key).decode() for version in versions for key in malaria.keys_about(version) if key.endswith(".json")]
    labels = [content["result"]["label"] for content in map(json.loads, texts) if "result" in content]
    assert sorted(labels) == ["Parasitized", "Uninfected"]
    mails = [mail for mail in malaria.cloud.mails() if any(version.object_id in mail["BodyText"] for version in versions)]
    assert len(mails) == 2
    assert [
        text for text in (*texts, *(mail["Subject"] + mail["BodyText"] for mail in mails)) if re.search(FORBIDDEN, text)
    ] == []
