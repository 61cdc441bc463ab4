"""Fakes of notification queue, topics, mails and hospital settings: lists and a dict."""

from collections.abc import Sequence
from datetime import timedelta

from hemascope.domain.errors import TransientError
from hemascope.domain.events import CreatedObject, announce_again, parse_message
from hemascope.domain.hospital import HospitalSettings
from hemascope.domain.microscope_jobs import MicroscopeJob, parse_job
from hemascope.domain.notification import Mail, Notification, NotificationTask, PatientNotification


class FakeNotifications:
    """A NotificationQueue: a list."""

    def __init__(self) -> None:
        self.due: list[NotificationTask] = []
        self.waits: list[timedelta] = []

    def put(self, task: NotificationTask, wait: timedelta = timedelta()) -> None:
        self.due.append(task)
        self.waits.append(wait)


class FakeJobs:
    """A JobQueue: a list. ``broken`` makes it refuse."""

    def __init__(self) -> None:
        self.queued: list[MicroscopeJob] = []
        self.broken = False

    def put(self, job: MicroscopeJob) -> None:
        if self.broken:
            raise TransientError("expected to queue a job, received InternalError")
        self.queued.append(parse_job(job.to_json()))


class FakePictureQueue:
    """A PictureQueue: a list of what its messages mean."""

    def __init__(self) -> None:
        self.announced: list[CreatedObject] = []

    def announce_again(self, pictures: Sequence[CreatedObject]) -> None:
        self.announced += [created for picture in pictures for created in parse_message(announce_again(picture))]


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
