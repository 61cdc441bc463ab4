"""The mails to people of a hospital, one template a kind: calm, and by default nothing in them but a link."""

from typing import NamedTuple

from hemascope.domain.notification import MailKind

_CLOSING = "Hemascope is decision support, not a diagnosis."
_BARE = "This mail holds no name and no result on purpose."
_SIGN_IN = "You will be asked to sign in."


class _Words(NamedTuple):
    subject: str
    lines: tuple[str, ...]  # the first one is large
    button: str
    closing: str


_WORDS = {
    MailKind.NOTIFICATION: _Words(
        "Hemascope: a smear is done", ("{{state_sentence}}",), "Open it in the portal", f"{_CLOSING} {_BARE}"
    ),
    MailKind.SUMMARY: _Words(
        "Hemascope: a smear is done",
        ("{{state_sentence}}", "Answer: {{answer}}", "{{probabilities}}"),
        "Open it in the portal",
        f"{_CLOSING} The answer must be confirmed by further tests. Your hospital has set that its mails hold results.",
    ),
    MailKind.REJECTED: _Words(
        "Hemascope: a smear could not be judged",
        ("A smear could not be judged.", "Reason: {{reason}}.", "{{advice}}"),
        "See which one in the portal",
        f"{_CLOSING} This mail holds no name on purpose.",
    ),
    MailKind.REMINDER: _Words(
        "Hemascope: a smear waits to be seen",
        (
            "A smear that should be looked at without delay has not been acknowledged for {{minutes}} minutes.",
            "Please open it and acknowledge that you have seen it, or make sure that somebody does.",
        ),
        "Open it in the portal",
        f"{_CLOSING} {_BARE}",
    ),
}


class MailTemplate(NamedTuple):
    """What SES fills: ``{{...}}`` are the places."""

    subject: str
    text: str
    html: str


def mail_template(kind: MailKind) -> MailTemplate:
    """The template of a kind of mail, as text and as HTML of the same words."""
    words = _WORDS[kind]
    text = "\n\n".join([*words.lines, f"{words.button} ({_SIGN_IN.lower().rstrip('.')}):\n{{{{link}}}}", words.closing]) + "\n"
    first, *others = words.lines
    html = _HTML.format(
        first=first,
        others="".join(f'<p style="margin:0 0 16px;font-size:15px;line-height:1.5">{line}</p>\n' for line in others),
        button=words.button,
        closing=f"{_SIGN_IN} {words.closing}",
    )
    return MailTemplate(words.subject, text, html)


_HTML = """<!doctype html>
<html lang="en">
<head><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light"></head>
<body style="margin:0;padding:24px;background:#f3f1f8;font-family:Helvetica,Arial,sans-serif;color:#1f1b2e">
<table role="presentation" align="center" width="100%" style="max-width:520px;background:#ffffff;border-radius:8px">
<tr><td style="padding:28px">
<p style="margin:0 0 16px;font-size:14px;color:#6a3fb5;font-weight:bold">Hemascope</p>
<p style="margin:0 0 20px;font-size:18px;line-height:1.4">{first}</p>
{others}<p style="margin:8px 0 24px"><a href="{{{{link}}}}"
 style="display:inline-block;padding:12px 20px;background:#6a3fb5;color:#ffffff;text-decoration:none;border-radius:6px">
{button}</a></p>
<p style="margin:0;font-size:13px;line-height:1.5;color:#5b5570">{closing}</p>
</td></tr></table>
</body>
</html>
"""
