"""Opens an upload: where one picture goes, and the form or link that stores it there."""

from dataclasses import dataclass

from pydantic import Field, model_validator

from hemascope.domain.errors import RejectedSmear
from hemascope.domain.personal import likenesses
from hemascope.domain.picture_file import MAXIMUM_BYTES
from hemascope.domain.specimen import Segment, Specimen, smear_key
from hemascope.domain.upload import SignedPut, UploadForm
from hemascope.portal.identity import Person
from hemascope.portal.problems import BadRequest, UnconfirmedNames
from hemascope.portal.requests import Message
from hemascope.ports import LinkMaker, MicroscopeRegistry

ID_RULE = (
    "object_id: the first 32 hex digits of the SHA-256 of '{length}:{text}' of bucket, key and version, one behind the other, "
    "in UTF-8; length counts characters; version is the header x-amz-version-id of the answer to the form"
)

_NAMED = set(Specimen.model_fields) - {"hospital"}


class UploadRequest(Message):
    """The picture that is about to be sent; the hospital is the sender's own, so it comes from the token."""

    patient: Segment
    slide: Segment
    microscope: Segment | None = None  # one that is registered for the hospital
    field: Segment
    # A program that may be interrupted at any moment names the content, and gets a link that stores it once.
    sha256: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")
    size: int | None = Field(default=None, ge=1, le=MAXIMUM_BYTES)
    # The sender was asked whether an id or the file name identifies a person, and said no.
    names_confirmed: bool = False

    @model_validator(mode="after")
    def _both_or_none(self) -> "UploadRequest":
        if (self.sha256 is None) != (self.size is None):
            raise ValueError("expected sha256 and size together")
        return self


class Upload(Message):
    """Where the picture goes, and how its sender computes its id.

    The id includes the version that S3 assigns when it stores the object, so it is known only after the upload.
    """

    form: UploadForm
    maximum_bytes: int
    expires_in: int  # seconds
    bucket: str
    key: str
    id_rule: str = ID_RULE
    put: SignedPut | None = None  # only where sha256 and size were given


@dataclass(frozen=True)
class UploadService:
    """Opens uploads into one bucket."""

    links: LinkMaker
    bucket: str
    microscopes: MicroscopeRegistry

    def open_upload(self, person: Person, request: UploadRequest) -> Upload:
        """Create a form that stores one picture of the sender's own hospital.

        Raises
        ------
        BadRequest
            Where the ids together are too long for a key, or the hospital has no such microscope.
        UnconfirmedNames
            Where an id or the file name looks like one of a person.
        """
        specimen = Specimen(hospital=person.hospital, **request.model_dump(include=_NAMED))
        if specimen.microscope and not self.microscopes.find(specimen.hospital, specimen.microscope):
            raise BadRequest("Expected a microscope of your hospital's list.")
        if (names := likenesses(specimen)) and not request.names_confirmed:
            raise UnconfirmedNames(names)
        try:
            key = smear_key(specimen)
        except RejectedSmear as error:  # its text holds lengths only
            raise BadRequest(f"{error}.") from error
        return Upload(
            form=self.links.upload_form(key, MAXIMUM_BYTES),
            maximum_bytes=MAXIMUM_BYTES,
            expires_in=self.links.seconds,
            bucket=self.bucket,
            key=key,
            put=self.links.upload_put(key, request.sha256, request.size) if request.sha256 and request.size else None,
        )
