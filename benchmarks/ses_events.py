"""What SES tells of each mail by its configuration set, and the emulator does not: that it was sent."""

import json
import re
import threading
from types import TracebackType

from hemascope.adapters.local import LocalCloud
from hemascope.contracts.mail_event import MailFate, mail_tags
from hemascope.contracts.notice import Channel

_OBJECT_ID = re.compile(r"[0-9a-f]{32}")
_SECONDS = 1.0  # SES takes about as long


class SendEvents:
    """A context manager that says of every mail to a clinician that it was sent, soon after it was."""

    def __init__(self, cloud: LocalCloud, model: str) -> None:
        self._cloud, self._model, self._known = cloud, model, 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "SendEvents":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        sns = self._cloud.client("sns")
        (topic,) = [one["TopicArn"] for one in sns.list_topics()["Topics"] if one["TopicArn"].endswith("mail-events")]
        while not self._over.wait(_SECONDS):
            mails = self._cloud.mails()
            for mail in mails[self._known :]:
                about = _OBJECT_ID.search(mail["BodyText"])
                assert about is not None
                tags = mail_tags(about.group(), self._model, Channel.CLINICIAN)
                event = {"eventType": MailFate.SEND, "mail": {"tags": {name: [text] for name, text in tags.items()}}}
                sns.publish(TopicArn=topic, Message=json.dumps(event))
            self._known = len(mails)
