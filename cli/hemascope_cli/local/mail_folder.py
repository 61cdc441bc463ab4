"""Writes the mails that the local cloud sends into a folder where they can be opened."""

import html
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from http.client import HTTPException
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

Mail = dict[str, Any]


class MailFolder:
    """A context manager: inside it each mail becomes two files, ``.html`` for a browser and ``.eml`` for a mail program.

    Parameters
    ----------
    folder
        Created where it doesn't exist; what is in it stays.
    mails
        Gives every mail that was sent so far: ``MessageId``, ``Source``, ``To``, ``Subject``, ``BodyText``, ``BodyHtml``.
    poll
        Seconds between two questions.

    Raises
    ------
    OSError
        Where the folder can't be created.
    """

    def __init__(self, folder: Path, mails: Callable[[], list[Mail]], poll: float = 1.0) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._mails, self._poll = folder, mails, poll
        self._begin = f"{datetime.now(UTC):%Y%m%d-%H%M%S}"  # keeps the files of two runs apart
        self._written: set[str] = set()
        self._stop = Event()
        self._thread = Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()

    def write_new(self) -> None:
        """Write the mails that were sent since the last call."""
        for mail in self._mails():
            if mail["MessageId"] not in self._written:
                base = self._folder / f"{self._begin}-{len(self._written) + 1:04}"
                base.with_suffix(".html").write_text(
                    mail["BodyHtml"] or f"<pre>{html.escape(mail['BodyText'])}</pre>", encoding="utf-8"
                )
                base.with_suffix(".eml").write_bytes(_message(mail).as_bytes())
                self._written.add(mail["MessageId"])

    def _run(self) -> None:
        while not self._stop.wait(self._poll):
            try:
                self.write_new()
            except (OSError, HTTPException):  # the cloud is busy, or the disk full: the next round tries again
                continue


def _message(mail: Mail) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = mail["Source"], ", ".join(mail["To"]), mail["Subject"]
    message.set_content(mail["BodyText"])
    if mail["BodyHtml"]:
        message.add_alternative(mail["BodyHtml"], subtype="html")
    return message
