"""A picture to send, and its name in the bucket."""

import base64
import hashlib
from dataclasses import dataclass
from pathlib import PurePath

from hemascope.domain.specimen import MAXIMUM_SEGMENT

_DIGITS = 16  # of the digest in a name: two pictures of one name collide with a probability of 10^-19


@dataclass(frozen=True)
class Picture:
    """The bytes of a complete picture; ``sha256`` in hex digits."""

    data: bytes
    sha256: str

    @classmethod
    def of(cls, data: bytes) -> "Picture":
        """Compute the digest."""
        return cls(data, hashlib.sha256(data).hexdigest())

    @property
    def checksum(self) -> str:
        """The digest as S3 writes it: ``x-amz-checksum-sha256``."""
        return base64.b64encode(bytes.fromhex(self.sha256)).decode()


def content_name(name: str, sha256: str) -> str:
    """File name in the bucket, with the digest of the content in it.

    So a microscope that starts counting again, or a second agent on the folder, can't overwrite another picture; and where S3
    answers that the name is taken, this very picture is stored already.

    Examples
    --------
    >>> content_name("field 7.JPG", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")
    'field 7.9f86d081884c7d65.JPG'
    """
    path = PurePath(name)
    end = f".{sha256[:_DIGITS]}{path.suffix}"
    return path.stem[: MAXIMUM_SEGMENT - len(end)] + end
