import json

import pytest

from hemascope.domain.errors import InvalidEvent
from hemascope.domain.mail_event import MailEvent, MailFate, mail_tags, parse_mail_event

SES = {
    "eventType": "Bounce",
    "bounce": {"bounceType": "Permanent", "bouncedRecipients": [{"emailAddress": "duty@hospital.example"}]},
    "mail": {
        "timestamp": "2026-03-01T08:30:00.000Z",
        "destination": ["duty@hospital.example"],
        "tags": {
            "object_id": ["0f" * 16],
            "model": ["all-subtypes"],
            "version": ["1-0-0"],
            "channel": ["clinician"],
            "ses:configuration-set": ["hemascope-dev-mails"],
        },
    },
}


def test_tags_hold_what_ses_allows_and_lead_back_to_the_row() -> None:
    tags = mail_tags("0f" * 16, "all-subtypes/1.12.0@7", "clinician-2")

    event = {"eventType": "Bounce", "mail": {"tags": {name: [text] for name, text in tags.items()}}}
    assert tags == {"object_id": "0f" * 16, "model": "all-subtypes", "version": "1-12-0_7", "channel": "clinician-2"}
    read = parse_mail_event(json.dumps(event))
    assert (read.model, read.channel) == ("all-subtypes/1.12.0@7", "clinician-2")


@pytest.mark.parametrize(
    ("kind", "fate"),
    [
        ("Send", MailFate.SEND),
        ("Delivery", MailFate.SEND),
        ("DeliveryDelay", MailFate.SEND),
        ("Bounce", MailFate.BOUNCE),
        ("Complaint", MailFate.COMPLAINT),
        ("Reject", MailFate.REJECT),
        ("Rendering Failure", MailFate.RENDERING_FAILURE),
    ],
)
def test_an_event_names_the_notification_and_no_address(kind: str, fate: MailFate) -> None:
    event = parse_mail_event(json.dumps({**SES, "eventType": kind}))

    assert event == MailEvent(fate=fate, object_id="0f" * 16, model="all-subtypes/1.0.0", channel="clinician")
    assert "hospital.example" not in event.model_dump_json()


@pytest.mark.parametrize(
    ("bounce", "fate"),
    [
        ({"bounceType": "Permanent", "bounceSubType": "General"}, MailFate.BOUNCE),
        ({"bounceType": "Permanent", "bounceSubType": "OnAccountSuppressionList"}, MailFate.BOUNCE),
        ({"bounceType": "Transient", "bounceSubType": "General"}, MailFate.SOFT_BOUNCE),  # an out-of-office reply
        ({"bounceType": "Transient", "bounceSubType": "MailboxFull"}, MailFate.SOFT_BOUNCE),
        ({"bounceType": "Transient", "bounceSubType": "ContentRejected"}, MailFate.SOFT_BOUNCE),
        ({"bounceType": "Undetermined", "bounceSubType": "Undetermined"}, MailFate.SOFT_BOUNCE),
        ({"bounceType": "Unheard-of"}, MailFate.BOUNCE),
        ({"bounceType": None}, MailFate.BOUNCE),
        ({}, MailFate.BOUNCE),
    ],
)
def test_only_a_bounce_that_may_pass_is_a_soft_one(bounce: dict[str, str | None], fate: MailFate) -> None:
    event = parse_mail_event(json.dumps({**SES, "bounce": bounce}))

    assert event.fate is fate


def test_the_type_of_a_bounce_says_nothing_about_another_event() -> None:
    event = parse_mail_event(json.dumps({**SES, "eventType": "Complaint", "bounce": {"bounceType": "Transient"}}))

    assert event.fate is MailFate.COMPLAINT


def test_the_envelope_of_sns_is_opened() -> None:
    body = json.dumps({"Type": "Notification", "TopicArn": "arn:aws:sns:eu-central-1:1:t", "Message": json.dumps(SES)})

    assert parse_mail_event(body).object_id == "0f" * 16


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        '{"Type": "Notification"}',
        '{"Type": "Notification", "Message": 7}',
        json.dumps({**SES, "eventType": "Notification"}),
        json.dumps({**SES, "eventType": "Soft Bounce"}),
        json.dumps({**SES, "bounce": ["Transient"]}),
        json.dumps({**SES, "mail": {"destination": ["duty@hospital.example"]}}),
        json.dumps({**SES, "mail": {"tags": {**SES["mail"]["tags"], "object_id": ["\ud800"]}}}),
        json.dumps({**SES, "mail": {"tags": {**SES["mail"]["tags"], "channel": []}}}),
    ],
)
def test_another_message_is_refused_without_repeating_it(body: str) -> None:
    with pytest.raises(InvalidEvent, match="another message") as error:
        parse_mail_event(body)

    assert "duty" not in str(error.value)
