"""Settings of a deployment, read once from the environment. ``.env.example`` explains each of them."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PREFIX = "HEMASCOPE_"
ROOT = Path(__file__).resolve().parent.parent
MAIL = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"
# Allowed in the name of an IoT thing type, without the colon that separates hospital and serial number in a thing's name.
HOSPITAL = r"^[A-Za-z0-9_-]+$"
_LONGEST_TEMPLATE_NAME = 36  # of an IoT provisioning template


class Subscriber(BaseModel):
    """A subscription to notifications, in addition to the mail to the clinician on duty."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hospital: Annotated[str, Field(min_length=1)]  # its pseudonymous id, or * for all
    urgency: Literal["urgent", "routine", "*"]
    protocol: Literal["email", "sms", "https"]
    endpoint: Annotated[str, Field(min_length=3)]

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: object) -> object:
        """Parse ``hospital:urgency:protocol:endpoint``; the endpoint may contain colons."""
        if not isinstance(value, str):
            return value
        parts = value.strip().split(":", 3)
        if len(parts) < len(cls.model_fields):
            raise ValueError("expected hospital:urgency:protocol:endpoint")
        return dict(zip(cls.model_fields, parts, strict=True))


def _split(value: object) -> object:
    """Split a variable that holds a list, with blanks or line feeds between the items."""
    return value.split() if isinstance(value, str) else value


class Settings(BaseModel):
    """Settings of a deployment. ``Settings()`` has the defaults of all, whatever the environment holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stage: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,15}$")] = "dev"
    account: Annotated[str | None, Field(pattern=r"^\d{12}$")] = None
    region: str | None = None
    architecture: Literal["x86_64", "arm64"] = "x86_64"
    memory_mb: Annotated[int, Field(ge=512, le=10240)] = 1769
    timeout_seconds: Annotated[int, Field(ge=5, le=120)] = 30
    maximum_concurrency: Annotated[int, Field(ge=2, le=1000)] = 10
    reserved_concurrency: Annotated[int | None, Field(ge=2, le=1000)] = None
    maximum_receives: Annotated[int, Field(ge=2, le=20)] = 5
    canary: bool = True
    powertools_layer: Annotated[int, Field(ge=1)] = 46
    retention_days: Annotated[int | None, Field(ge=91, le=36500)] = None
    log_retention_days: Annotated[Literal[7, 14, 30, 90, 180, 365], BeforeValidator(int)] = 90
    model: Annotated[str, Field(pattern=r"^[a-z0-9-]+/\d+\.\d+\.\d+$")] = "all-subtypes/1.0.1"
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")] = "en"
    mail_sender: Annotated[str, Field(pattern=MAIL)] = "hemascope@hospital.example"
    mail_recipient: Annotated[str, Field(pattern=MAIL)] = "hematology@hospital.example"
    alarm_mail: Annotated[str | None, Field(pattern=MAIL)] = None
    alarm_rejected_percent: Annotated[int, Field(ge=1, le=100)] = 20
    alarm_abstained_percent: Annotated[int, Field(ge=1, le=100)] = 50
    monthly_budget_usd: Annotated[int, Field(ge=1)] = 100
    subscribers: Annotated[tuple[Subscriber, ...], NoDecode, BeforeValidator(_split)] = ()
    portal_url: Annotated[str, Field(pattern=r"^https://[^/\s]+/?$")] = "https://portal.hospital.example"
    portal_certificate: Annotated[str | None, Field(pattern=r"^arn:aws:acm:us-east-1:\d{12}:certificate/")] = None
    portal_web_acl: Annotated[str | None, Field(pattern=r"^arn:aws:wafv2:us-east-1:\d{12}:global/webacl/")] = None
    portal_threat_protection: bool = False
    hospitals: Annotated[
        tuple[Annotated[str, Field(pattern=HOSPITAL)], ...], NoDecode, BeforeValidator(_split), Field(min_length=1)
    ] = ("demo-hospital",)

    @field_validator("hospitals")
    @classmethod
    def _fit_to_be_names(cls, hospitals: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        longest = _LONGEST_TEMPLATE_NAME - len(f"hemascope-{info.data.get('stage', '')}-")
        if any(len(hospital) > longest for hospital in hospitals):
            raise ValueError(f"expected ids of at most {longest} characters in a stage of this name")
        if len(set(hospitals)) < len(hospitals):
            raise ValueError("expected each hospital once")
        return hospitals

    @classmethod
    def read(cls) -> "Settings":
        """Read and validate the variables of this process; an empty variable counts as not set.

        Raises
        ------
        ValueError
            Naming the variables that are invalid and what was expected of them, without their values.
        """
        try:
            return cls(**dict(_Environment()))
        except ValidationError as error:
            problems = error.errors(include_input=False, include_context=False)
            wrong = "; ".join(f"{PREFIX}{str(problem['loc'][0]).upper()}: {problem['msg']}" for problem in problems)
            raise ValueError(f"expected valid settings, received {wrong}") from None

    def name(self, part: str) -> str:
        """Name of a resource: ``hemascope-{stage}-{part}``."""
        return f"hemascope-{self.stage}-{part}"

    @property
    def portal_origin(self) -> str:
        """Scheme and host of the portal, as browsers name it."""
        return self.portal_url.rstrip("/")

    @property
    def log_prefix(self) -> str:
        """Where the log groups of this deployment are."""
        return f"/hemascope/{self.stage}"

    def stack(self, name: str) -> str:
        """Name of a stack: ``Hemascope-{stage}-{name}``."""
        return f"Hemascope-{self.stage}-{name}"

    @property
    def operator(self) -> str:
        """Name of the role that a human takes; the reports bucket knows it before it exists."""
        return self.name("operator")


class _Environment(BaseSettings, Settings):
    """Settings from environment variables, each named ``HEMASCOPE_`` and the field's name in capitals."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="forbid")
