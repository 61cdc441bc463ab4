"""Mails of the local cloud as files."""

from email import message_from_bytes, policy
from pathlib import Path

from hemascope_cli.local.mail_folder import Mail, MailFolder


def mail(number: int, body_html: str | None = "<p>Öffnen</p>") -> Mail:
    return {
        "MessageId": f"m-{number}",
        "Source": "service@hospital.example",
        "To": ["a@hospital.example", "b@hospital.example"],
        "Subject": f"Report {number}",
        "BodyText": "Open <https://portal>",
        "BodyHtml": body_html,
    }


def test_each_mail_is_written_once_for_a_browser_and_for_a_mail_program(tmp_path: Path) -> None:
    sent = [mail(1)]
    folder = MailFolder(tmp_path / "out" / "mails", lambda: sent)

    folder.write_new()
    sent.append(mail(2))
    folder.write_new()
    folder.write_new()

    pages, messages = (sorted((tmp_path / "out" / "mails").glob(f"*.{suffix}")) for suffix in ("html", "eml"))
    assert (len(pages), len(messages)) == (2, 2)
    assert pages[0].read_text(encoding="utf-8") == "<p>Öffnen</p>"
    message = message_from_bytes(messages[1].read_bytes(), policy=policy.default)
    assert (message["From"], message["Subject"]) == ("service@hospital.example", "Report 2")
    assert message["To"] == "a@hospital.example, b@hospital.example"
    body = message.get_body(("html",))
    assert body is not None
    assert body.get_content() == "<p>Öffnen</p>\n"


def test_a_mail_without_html_can_be_opened_in_a_browser_too(tmp_path: Path) -> None:
    MailFolder(tmp_path, lambda: [mail(1, None)]).write_new()

    (page,) = tmp_path.glob("*.html")
    assert page.read_text(encoding="utf-8") == "<pre>Open &lt;https://portal&gt;</pre>"


def test_mails_of_an_earlier_run_stay(tmp_path: Path) -> None:
    (tmp_path / "20000101-000000-0001.html").write_text("earlier")

    MailFolder(tmp_path, lambda: [mail(1)]).write_new()

    assert len(list(tmp_path.glob("*.html"))) == 2
