"""What the embedded cloud's SES lacks: the event that a mail was sent."""

from datetime import UTC, datetime
from typing import Any

from ministack.services import ses, ses_v2

_SENT = "SEND"


def sent_event(request: dict[str, Any]) -> dict[str, Any]:
    """What SES tells of a mail that it has taken, as far as its configuration set's listeners need it."""
    tags, number = dict[str, list[str]](), 1
    while name := ses._p(request, f"Tags.member.{number}.Name"):
        tags[name] = [ses._p(request, f"Tags.member.{number}.Value")]
        number += 1
    mail = {"timestamp": datetime.now(UTC).isoformat(), "source": ses._p(request, "Source"), "tags": tags}
    return {"eventType": "Send", "mail": mail, "send": {}}


def teach() -> None:
    """Have the emulator's SES tell of each mail whom the mail's configuration set names."""
    send = ses._send_templated_email

    def send_and_tell(request: dict[str, Any]) -> Any:
        answer = send(request)
        if answer[0] == 200:
            configuration = ses_v2._config_sets.get(ses._p(request, "ConfigurationSetName")) or {}
            for destination in (configuration.get("EventDestinations") or {}).values():
                if _SENT in destination["MatchingEventTypes"] and destination.get("SnsDestination"):
                    ses._publish_notification(destination["SnsDestination"]["TopicArn"], sent_event(request))
        return answer

    ses._send_templated_email = send_and_tell
