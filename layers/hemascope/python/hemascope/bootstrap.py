"""Composition root: environment -> a screening station on AWS."""

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hemascope.adapters.aws import DynamoLedger, S3Store, SesMailer, SnsPublisher, SystemClock, client
from hemascope.contracts.errors import HemascopeError
from hemascope.model.artifact import load_artifact
from hemascope.model.classifier import Classifier
from hemascope.station import Station, StationSettings

_PREFIX = "HEMASCOPE_"


class Environment(BaseModel):
    """The function's environment variables, each ``HEMASCOPE_`` and the field's name in capitals."""

    model_config = ConfigDict(frozen=True)

    reports_bucket: str
    ledger_table: str
    notice_topic: str
    mail_template: str
    mail_sender: str
    mail_recipient: str
    portal_url: str
    artifact: Path
    maximum_receives: Annotated[int, Field(ge=1)]
    lease_seconds: Annotated[int, Field(ge=1)]
    endpoint: str | None = None  # a cloud of one's own, for `hemascope local`

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> "Environment":
        """Validate the environment.

        Raises
        ------
        HemascopeError
            Naming the variables that are missing or wrong.
        """
        fields = {name: variables[_PREFIX + name.upper()] for name in cls.model_fields if _PREFIX + name.upper() in variables}
        try:
            return cls.model_validate(fields)
        except ValidationError as error:
            wrong = ", ".join(_PREFIX + str(one["loc"][0]).upper() + f" ({one['msg']})" for one in error.errors())
            raise HemascopeError(f"expected a complete environment, received none or a wrong value of {wrong}") from None


def build_station(variables: Mapping[str, str] = os.environ) -> Station:
    """Load the model and connect the ports, once in the life of a process."""
    settings = Environment.read(variables)
    s3 = client("s3", settings.endpoint)
    return Station(
        classifier=Classifier(load_artifact(settings.artifact)),
        pictures=S3Store(s3),
        reports=S3Store(s3, settings.reports_bucket),
        ledger=DynamoLedger(client("dynamodb", settings.endpoint), settings.ledger_table),
        publisher=SnsPublisher(client("sns", settings.endpoint), settings.notice_topic),
        mailer=SesMailer(
            client("ses", settings.endpoint), settings.mail_template, settings.mail_sender, settings.mail_recipient
        ),
        clock=SystemClock(),
        settings=StationSettings(
            portal_url=settings.portal_url.rstrip("/"),
            maximum_receives=settings.maximum_receives,
            lease=timedelta(seconds=settings.lease_seconds),
        ),
    )
