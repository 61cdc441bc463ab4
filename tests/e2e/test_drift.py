"""Drift on the embedded cloud, under IAM: a microscope that changes is told, suspended, and announced once each."""

from collections.abc import Iterator

import pytest

from hemascope.aws.microscopes_table import DynamoMicroscopes
from hemascope.aws.s3 import upload
from hemascope.domain.ledger import LedgerRow
from hemascope.domain.microscope import DRIFT, Microscope
from hemascope.domain.report import Decision
from hemascope.domain.specimen import Specimen
from hemascope.imaging.synthetic import draw_synthetic_smear, encode_jpeg
from tests.e2e.conftest import Service, started
from tests.support.patience import wait_until

pytestmark = pytest.mark.local_cloud
WATCHED = Microscope(hospital="st-mary", name="scope 9", is_reference=True)


@pytest.fixture(scope="module")
def enforced() -> Iterator[Service]:
    with started(enforce_iam=True) as service:
        yield service


def send(service: Service, number: int) -> LedgerRow:
    """One field, and its row when people were notified of it."""
    specimen = Specimen(hospital="st-mary", patient="p-7", slide="c-1", microscope=WATCHED.name, field=f"{number}.jpg")
    data = encode_jpeg(draw_synthetic_smear(number, side=224))
    return service.wait_for_end(upload(service.cloud.client("s3"), service.cloud.outputs["UploadsBucket"], specimen, data))


def test_a_microscope_that_changes_is_told_suspended_and_announced_once(enforced: Service) -> None:
    registry = DynamoMicroscopes(enforced.cloud.client("dynamodb"), enforced.cloud.outputs["MicroscopesTable"])
    registry.store(WATCHED)

    decisions = [send(enforced, number).decision for number in range(10)]

    def drift_mails() -> list[str]:
        return [mail["BodyText"] for mail in enforced.cloud.mails() if "scope 9" in mail["BodyText"]]

    wait_until(lambda: len(drift_mails()) == 2, "a mail about the alarm and one about the suspension")
    enforced.wait_until_quiet()
    suspended = registry.find("st-mary", "scope 9")
    assert suspended
    assert suspended.suspension
    assert suspended.suspension.by == DRIFT
    first = decisions.index(Decision.UNVERIFIED)
    assert 5 <= first <= 8
    assert set(decisions[first:]) == {Decision.UNVERIFIED}
    assert Decision.UNVERIFIED not in decisions[:first]
    assert len(drift_mails()) == 2
    assert all("Compared with its commissioning, " in mail for mail in drift_mails())
    assert sum("was suspended" in mail for mail in drift_mails()) == 1
