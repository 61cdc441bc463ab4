"""Fakes of notification queue, topics, mails and hospital settings: lists and a dict."""

from datetime import timedelta

from hemascope.domain.hospital import HospitalSettings
from hemascope.domain.notification import Mail, Notification, NotificationTask, PatientNotification


class FakeNotifications:
    """A NotificationQueue: a list."""

    def __init__(self) -> None:
        self.due: list[NotificationTask] = []
        self.waits: list[timedelta] = []

    def put(self, task: NotificationTask, wait: timedelta = timedelta()) -> None:
        self.due.append(task)
        self.waits.append(wait)


class FakeHospitals:
    """A HospitalSettingsRepository: a dict, with one clinician on duty where a hospital has set nothing."""

    def __init__(self) -> None:
        self.settings: dict[str, HospitalSettings] = {}

    def settings_of(self, hospital: str) -> HospitalSettings:
        return self.settings.get(hospital, HospitalSettings(recipients=("duty@hospital.example",)))

    def change(self, hospital: str, settings: HospitalSettings) -> None:
        self.settings[hospital] = settings


class FakePatients:
    """A PatientPublisher: a list."""

    def __init__(self) -> None:
        self.notifications: list[PatientNotification] = []

    def publish(self, notification: PatientNotification) -> None:
        self.notifications.append(notification)


class FakePublisher:
    """A Publisher: a list."""

    def __init__(self) -> None:
        self.notifications: list[Notification] = []

    def publish(self, notification: Notification) -> None:
        self.notifications.append(notification)


class FakeMailer:
    """A Mailer: a list."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []

    def send(self, mail: Mail) -> None:
        self.mails.append(mail)
