"""What becomes of a service's errors in each call of the adapters."""

from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from hemascope.aws.audit_table import DynamoAudit
from hemascope.aws.hospitals_table import DynamoHospitalSettings
from hemascope.aws.ledger import DynamoLedger
from hemascope.aws.messaging import SesMailer, SnsPatientPublisher, SnsPublisher, SqsNotificationQueue
from hemascope.aws.microscopes_table import DynamoMicroscopes
from hemascope.aws.s3 import S3Store, upload
from hemascope.domain.audit import AuditAction
from hemascope.domain.errors import RequestRejected, TransientError
from hemascope.domain.hospital import HospitalSettings
from hemascope.domain.ledger import NotificationStatus, RowFilter
from hemascope.domain.microscope import Microscope
from hemascope.domain.notification import Mail, Notification, NotificationTask, PatientNotification
from hemascope.domain.report import State
from hemascope.domain.specimen import Patient, Specimen
from tests.support.fakes import START
from tests.support.rows import row

SPECIMEN = Specimen(hospital="h", patient="p", slide="c", field="f.jpg")
PATIENT = Patient(hospital="h", patient="p")
NOTIFICATION = Notification(
    object_id="0f", model="m/1.0.0", hospital="h", state=State.REPORTED, urgent=True, link="https://p.example/0f"
)


class Failing:
    """A client of which every call fails."""

    class exceptions:  # noqa: N801 - boto3's own name
        ConditionalCheckFailedException = KeyError

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __getattr__(self, name: str) -> Any:
        def call(**_: object) -> None:
            raise self.error

        return call


def refusal(code: str, status: int = 500) -> ClientError:
    answer = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "Operation")


TO_PATIENT = PatientNotification(hospital="h", patient="p", text="Something to read.")
MAIL = Mail(notification=NOTIFICATION, channel="clinician", kind="notification", recipients=("a@example.org",))


CALLS = {
    "read": lambda failing: S3Store(failing).read(row().object, 10),
    "write_once": lambda failing: S3Store(failing, "b").write_once("k", b"", "text/plain"),
    "upload": lambda failing: upload(failing, "b", SPECIMEN, b"x"),
    "find": lambda failing: DynamoLedger(failing, "t").find("o", "m"),
    "was_urgent": lambda failing: DynamoLedger(failing, "t").was_urgent("o"),
    "finish": lambda failing: DynamoLedger(failing, "t").finish(row()),
    "claim_channel": lambda failing: DynamoLedger(failing, "t").claim_channel("o", "m", "topic", START, START),
    "complete_channel": lambda failing: DynamoLedger(failing, "t").complete_channel("o", "m", "topic"),
    "release_channel": lambda failing: DynamoLedger(failing, "t").release_channel("o", "m", "topic"),
    "settings_of": lambda failing: DynamoHospitalSettings(failing, "t", HospitalSettings()).settings_of("h"),
    "change": lambda failing: DynamoHospitalSettings(failing, "t", HospitalSettings()).change("h", HospitalSettings()),
    "acknowledge": lambda failing: DynamoLedger(failing, "t").acknowledge("o", "m", START),
    "set_review": lambda failing: DynamoLedger(failing, "t").set_review(row(), row(verdicts=1)),
    "is_forgotten": lambda failing: DynamoLedger(failing, "t").is_forgotten("o"),
    "rows_by_patient": lambda failing: DynamoLedger(failing, "t").rows_by_patient(PATIENT, 10),
    "rows_by_microscope": lambda failing: DynamoLedger(failing, "t").rows_by_microscope("0f", 10),
    "find a microscope": lambda failing: DynamoMicroscopes(failing, "t").find("h", "m"),
    "microscopes of a hospital": lambda failing: DynamoMicroscopes(failing, "t").of_hospital("h"),
    "store a microscope": lambda failing: DynamoMicroscopes(failing, "t").store(Microscope(hospital="h", name="m")),
    "search": lambda failing: DynamoLedger(failing, "t").search("h", RowFilter(urgent=True), 10),
    "append": lambda failing: DynamoAudit(failing, "t").append("h", "w", AuditAction.VIEWED, None, START),
    "entries": lambda failing: DynamoAudit(failing, "t").entries("h", 0, 10),
    "set_notification": lambda failing: DynamoLedger(failing, "t").set_notification("o", "m", NotificationStatus.SENT),
    "rows_of": lambda failing: DynamoLedger(failing, "t").rows_of("o"),
    "rows_by_slide": lambda failing: DynamoLedger(failing, "t").rows_by_slide("h", "c", 10),
    "rows_by_hospital": lambda failing: DynamoLedger(failing, "t").rows_by_hospital("h", 10),
    "put": lambda failing: SqsNotificationQueue(failing, "q").put(NotificationTask(object_id="o", model="m")),
    "publish": lambda failing: SnsPublisher(failing, "t").publish(NOTIFICATION),
    "publish to a patient": lambda failing: SnsPatientPublisher(failing, "t").publish(TO_PATIENT),
    "send": lambda failing: SesMailer(failing, "t", "a", "c", pause=lambda seconds: None).send(MAIL),
}
PASSING = [
    refusal("SlowDown"),
    refusal("InternalError"),
    refusal("ThrottlingException"),
    ConnectTimeoutError(endpoint_url="https://s3.example"),
]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("error", PASSING, ids=lambda error: type(error).__name__ + str(getattr(error, "response", "")))
def test_what_may_pass_is_transient(call: str, error: Exception) -> None:
    with pytest.raises(TransientError, match="expected to"):
        CALLS[call](Failing(error))


@pytest.mark.parametrize(("status", "certain"), [(400, True), (429, True), (500, False), (503, False)])
def test_below_500_nothing_was_done_for_certain(status: int, certain: bool) -> None:
    with pytest.raises(TransientError) as error:
        CALLS["send"](Failing(refusal("Throttling", status)))

    assert isinstance(error.value, RequestRejected) is certain


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("code", ["AccessDenied", "ValidationException", "ResourceNotFoundException"])
def test_what_will_not_pass_stays_what_it_is(call: str, code: str) -> None:
    with pytest.raises(ClientError, match=code):
        CALLS[call](Failing(refusal(code)))
