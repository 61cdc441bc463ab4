"""Contents of notifications: which mail goes to whom and what it says. By default a mail contains a link and no result."""

from dataclasses import dataclass

from hemascope.domain.drift import DriftNotice
from hemascope.domain.hospital import HospitalSettings
from hemascope.domain.ledger import LedgerRow
from hemascope.domain.notification import Channel, Mail, MailKind, Notification
from hemascope.domain.picture_file import MAXIMUM_BYTES
from hemascope.domain.report import Decision, Report, State
from hemascope.domain.specimen import ObjectVersion
from hemascope.ports import ObjectStore

_STATE = {
    State.REPORTED: "A smear has been analyzed and its report is ready.",
    State.REJECTED: "A smear could not be analyzed. The portal shows the reason and the remedy.",
    State.FAILED: "A smear could not be processed: internal error. The picture is stored, and the operator has been alerted.",
}
_URGENT = "The report is urgent. Please open and acknowledge it without delay."
_ANSWER = {
    Decision.CONFIDENT: "{label} pattern, confident",
    Decision.INDETERMINATE: "indeterminate: several classes are possible",
    Decision.OUT_OF_DISTRIBUTION: "no result: the picture is outside the range of the model",
    Decision.POOR_QUALITY: "no result: the quality of the picture is too low",
    Decision.UNVERIFIED: "no result, read by eye: this microscope is not verified",
}
_DRIFT = {
    False: (
        Channel.DRIFT,
        "The microscope {microscope} photographs differently than when it was commissioned. It still gives answers.",
    ),
    True: (Channel.SUSPENSION, "The microscope {microscope} has changed so much that it was suspended. It gives no answers."),
}
_PATIENT = "A new result of your blood test is ready. Sign in here to read it: {link}"
_CALL = " Questions? Call {telephone}."


@dataclass(frozen=True)
class NotificationComposer:
    """Writes the mails and messages of a deployment; reads reports where a hospital wants results or reasons in its mails."""

    reports: ObjectStore
    bucket: str

    def first(self, notification: Notification, row: LedgerRow, settings: HospitalSettings) -> Mail:
        """Mail to the first clinician, who is notified of every smear."""
        words, kind = {"state_sentence": self._sentence(notification)}, MailKind.NOTIFICATION
        if settings.mail_detail == "summary" and row.state is State.REPORTED:
            words, kind = words | self._summary(row), MailKind.SUMMARY
        return Mail(
            notification=notification, channel=Channel.CLINICIAN, kind=kind, recipients=settings.recipients[:1], words=words
        )

    def reminder(self, notification: Notification, step: int, settings: HospitalSettings) -> Mail:
        """Mail to the next clinician about an urgent smear; a link without a result."""
        return Mail(
            notification=notification,
            channel=f"{Channel.CLINICIAN}-{step}",
            kind=MailKind.REMINDER,
            recipients=settings.recipients[step : step + 1],
            words={"minutes": str(step * settings.escalate_after_minutes)},
        )

    def rejection(self, notification: Notification, row: LedgerRow, settings: HospitalSettings) -> Mail:
        """Mail to the laboratory: reason and advice, which are our own texts and repeat nothing that a sender wrote."""
        report = self._report(row)
        rejection = report.rejection if report else None
        words = {
            "reason": rejection.reason.replace("_", " ") if rejection else "not stated",
            "advice": rejection.advice if rejection else "The portal shows the remedy.",
        }
        return Mail(
            notification=notification,
            channel=Channel.LABORATORY,
            kind=MailKind.REJECTED,
            recipients=settings.laboratory,
            words=words,
        )

    def drift(self, notification: Notification, notice: DriftNotice, settings: HospitalSettings) -> Mail:
        """Mail to the administrators about a microscope: what has changed and since when, our own words without a result."""
        channel, headline = _DRIFT[notice.suspended]
        return Mail(
            notification=notification,
            channel=channel,
            kind=MailKind.DRIFT,
            recipients=settings.administrators or settings.recipients[:1],
            words={"headline": headline.format(microscope=notice.microscope), "changes": notice.text},
        )

    def to_patient(self, settings: HospitalSettings, link: str) -> str:
        """One or two plain sentences with a link, short enough for a text message."""
        return _PATIENT.format(link=link) + (_CALL.format(telephone=settings.telephone) if settings.telephone else "")

    def _sentence(self, notification: Notification) -> str:
        return f"{_STATE[notification.state]} {_URGENT}" if notification.urgent else _STATE[notification.state]

    def _summary(self, row: LedgerRow) -> dict[str, str]:
        report = self._report(row)
        if report is None or report.result is None:
            return {"answer": "in the portal", "probabilities": "in the portal"}
        result = report.result
        if not result.decision.names_classes:
            return {"answer": _ANSWER[result.decision], "probabilities": "not stated"}
        shares = ", ".join(f"{name} {100 * share:.1f} %" for name, share in result.probabilities.items())
        return {"answer": _ANSWER[result.decision].format(label=result.label), "probabilities": shares}

    def _report(self, row: LedgerRow) -> Report | None:
        if row.report_key is None:
            return None
        content = self.reports.read(ObjectVersion(bucket=self.bucket, key=row.report_key), MAXIMUM_BYTES)
        return Report.model_validate_json(content)
