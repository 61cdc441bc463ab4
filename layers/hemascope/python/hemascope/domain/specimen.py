"""The ids of a smear, and every object key made from them. No other module builds or parses keys."""

import hashlib
import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from hemascope.domain.characters import compose, find_refused, is_blank, name_of, unfit
from hemascope.domain.errors import RejectedSmear, RejectionReason

MAXIMUM_KEY_BYTES = 1024  # the limit of S3
MAXIMUM_SEGMENT = 255  # characters
SMEARS = "smears/"  # prefix of the keys of all pictures


def segment_fault(text: str) -> str | None:
    """Say why a text can't be one of the ids in a key, without repeating it; None where it can.

    Examples
    --------
    >>> segment_fault("c/1"), segment_fault("c-1 "), segment_fault("c+1")
    ('the character U+002F SOLIDUS', 'a blank at its end, U+0020 SPACE', None)
    """
    text = compose(text)
    if not text:
        return "no character"
    if len(text) > MAXIMUM_SEGMENT:
        return f"{len(text)} characters, more than {MAXIMUM_SEGMENT}"
    if fault := find_refused(text):
        return fault
    if "/" in text:
        return f"the character {name_of('/')}"
    if text in {".", ".."}:
        return "dots alone, which stand for a folder"
    for character, place in ((text[0], "beginning"), (text[-1], "end")):
        if is_blank(character):
            return f"a blank at its {place}, {name_of(character)}"
    return None


def _compose(text: object) -> object:
    return compose(text) if isinstance(text, str) else text


def _check_segment(text: str) -> str:
    if fault := segment_fault(text):
        raise unfit(fault)
    return text


def _check_encodable(text: str) -> str:
    text.encode()  # raises a ValueError for a lone surrogate, which JSON may contain and no service accepts
    return text


Unicode = Annotated[str, AfterValidator(_check_encodable)]
# One of the ids in a key, always in NFC: whichever form was sent, it is the same id.
Segment = Annotated[
    str,
    BeforeValidator(_compose, json_schema_input_type=str),
    Field(min_length=1, max_length=MAXIMUM_SEGMENT),
    AfterValidator(_check_segment),
]


def to_segment(text: str) -> str | None:
    """Read a text as one of the ids in a key; None where it can't be one.

    Examples
    --------
    >>> to_segment("c+1"), to_segment("c/1"), to_segment("")
    ('c+1', None, None)
    """
    return None if segment_fault(text) else compose(text)


class ObjectVersion(BaseModel):
    """One version of one object in a bucket, which identifies a smear in every delivery of its message."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bucket: str
    key: str
    version_id: str = "null"  # S3's own name for the version of an unversioned object

    @property
    def object_id(self) -> str:
        """Digest of bucket, key and version: 32 hex digits, safe in keys, links and logs."""
        return digest_of(self.bucket, self.key, self.version_id)


def digest_of(*parts: str) -> str:
    """32 hex digits that stand for some texts where the texts themselves must not appear."""
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
    """Pseudonymous ids of one picture: hospital, patient, slide, microscope and field (one picture of the slide).

    ``microscope`` is None where nobody said which one took the picture.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    hospital: Segment
    patient: Segment
    slide: Segment
    microscope: Segment | None = None
    field: Segment

    @property
    def slide_digest(self) -> str:
        """32 hex digits that identify the slide where its id must not appear."""
        return digest_of(self.hospital, self.patient, self.slide)

    @property
    def microscope_digest(self) -> str | None:
        """32 hex digits that identify the microscope among those of all hospitals; None without a microscope."""
        return digest_of(self.hospital, self.microscope) if self.microscope else None


_IDS = tuple(Specimen.model_fields)  # in the order of a key
_PARTS = {len(names): names for names in (_IDS, tuple(name for name in _IDS if name != "microscope"))}


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
    def search_prefix(self) -> str:
        """Prefix of the patient's keys in whatever form of Unicode a client of S3 wrote them; others may begin with it too.

        Forms differ from the first character that is not ASCII, and in ``;``, ``K`` and the grave accent, of which Unicode
        knows a second kind (the Greek question mark, the kelvin sign, the varia).
        """
        return re.split("[^ -:<-JL-_a-~]", self.prefix, maxsplit=1)[0]

    def owns(self, key: str) -> bool:
        """Return whether a key begins with the patient's ids, in whatever form of Unicode."""
        return compose(key).startswith(self.prefix)

    @property
    def digest(self) -> str:
        """32 hex digits that identify the patient where the id must not appear."""
        return digest_of(self.hospital, self.patient)

    @classmethod
    def of(cls, specimen: Specimen) -> "Patient":
        """The patient of a specimen."""
        return cls(hospital=specimen.hospital, patient=specimen.patient)


def smear_key(specimen: Specimen) -> str:
    """Key of an uploaded picture: ``smears/{hospital}/{patient}/{slide}/{microscope}/{field}``.

    Without a microscope its part is left out. Different specimens have different keys, because no part may hold a slash.

    Raises
    ------
    RejectedSmear
        ``invalid_key`` where the key is longer than S3 allows (1,024 bytes).

    Examples
    --------
    >>> smear_key(Specimen(hospital="st-mary", patient="p 7", slide="c+1", field="50%.jpg"))
    'smears/st-mary/p 7/c+1/50%.jpg'
    >>> smear_key(Specimen(hospital="st-mary", patient="p 7", slide="c+1", microscope="scope 2", field="50%.jpg"))
    'smears/st-mary/p 7/c+1/scope 2/50%.jpg'
    """
    microscope = () if specimen.microscope is None else (specimen.microscope,)
    key = "/".join(("smears", specimen.hospital, specimen.patient, specimen.slide, *microscope, specimen.field))
    size = len(key.encode())
    if size > MAXIMUM_KEY_BYTES:
        raise RejectedSmear(
            RejectionReason.INVALID_KEY, f"expected a key of at most {MAXIMUM_KEY_BYTES} bytes, received {size}"
        )
    return key


def parse_smear_key(key: str) -> Specimen:
    """Inverse of :func:`smear_key`. A key in another form of Unicode, which only other clients of S3 write, means the same ids.

    Raises
    ------
    RejectedSmear
        ``invalid_key`` for a key of any other form. The error does not repeat the key, which may name a person.
    """
    folder, *parts = key.split("/")
    names = _PARTS.get(len(parts))
    if names and folder == "smears":
        try:
            return Specimen(**dict(zip(names, parts, strict=True)))
        except ValidationError:
            pass  # rejected below, without the text that pydantic would repeat
    raise RejectedSmear(
        RejectionReason.INVALID_KEY,
        "expected a key smears/{hospital}/{patient}/{slide}/{microscope}/{field}, or one without the microscope, "
        "received one of another form",
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
