"""The deliverer dies between SES's answer and its own record, on the embedded cloud: SES's event says that the mail is out."""

import os
from collections.abc import Iterator
from dataclasses import replace
from unittest.mock import patch

import pytest

from hemascope.bootstrap.notifications import build_notification_service
from hemascope.domain.ledger import LedgerRow, NotificationStatus
from hemascope.domain.notification import Mail, NotificationTask
from hemascope.ports import Mailer
from tests.e2e.conftest import Service
from tests.support.fakes import Killed
from tests.support.patience import wait_until

pytestmark = pytest.mark.local_cloud


class DiesAfterwards:
    """A Mailer whose process is gone before anybody hears that the mail is."""

    def __init__(self, mailer: Mailer) -> None:
        self._mailer = mailer

    def send(self, mail: Mail) -> None:
        self._mailer.send(mail)
        raise Killed


@pytest.fixture
def environment(service: Service, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """What the notification function is notified, with nobody there who delivers."""
    service.cloud.kill_worker("send_notifications")
    described = service.cloud.client("lambda").get_function_configuration(FunctionName="hemascope-dev-send-notifications")
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    yield described["Environment"]["Variables"] | {"HEMASCOPE_ENDPOINT": service.cloud.endpoint}
    service.cloud.start_worker("send_notifications")


def screened(service: Service, data: bytes, file: str) -> LedgerRow:
    version = service.send(data, file)
    wait_until(lambda: service.row(version) is not None, "an end")
    row = service.row(version)
    assert row is not None
    return row


def test_a_mail_is_sent_once_though_its_sender_died_before_it_could_record_it(
    service: Service, environment: dict[str, str], smear: bytes
) -> None:
    row = screened(service, smear, "died.jpg")
    with patch.dict(os.environ, environment):
        notification = build_notification_service()
    task = NotificationTask(object_id=row.object_id, model=row.model)

    with pytest.raises(Killed):
        replace(notification, mailer=DiesAfterwards(notification.mailer)).notify(task)
    table = {"TableName": service.cloud.outputs["LedgerTable"]}
    key = {"object_id": {"S": row.object_id}, "model": {"S": row.model}}
    dynamodb = service.cloud.client("dynamodb")
    wait_until(lambda: dynamodb.get_item(**table, Key=key)["Item"]["channel_clinician"]["S"] == "completed", "SES's event")
    notification.notify(task)

    assert service.mails_about(row.object) == 1
    assert service.row(row.object).notification is NotificationStatus.SENT
