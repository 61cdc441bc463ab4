"""What the function for jobs about microscopes reaches, place by place, and that it shares the screening function's image."""

import json
from pathlib import Path

import pytest

from tests.infra.reading import Resources, actions_of, named, of_type, plain

pytestmark = pytest.mark.synth

JOBS, SCREENING = "hemascope-dev-microscope-jobs", "hemascope-dev-screen-smear"
PLACES = {
    ("s3:GetObject", "s3:GetObjectVersion"): ["${Ingest.Uploads.Arn}/smears/*"],
    ("s3:GetObject",): ["${Reports.Arn}/microscopes/*"],
    ("s3:PutObject",): ["${Reports.Arn}/microscopes/*", "${Reports.Arn}/reports/*/commissioning/*"],
    ("dynamodb:GetItem",): ["${Ledger.Arn}"],
    ("dynamodb:Query",): ["${Ledger.Arn}/index/by-microscope"],
    ("dynamodb:GetItem", "dynamodb:PutItem"): ["${Microscopes.Arn}"],
    ("sqs:SendMessage",): ["${MicroscopeJobsQueue.Arn}", "${Ingest.ArrivalsQueue.Arn}"],
}


def grants(resources: Resources, function: str) -> dict[tuple[str, ...], list[str]]:
    role = named(resources, "AWS::Lambda::Function", "FunctionName", function)["Role"]["Fn::GetAtt"][0]
    statements = [
        statement
        for policy in of_type(resources, "AWS::IAM::Policy").values()
        if policy["Properties"]["Roles"] == [{"Ref": role}]
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]
    found = {}
    for statement in statements:
        places = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
        found[tuple(actions_of(statement))] = [str(plain(place)) for place in places]
    return found


def test_the_function_reaches_these_places_and_no_others(resources: Resources) -> None:
    reached = grants(resources, JOBS)

    assert {actions: places for actions, places in reached.items() if actions in PLACES} == PLACES
    assert {action for actions in reached if actions not in PLACES for action in actions} == {
        "kms:Decrypt",
        "kms:GenerateDataKey",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "sqs:ChangeMessageVisibility",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:GetQueueUrl",
        "sqs:ReceiveMessage",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    }


def test_nobody_else_may_write_what_opens_a_microscope(resources: Resources) -> None:
    writers = {
        tuple(policy["Properties"]["Roles"][0].values())
        for policy in of_type(resources, "AWS::IAM::Policy").values()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if {"s3:PutObject", "s3:DeleteObject"} & set(actions_of(statement))
        and any(word in json.dumps(statement["Resource"]) for word in ("/microscopes/", '"/*"'))
    }

    assert [role for (role,) in writers if not role.startswith("MicroscopeJobsRole")] == []
    assert len(writers) == 1


def test_it_runs_the_screening_functions_image_with_another_handler(resources: Resources) -> None:
    jobs, screening = (named(resources, "AWS::Lambda::Function", "FunctionName", name) for name in (JOBS, SCREENING))

    assert jobs["Code"] == screening["Code"]
    assert (jobs["ImageConfig"], "ImageConfig" in screening) == ({"Command": ["microscope_jobs.handler"]}, False)
    assert (jobs["Timeout"], jobs["MemorySize"]) == (900, 3538)


def test_one_job_is_taken_at_a_time_and_two_at_most_run(resources: Resources) -> None:
    (mapping,) = [
        mapping["Properties"]
        for mapping in of_type(resources, "AWS::Lambda::EventSourceMapping").values()
        if "MicroscopeJobsFunction" in json.dumps(mapping["Properties"]["FunctionName"])
    ]

    assert (mapping["BatchSize"], mapping["ScalingConfig"]) == (1, {"MaximumConcurrency": 2})


def test_the_image_imports_both_handlers_when_it_is_built(root: Path) -> None:
    dockerfile = (root / "lambdas" / "screen_smear" / "Dockerfile").read_text(encoding="utf-8")

    assert "COPY lambdas/microscope_jobs/handler.py ${LAMBDA_TASK_ROOT}/microscope_jobs.py" in dockerfile
    assert '"import handler, microscope_jobs"' in dockerfile
