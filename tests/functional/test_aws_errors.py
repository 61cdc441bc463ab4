"""What becomes of a service's errors in each call of the adapters."""

from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from hemascope.adapters.aws import DynamoLedger, S3Store, SesMailer, SnsPublisher, SqsNotices, upload
from hemascope.adapters.aws_queries import DynamoReader
from hemascope.contracts.errors import TransientError
from hemascope.contracts.notice import DueNotice, Notice
from hemascope.contracts.report import State
from hemascope.contracts.specimen import Specimen
from hemascope.ports import NoticeState
from tests.fakes import START
from tests.rows import row

SPECIMEN = Specimen(hospital="h", patient="p", case="c", file="f.jpg")
NOTICE = Notice(object_id="0f", model="m/1.0.0", hospital="h", state=State.REPORTED, urgent=True, link="https://p.example/0f")


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


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "Operation")


CALLS = {
    "read": lambda failing: S3Store(failing).read(row().object, 10),
    "write_once": lambda failing: S3Store(failing, "b").write_once("k", b"", "text/plain"),
    "upload": lambda failing: upload(failing, "b", SPECIMEN, b"x"),
    "find": lambda failing: DynamoLedger(failing, "t").find("o", "m"),
    "was_urgent": lambda failing: DynamoLedger(failing, "t").was_urgent("o"),
    "finish": lambda failing: DynamoLedger(failing, "t").finish(row()),
    "claim_notice": lambda failing: DynamoLedger(failing, "t").claim_notice("o", "m", START, START),
    "set_notice": lambda failing: DynamoLedger(failing, "t").set_notice("o", "m", NoticeState.SENT),
    "rows_of": lambda failing: DynamoReader(failing, "t").rows_of("o"),
    "rows_by_case": lambda failing: DynamoReader(failing, "t").rows_by_case("h", "c", 10),
    "rows_by_hospital": lambda failing: DynamoReader(failing, "t").rows_by_hospital("h", 10),
    "put": lambda failing: SqsNotices(failing, "q").put(DueNotice(object_id="o", model="m")),
    "publish": lambda failing: SnsPublisher(failing, "t").publish(NOTICE),
    "send": lambda failing: SesMailer(failing, "t", "a", "b", "c").send(NOTICE),
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


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("code", ["AccessDenied", "ValidationException", "ResourceNotFoundException"])
def test_what_will_not_pass_stays_what_it_is(call: str, code: str) -> None:
    with pytest.raises(ClientError, match=code):
        CALLS[call](Failing(refusal(code)))
