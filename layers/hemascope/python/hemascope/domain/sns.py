"""SNS's envelope around a message on its way into a queue."""

import json
from typing import Any


def open_message(body: str) -> Any:
    """Read the JSON of a queue message; of a notification of SNS, the JSON of its message.

    Without raw message delivery, SNS puts what was published as text into an envelope; with it, the body is what was published.

    Raises
    ------
    ValueError
        Where the body, or the message in the envelope, is not JSON.
    RecursionError
        Where it is nested too deeply.

    Examples
    --------
    >>> open_message('{"Type": "Notification", "Message": "[7]"}'), open_message("[7]")
    ([7], [7])
    """
    content = json.loads(body)
    if isinstance(content, dict) and content.get("Type") == "Notification":
        message = content.get("Message")
        if not isinstance(message, str):
            raise ValueError("expected a text as the message of an SNS notification")
        return json.loads(message)
    return content
