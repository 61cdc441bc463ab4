"""The sums of the cost table: what is measured comes from the benchmark, what becomes of it is held here."""

import json
from pathlib import Path

import pytest

from benchmarks.cost import billed_ms, lambda_usd, other_services_usd, standing_usd

WORK = {1: 100.0, 2: 60.0}
MEASURED = {
    "log_bytes": 1100,
    "screening_calls": {"find": 1, "read": 1, "write_once": 4, "finish": 1, "put": 1},
    "notification_calls": {"find": 1, "claim_channel": 1, "publish": 1, "send": 1, "set_notification": 1},
}


@pytest.mark.parametrize(
    ("memory", "calls", "milliseconds"), [(1769, 0, 100), (3538, 0, 60), (1769, 8, 260), (884.5, 0, 200), (884.5, 8, 360)]
)
def test_time_grows_where_memory_is_less_than_a_processor_and_waiting_does_not(
    memory: float, calls: int, milliseconds: float
) -> None:
    assert billed_ms(WORK, calls, memory) == pytest.approx(milliseconds)


@pytest.mark.parametrize(("architecture", "usd"), [("x86_64", 0.0168667), ("arm64", 0.0135334)])
def test_a_thousand_calls_of_a_gigabyte_second(architecture: str, usd: float) -> None:
    assert lambda_usd(1000, 1024, architecture) == pytest.approx(usd)


def test_every_call_of_a_smear_has_a_price() -> None:
    usd = other_services_usd(MEASURED)

    assert usd == pytest.approx(
        {
            "S3, upload": 0.005,
            "S3, reports": 0.0204,  # four writes, one read
            "SQS": 0.0024,  # six requests
            "DynamoDB": 0.009625,  # two reads; three writes, each with its four indexes
            "SNS": 0.0005,
            "SES": 0.1,
            "KMS": 0.03,
            "logs": 0.0015,
            "traces": 0.01,
            "notification function": 0.0006167,
        },
        rel=1e-3,
    )


def test_a_call_without_a_price_is_no_free_call() -> None:
    with pytest.raises(KeyError, match="is_new"):
        other_services_usd({**MEASURED, "notification_calls": {"is_new": 1}})


def test_an_alarm_on_a_share_costs_as_much_as_its_metrics(tmp_path: Path) -> None:
    alarms = [{"MetricName": "Errors"}, {"Metrics": [{"Expression": "a / b"}, {"MetricStat": {}}, {"MetricStat": {}}]}]
    resources = {str(number): {"Type": "AWS::CloudWatch::Alarm", "Properties": alarm} for number, alarm in enumerate(alarms)}
    (tmp_path / "template.json").write_text(json.dumps({"Resources": resources}))

    usd = standing_usd(tmp_path)

    assert usd["2 alarms on 3 metrics, 0 on alarms"] == pytest.approx(0.3)
