"""Adds to the local cloud's SES what it lacks: the event that a mail was sent."""

from datetime import UTC, datetime
from typing import Any

from ministack.services import ses, ses_v2

_SEND = "SEND"


def sent_event(request: dict[str, Any]) -> dict[str, Any]:
    """The event that SES publishes for a mail that it accepted, with the fields that our listeners read."""
    tags, number = dict[str, list[str]](), 1
    while name := ses._p(request, f"Tags.member.{number}.Name"):
        tags[name] = [ses._p(request, f"Tags.member.{number}.Value")]
        number += 1
    mail = {"timestamp": datetime.now(UTC).isoformat(), "source": ses._p(request, "Source"), "tags": tags}
    return {"eventType": "Send", "mail": mail, "send": {}}


def publish_sent_events() -> None:
    """Make the local SES publish an event for each mail to the SNS topics of the mail's configuration set."""
    send = ses._send_templated_email

    def send_and_publish(request: dict[str, Any]) -> Any:
        answer = send(request)
        if answer[0] == 200:
            configuration = ses_v2._config_sets.get(ses._p(request, "ConfigurationSetName")) or {}
            for destination in (configuration.get("EventDestinations") or {}).values():
                if _SEND in destination["MatchingEventTypes"] and destination.get("SnsDestination"):
                    ses._publish_notification(destination["SnsDestination"]["TopicArn"], sent_event(request))
        return answer

    ses._send_templated_email = send_and_publish
