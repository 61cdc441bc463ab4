"""The ids of a smear, and every object key made from them. No other module builds or parses keys."""

import hashlib
import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from hemascope.domain.errors import RejectedSmear, RejectionReason

MAXIMUM_KEY_BYTES = 1024  # the limit of S3
MAXIMUM_SEGMENT = 255  # characters
SMEARS = "smears/"  # prefix of the keys of all pictures


def _check_segment(text: str) -> str:
    if "/" in text or text in {".", ".."} or text != text.strip() or not text.isprintable():
        raise ValueError("expected printable text without '/' and without blanks at its ends")
    return text


def _check_encodable(text: str) -> str:
    text.encode()  # raises a ValueError for a lone surrogate, which JSON may contain and no service accepts
    return text


Unicode = Annotated[str, AfterValidator(_check_encodable)]
Segment = Annotated[str, Field(min_length=1, max_length=MAXIMUM_SEGMENT), AfterValidator(_check_segment)]
_SEGMENT: TypeAdapter[str] = TypeAdapter(Segment)


def is_segment(text: str) -> bool:
    """Return whether a text may be one of the ids in a key.

    Examples
    --------
    >>> is_segment("c+1"), is_segment("c/1"), is_segment("")
    (True, False, False)
    """
    try:
        _SEGMENT.validate_python(text)
    except ValidationError:
        return False
    return True


class ObjectVersion(BaseModel):
    """One version of one object in a bucket, which identifies a smear in every delivery of its message."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bucket: str
    key: str
    version_id: str = "null"  # S3's own name for the version of an unversioned object

    @property
    def object_id(self) -> str:
        """Digest of bucket, key and version: 32 hex digits, safe in keys, links and logs."""
        return _digest(self.bucket, self.key, self.version_id)


def _digest(*parts: str) -> str:
    # The length before each part makes ("a", "bc") and ("ab", "c") different.
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def is_object_id(text: str) -> bool:
    """Return whether a text has the form of an object id, so that it may be looked up and logged.

    Examples
    --------
    >>> is_object_id("0123456789abcdef0123456789abcdef"), is_object_id("Jane Doe")
    (True, False)
    """
    return re.fullmatch("[0-9a-f]{32}", text) is not None


class Specimen(BaseModel):
    """Pseudonymous ids of one picture: hospital, patient, slide and field (one picture of the slide)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hospital: Segment
    patient: Segment
    slide: Segment
    field: Segment

    @property
    def slide_digest(self) -> str:
        """32 hex digits that identify the slide where its id must not appear."""
        return _digest(self.hospital, self.patient, self.slide)


class Patient(BaseModel):
    """Pseudonymous ids of a patient of one hospital."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hospital: Segment
    patient: Segment

    @property
    def prefix(self) -> str:
        """Prefix of the keys of the patient's pictures; the slash at its end distinguishes ``p-7`` from ``p-71``."""
        return f"{SMEARS}{self.hospital}/{self.patient}/"

    @property
    def digest(self) -> str:
        """32 hex digits that identify the patient where the id must not appear."""
        return _digest(self.hospital, self.patient)

    @classmethod
    def of(cls, specimen: Specimen) -> "Patient":
        """The patient of a specimen."""
        return cls(hospital=specimen.hospital, patient=specimen.patient)


def smear_key(specimen: Specimen) -> str:
    """Key of an uploaded picture: ``smears/{hospital}/{patient}/{slide}/{field}``.

    Different specimens have different keys, because no part may hold a slash.

    Raises
    ------
    RejectedSmear
        ``invalid_key`` where the key is longer than S3 allows (1,024 bytes).

    Examples
    --------
    >>> smear_key(Specimen(hospital="st-mary", patient="p 7", slide="c+1", field="50%.jpg"))
    'smears/st-mary/p 7/c+1/50%.jpg'
    """
    key = "/".join(("smears", specimen.hospital, specimen.patient, specimen.slide, specimen.field))
    size = len(key.encode())
    if size > MAXIMUM_KEY_BYTES:
        raise RejectedSmear(
            RejectionReason.INVALID_KEY, f"expected a key of at most {MAXIMUM_KEY_BYTES} bytes, received {size}"
        )
    return key


def parse_smear_key(key: str) -> Specimen:
    """Inverse of :func:`smear_key`.

    Raises
    ------
    RejectedSmear
        ``invalid_key`` for a key of any other form. The error does not repeat the key, which may name a person.
    """
    parts = key.split("/")
    if len(parts) == 5 and parts[0] == "smears":
        try:
            return Specimen(hospital=parts[1], patient=parts[2], slide=parts[3], field=parts[4])
        except ValidationError:
            pass  # rejected below, without the text that pydantic would repeat
    raise RejectedSmear(
        RejectionReason.INVALID_KEY, "expected a key smears/{hospital}/{patient}/{slide}/{field}, received one of another form"
    )


def specimen_of(key: str) -> Specimen | None:
    """Parse a key; None where it is of another form, so that the smear can't be assigned to a patient."""
    try:
        return parse_smear_key(key)
    except RejectedSmear:
        return None


class ReportKeys(BaseModel):
    """Keys of the files that one screening writes into the reports bucket."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    report: str
    summary: str
    segmented: str
    overlay: str


def report_keys(object_id: str, model: str) -> ReportKeys:
    """Keys for one object version judged by one model (``id/version``); each model's files have keys of their own.

    The hospital's files and the patient's summary have different prefixes, so that access can be granted separately. No part
    of the specimen appears in them, since keys appear in logs and links.

    Examples
    --------
    >>> report_keys("0f", "all-subtypes/1.0.0").report
    'reports/0f/all-subtypes/1.0.0/report.json'
    """
    reports, summaries, _ = report_prefixes(object_id)
    return ReportKeys(
        report=f"{reports}{model}/report.json",
        summary=f"{summaries}{model}/summary.json",
        segmented=f"{reports}{model}/segmented.png",
        overlay=f"{reports}{model}/overlay.png",
    )


def heat_map_key(object_id: str, model: str, branch: str) -> str:
    """Key of the heat map of one branch of the network.

    Examples
    --------
    >>> heat_map_key("0f", "all-subtypes/1.1.0", "original")
    'reports/0f/all-subtypes/1.1.0/heat_map.original.png'
    """
    reports, *_ = report_prefixes(object_id)
    return f"{reports}{model}/heat_map.{branch}.png"


def verdict_key(object_id: str, model: str, number: int) -> str:
    """Key of the n-th verdict on one model's answer.

    Examples
    --------
    >>> verdict_key("0f", "all-subtypes/1.0.0", 2)
    'verdicts/0f/all-subtypes/1.0.0/2.json'
    """
    *_, verdicts = report_prefixes(object_id)
    return f"{verdicts}{model}/{number}.json"


def report_prefixes(object_id: str) -> tuple[str, str, str]:
    """Prefixes of all keys in the reports bucket about one object version: of the hospital, the patient, the reviewers."""
    return f"reports/{object_id}/", f"summaries/{object_id}/", f"verdicts/{object_id}/"
