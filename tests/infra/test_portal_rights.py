"""What the portal's function reaches, place by place and attribute by attribute, and what nobody may do to the audit trail."""

from typing import Any

import pytest

from tests.infra.reading import Resources, actions_of, named, of_type, plain

pytestmark = pytest.mark.synth


def places_of(statement: dict[str, Any]) -> list[Any]:
    places = statement["Resource"]
    return places if isinstance(places, list) else [places]


def granted(resources: Resources) -> list[tuple[list[str], list[str], dict[str, Any]]]:
    """Actions, resources and conditions of what the portal's function may do."""
    function = named(resources, "AWS::Lambda::Function", "FunctionName", "hemascope-dev-portal-api")
    statements = [
        statement
        for policy in of_type(resources, "AWS::IAM::Policy").values()
        if policy["Properties"]["Roles"] == [{"Ref": function["Role"]["Fn::GetAtt"][0]}]
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]
    return [
        (
            actions_of(statement),
            [str(plain(place)) for place in places_of(statement)],
            statement.get("Condition", {}),
        )
        for statement in statements
    ]


def test_the_function_reaches_these_prefixes_tables_and_indexes_and_no_other(resources: Resources) -> None:
    reached = {tuple(actions): places for actions, places, _ in granted(resources)}

    assert reached["s3:PutObject",] == ["${Ingest.Uploads.Arn}/smears/*", "${Screening.Reports.Arn}/verdicts/*"]
    assert reached["s3:GetObject",] == [
        f"${{Screening.Reports.Arn}}/{prefix}/*" for prefix in ("microscopes", "reports", "summaries", "verdicts")
    ]
    assert reached["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"] == [
        "${Audit.Arn}",
        "${Screening.Microscopes.Arn}",
    ]
    assert reached["dynamodb:Query",] == [
        "${Screening.Ledger.Arn}",
        *(f"${{Screening.Ledger.Arn}}/index/by-{name}" for name in ("hospital", "microscope", "patient", "slide")),
    ]


def test_of_a_ledger_row_the_function_changes_the_review_and_nothing_else(resources: Resources) -> None:
    (changing,) = [grant for grant in granted(resources) if "dynamodb:UpdateItem" in grant[0]]

    assert changing == (
        ["dynamodb:UpdateItem"],
        ["${Screening.Ledger.Arn}"],
        {
            "ForAllValues:StringEquals": {
                "dynamodb:Attributes": [
                    "object_id",
                    "model",
                    "verdicts",
                    "released_verdict_number",
                    "release",
                    "released_at",
                    "acknowledged_at",
                ]
            }
        },
    )


def test_the_function_adds_entries_to_the_audit_trail_and_reads_them(resources: Resources) -> None:
    on_the_trail = [actions for actions, places, _ in granted(resources) if any("Audit" in place for place in places)]

    assert on_the_trail == [["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"]]


def test_the_audit_table_lets_nobody_change_an_entry(resources: Resources) -> None:
    table = named(resources, "AWS::DynamoDB::Table", "TableName", "hemascope-dev-audit")
    (denial,) = table["ResourcePolicy"]["PolicyDocument"]["Statement"]

    assert [(key["AttributeName"], key["KeyType"]) for key in table["KeySchema"]] == [("hospital", "HASH"), ("number", "RANGE")]
    assert (denial["Effect"], denial["Principal"], "Condition" in denial) == ("Deny", {"AWS": "*"}, False)
    assert actions_of(denial) == [
        f"dynamodb:{action}"
        for action in ("BatchWriteItem", "DeleteItem", "PartiQLDelete", "PartiQLInsert", "PartiQLUpdate", "UpdateItem")
    ]


def test_the_function_calls_this_user_pool_and_changes_no_account(resources: Resources) -> None:
    ((actions, places, _),) = [grant for grant in granted(resources) if "cognito-idp:AdminGetUser" in grant[0]]

    assert places == ["${AccountsUsers.Arn}"]
    assert not [name for name in actions if any(verb in name for verb in ("Update", "Set", "RemoveUser", "Enable", "Reset"))]
