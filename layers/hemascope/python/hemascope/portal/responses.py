"""What the portal takes and gives, as JSON."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hemascope.domain.file_size import MAXIMUM_BYTES
from hemascope.domain.ledger import LedgerRow, NotificationStatus, RowPosition
from hemascope.domain.report import Decision, PatientSummary, Pictures, Release, Report, State
from hemascope.domain.review import Verdict
from hemascope.domain.slide import SlideReport, SlideSummary
from hemascope.domain.specimen import Segment, Specimen, specimen_of
from hemascope.domain.upload import SignedPut, UploadForm
from hemascope.portal.identity import Role
from hemascope.portal.problems import BadRequest

ID_RULE = (
    "object_id: the first 32 hex digits of the SHA-256 of '{length}:{text}' of bucket, key and version, one behind the other, "
    "in UTF-8; length counts characters; version is the header x-amz-version-id of the answer to the form"
)


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Me(_Answer):
    """Who is signed in."""

    role: Role
    hospital: str
    patient: str | None


class UploadRequest(BaseModel):
    """Which picture is about to come; the hospital is the sender's own, so it stands in the token alone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    patient: Segment
    slide: Segment
    field: Segment
    # A program that may be cut off at any moment says what it sends, and gets a link that stores it once.
    sha256: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")
    size: int | None = Field(default=None, ge=1, le=MAXIMUM_BYTES)

    @model_validator(mode="after")
    def _both_or_none(self) -> "UploadRequest":
        if (self.sha256 is None) != (self.size is None):
            raise ValueError("expected sha256 and size together")
        return self

    @classmethod
    def parse(cls, body: str) -> "UploadRequest":
        """Read the body of a request.

        Raises
        ------
        BadRequest
            Naming the fields that are wrong, without what stood in them.
        """
        try:
            return cls.model_validate_json(body)
        except ValidationError as error:
            known = {str(one["loc"][0]) for one in error.errors() if one["loc"]} & set(cls.model_fields)
            what = f"; wrong: {', '.join(sorted(known))}" if known else ""
            raise BadRequest(
                f"Expected JSON with patient, slide and field: text without '/' and without blanks at its ends{what}."
            ) from None


class Upload(_Answer):
    """Where the picture goes, and how its sender comes to know its id.

    The id holds the version that S3 gives the object when it is there, so it is known only after the upload.
    """

    form: UploadForm
    maximum_bytes: int
    expires_in: int  # seconds
    bucket: str
    key: str
    id_rule: str = ID_RULE
    put: SignedPut | None = None  # where sha256 and size were named


class Row(_Answer):
    """One end of one object version."""

    object_id: str
    model: str
    state: State
    specimen: Specimen | None
    urgent: bool
    notification: NotificationStatus
    finished_at: datetime
    release: Release
    decision: Decision | None  # None also where the row is of before decisions stood in rows
    acknowledged: bool

    @classmethod
    def of(cls, row: LedgerRow) -> "Row":
        """What people see of a ledger row."""
        fields = {"object_id", "model", "state", "urgent", "notification", "finished_at", "release", "decision"}
        acknowledged = row.acknowledged_at is not None
        return cls(specimen=specimen_of(row.object.key), acknowledged=acknowledged, **row.model_dump(include=fields))


class ReportList(_Answer):
    """A page of a hospital's ends, newest first; ``cursor`` asks for the next one."""

    rows: tuple[Row, ...]
    cursor: str | None


class ReportView(Row):
    """What staff see of one object version: the newest model's report in full."""

    report: Report | None  # None where the screening failed
    pictures: Pictures | None  # links, where the report itself has keys
    expires_in: int  # seconds, of the links
    verdicts: tuple[Verdict, ...]  # on this model's answer
    released_verdict_number: int  # number of the verdict that the release rests on; 0 where it rests on none
    others: tuple[Row, ...]  # what other models said


class PatientView(_Answer):
    """What a patient sees."""

    summary: PatientSummary


class SlideView(_Answer):
    """What staff see of all fields of one slide."""

    statement: SlideReport


class PatientSlideView(_Answer):
    """What a patient sees of it."""

    summary: SlideSummary


def encode_cursor(position: RowPosition) -> str:
    """A position as text that a link can hold. It names no hospital: that stands in the token alone."""
    return urlsafe_b64encode(position.model_dump_json().encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> RowPosition:
    """Inverse of :func:`encode_cursor`.

    Raises
    ------
    BadRequest
        Where it is none of ours.
    """
    try:
        return RowPosition.model_validate_json(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:  # of base64 and of pydantic alike
        raise BadRequest("Expected a cursor as the last page gave it.") from None
