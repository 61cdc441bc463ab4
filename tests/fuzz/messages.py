"""Messages to damage: the events of ``tests/events``, a due notification and a mail event; as JSON trees and as text."""

import copy
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from hemascope.domain.mail_event import mail_tags
from hemascope.domain.notification import Channel
from tests.fuzz.damage import SEED, Chance

_EVENTS = Path(__file__).parent.parent / "events"
_MODEL = "all-subtypes/1.0.0"
_VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    2**63,
    10**400,
    1e308,
    float("nan"),
    float("inf"),
    "",
    " ",
    "\x00",
    "\ud800",
    "%ED%A0%80",
    "%",
    "%00",
    "+" * 2000,
    "a/" * 600,
    "smears/h/p/c/f.jpg",
    "smears/../../c/f.jpg",
    "smears/h/p/c/" + "x" * 1024,
    "血" * 300,
    [],
    {},
    [[]],
    {"$ref": "#"},
)


@cache
def whole_messages() -> tuple[tuple[str, Any], ...]:
    """What each message is for, and its content."""
    arrivals = [("arrival", json.loads(file.read_text(encoding="utf-8"))) for file in sorted(_EVENTS.glob("*.json"))]
    due = {"object_id": "0123456789abcdef" * 2, "model": _MODEL}
    tags = {name: [text] for name, text in mail_tags("0123456789abcdef" * 2, _MODEL, Channel.CLINICIAN).items()}
    mail = {"tags": tags, "destination": ["duty@example.org"]}
    bounce = {"eventType": "Bounce", "bounce": {"bounceType": "Transient"}, "mail": mail}
    envelope = {"Type": "Notification", "Message": json.dumps(bounce)}
    return (*arrivals, ("notification", due), ("mail event", bounce), ("mail event", envelope))


def damaged_message(number: int) -> tuple[str, str]:
    """What the n-th damaged message is for, and its text; the same ones each time."""
    chance = np.random.default_rng([SEED, 1, number])
    messages = whole_messages()
    kind, content = messages[number % len(messages)]
    content = copy.deepcopy(content)
    for _ in range(int(chance.integers(1, 4))):
        content = _change(content, chance)
    text = json.dumps(content)
    way = int(chance.integers(6))
    if way == 0:
        text = text[: int(chance.integers(0, len(text)))]
    elif way == 1:
        text = _with_other_characters(text, chance)
    elif way == 2 and chance.random() < 0.3:
        depth = int(chance.choice([10, 1_000, 100_000]))
        text = "[" * depth + text + "]" * depth
    return kind, text


def _change(content: Any, chance: Chance) -> Any:
    """Replace, delete, double or rename one place of the tree."""
    places = list(_places(content))
    if not places:
        return _value(chance)
    parent, key = places[int(chance.integers(len(places)))]
    way = int(chance.integers(5))
    if way == 0:
        del parent[key]
    elif way == 1 and isinstance(parent, list):
        parent.extend([copy.deepcopy(parent[key])] * int(chance.choice([1, 30])))
    elif way == 2 and isinstance(parent, dict):
        parent[key.swapcase()] = parent.pop(key)
    elif way == 3 and isinstance(parent[key], str):
        parent[key] = _with_other_characters(parent[key], chance)
    else:
        parent[key] = _value(chance)
    return content


def _value(chance: Chance) -> Any:
    return copy.deepcopy(_VALUES[int(chance.integers(len(_VALUES)))])


def _places(content: Any) -> Any:
    keys = content if isinstance(content, dict) else range(len(content)) if isinstance(content, list) else ()
    for key in keys:
        yield content, key
        yield from _places(content[key])


def _with_other_characters(text: str, chance: Chance) -> str:
    characters = list(text)
    for _ in range(int(chance.integers(1, 6))):
        if characters:
            characters[int(chance.integers(len(characters)))] = chr(
                int(chance.choice([0, 9, 34, 37, 43, 47, 92, 255, 0xD800, 0x1F9A0]))
            )
    return "".join(characters)
