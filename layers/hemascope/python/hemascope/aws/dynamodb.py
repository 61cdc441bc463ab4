"""Items and expressions of DynamoDB for a plain client, made by boto3's own serializers and condition builder."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from boto3.dynamodb.conditions import ConditionBase, ConditionExpressionBuilder
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

Item = dict[str, Any]  # attribute name -> value with its type, as in {"number": {"N": "1"}}
_serializer, _deserializer = TypeSerializer(), TypeDeserializer()


def to_item(fields: Mapping[str, Any]) -> Item:
    """Serialize attributes.

    Parameters
    ----------
    fields
        Attribute name -> text, number, bool or a map of such. DynamoDB has no binary floats: a float is stored by its decimal
        digits.

    Examples
    --------
    >>> to_item({"hospital": "st-mary", "number": 1, "score": 0.25})
    {'hospital': {'S': 'st-mary'}, 'number': {'N': '1'}, 'score': {'N': '0.25'}}
    """
    return {name: _serializer.serialize(_exact(value)) for name, value in fields.items()}


def _exact(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _exact(part) for name, part in value.items()}
    return Decimal(str(value)) if isinstance(value, float) else value


def from_item(item: Item) -> dict[str, Any]:
    """Deserialize attributes; numbers become :class:`~decimal.Decimal`.

    Examples
    --------
    >>> from_item({"hospital": {"S": "st-mary"}, "number": {"N": "1"}})
    {'hospital': 'st-mary', 'number': Decimal('1')}
    """
    return {name: _deserializer.deserialize(value) for name, value in item.items()}


def expressions(
    *,
    key: ConditionBase | None = None,
    where: ConditionBase | None = None,
    condition: ConditionBase | None = None,
    assign: Mapping[str, Any] | None = None,
    assign_once: Mapping[str, Any] | None = None,
    remove: Iterable[str] = (),
) -> dict[str, Any]:
    """Build the expression arguments of a client's call.

    Parameters
    ----------
    key, where, condition
        Key condition of a query, filter of a query or scan, condition of a write.
    assign, assign_once
        Attributes that an update sets: always, or only where the item has none of that name.
    remove
        Attributes that an update removes.

    Examples
    --------
    >>> from boto3.dynamodb.conditions import Attr
    >>> arguments = expressions(condition=Attr("object_id").exists(), assign={"notification": "sent"})
    >>> arguments["ConditionExpression"], arguments["UpdateExpression"]
    ('attribute_exists(#n0)', 'SET #u0 = :u0')
    """
    builder, names, values = ConditionExpressionBuilder(), dict[str, str](), dict[str, Any]()
    arguments: dict[str, Any] = {}
    for argument, given in (("KeyConditionExpression", key), ("FilterExpression", where), ("ConditionExpression", condition)):
        if given is not None:
            built = builder.build_expression(given, is_key_condition=given is key)
            arguments[argument] = built.condition_expression
            names |= built.attribute_name_placeholders
            values |= built.attribute_value_placeholders
    sets: list[str] = []
    for attributes, form in ((assign, "#u{0} = :u{0}"), (assign_once, "#u{0} = if_not_exists(#u{0}, :u{0})")):
        for name, value in (attributes or {}).items():
            number = len(sets)
            sets.append(form.format(number))
            names[f"#u{number}"], values[f":u{number}"] = name, value
    removed = {f"#r{number}": name for number, name in enumerate(remove)}
    changes = [f"{verb} {', '.join(parts)}" for verb, parts in (("SET", sets), ("REMOVE", list(removed))) if parts]
    named = {
        "UpdateExpression": " ".join(changes),
        "ExpressionAttributeNames": names | removed,
        "ExpressionAttributeValues": to_item(values),
    }
    return arguments | {argument: given for argument, given in named.items() if given}
