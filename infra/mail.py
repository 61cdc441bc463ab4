"""SES templates of the mails to hospital staff, one for each kind. By default a mail contains a link and no result."""

from typing import NamedTuple

from hemascope.domain.notification import MailKind

_CLOSING = "Hemascope is decision support, not a diagnosis."
_BARE = "For privacy, this mail contains no names and no results."
_SIGN_IN = "You will be asked to sign in."


class _Words(NamedTuple):
    subject: str
    lines: tuple[str, ...]  # the first line is set in large type
    button: str
    closing: str


_WORDS = {
    MailKind.NOTIFICATION: _Words(
        "Hemascope: a smear has been processed", ("{{state_sentence}}",), "Open in the portal", f"{_CLOSING} {_BARE}"
    ),
    MailKind.SUMMARY: _Words(
        "Hemascope: a smear has been processed",
        ("{{state_sentence}}", "Result: {{answer}}", "{{probabilities}}"),
        "Open in the portal",
        f"{_CLOSING} Confirm any result by further tests. Mails contain results because of your hospital's settings.",
    ),
    MailKind.REJECTED: _Words(
        "Hemascope: a smear was rejected",
        ("A smear could not be analyzed.", "Reason: {{reason}}.", "{{advice}}"),
        "Open in the portal",
        f"{_CLOSING} For privacy, this mail contains no names.",
    ),
    MailKind.REMINDER: _Words(
        "Hemascope: an urgent report has not been acknowledged",
        (
            "An urgent report has not been acknowledged for {{minutes}} minutes.",
            "Please open and acknowledge it, or make sure that a colleague does.",
        ),
        "Open in the portal",
        f"{_CLOSING} {_BARE}",
    ),
    MailKind.DRIFT: _Words(
        "Hemascope: a microscope has changed",
        (
            "{{headline}}",
            "{{changes}}",
            "Check lamp, exposure, white balance, focus and stain. If the change is to stay, commission the microscope again.",
        ),
        "Open in the portal",
        f"{_CLOSING} For privacy, this mail contains no results and nothing about patients.",
    ),
}


class MailTemplate(NamedTuple):
    """Subject and bodies of an SES template; SES replaces each ``{{name}}``."""

    subject: str
    text: str
    html: str


def mail_template(kind: MailKind) -> MailTemplate:
    """Return the template of a kind of mail; text and HTML body have the same wording."""
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
