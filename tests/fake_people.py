"""Stand-ins for the ways on which people are told: lists and a dict."""

from datetime import timedelta

from hemascope.contracts.hospital import HospitalSettings
from hemascope.contracts.notice import DueNotice, Mail, Notice, PatientNotice


class FakeNotices:
    """A NoticeQueue: a list."""

    def __init__(self) -> None:
        self.due: list[DueNotice] = []
        self.waits: list[timedelta] = []

    def put(self, due: DueNotice, wait: timedelta = timedelta()) -> None:
        self.due.append(due)
        self.waits.append(wait)


class FakeHospitals:
    """A HospitalBook: a dict, with one clinician on duty where a hospital has set nothing."""

    def __init__(self) -> None:
        self.settings: dict[str, HospitalSettings] = {}

    def settings_of(self, hospital: str) -> HospitalSettings:
        return self.settings.get(hospital, HospitalSettings(recipients=("duty@hospital.example",)))

    def change(self, hospital: str, settings: HospitalSettings) -> None:
        self.settings[hospital] = settings


class FakePatients:
    """A PatientPublisher: a list."""

    def __init__(self) -> None:
        self.notices: list[PatientNotice] = []

    def publish(self, notice: PatientNotice) -> None:
        self.notices.append(notice)


class FakePublisher:
    """A Publisher: a list."""

    def __init__(self) -> None:
        self.notices: list[Notice] = []

    def publish(self, notice: Notice) -> None:
        self.notices.append(notice)


class FakeMailer:
    """A Mailer: a list."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []

    def send(self, mail: Mail) -> None:
        self.mails.append(mail)
