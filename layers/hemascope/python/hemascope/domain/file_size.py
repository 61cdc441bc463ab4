"""How large a picture file may be, and how its name ends.

Apart from the decoder, so that who only moves files needs no OpenCV.
"""

from hemascope.domain.errors import RejectedSmear, RejectionReason

MAXIMUM_BYTES = 32 * 1024 * 1024
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp"})  # of picture files, in lower case


def check_size(size: int) -> None:
    """Refuse a file by its size in bytes alone, which a bucket knows without sending the file.

    Raises
    ------
    RejectedSmear
        ``empty_file`` or ``file_too_large``.
    """
    if size == 0:
        raise RejectedSmear(RejectionReason.EMPTY_FILE, "expected a picture, received an empty file")
    if size > MAXIMUM_BYTES:
        raise RejectedSmear(RejectionReason.FILE_TOO_LARGE, f"expected at most {MAXIMUM_BYTES} bytes (32 MB), received {size}")
