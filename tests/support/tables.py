"""The deployment's tables, made from the committed templates: keys and indexes are those that AWS would get."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from hemascope_cli.local.templates import of_type, read_templates

NewTable = Callable[[str], tuple[Any, str]]  # makes an empty table of a kind; a client, and the table's name
_ROOT = Path(__file__).parents[2]
_MADE_FROM = ("KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes", "BillingMode")


@cache
def _templates() -> dict[str, dict[str, Any]]:
    """Table's name without service and stage -> its properties."""
    tables = of_type(read_templates(_ROOT), "AWS::DynamoDB::Table")
    return {str(table["TableName"]).rsplit("-", 1)[1]: table for table in tables}


def create_table(dynamodb: Any, kind: str, name: str | None = None) -> str:
    """Create the table of a kind (``ledger``, ``audit``, ``hospitals`` or ``microscopes``); return its name."""
    properties = _templates()[kind]
    made_from = {part: properties[part] for part in _MADE_FROM if part in properties}
    dynamodb.create_table(TableName=name or kind, **made_from)
    return name or kind
