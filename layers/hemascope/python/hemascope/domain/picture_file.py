"""What a picture file is before anybody decodes it: its size in bytes, and its format by its first bytes.

Apart from the decoder, so that who only moves files needs no image library.
"""

import re
from enum import StrEnum

from hemascope.domain.errors import RejectedSmear, RejectionReason

MAXIMUM_BYTES = 32 * 1024 * 1024
FIRST_BYTES = 64  # as many tell the format
# Endings of the supported formats' files, for choosers of files; what a file is, its first bytes say.
SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jfif", ".jpe", ".png", ".tif", ".tiff", ".btf", ".bmp", ".dib", ".webp", ".heic", ".heif", ".hif"}
)


class PictureFormat(StrEnum):
    """The formats that are decoded."""

    JPEG = "JPEG"
    PNG = "PNG"
    TIFF = "TIFF"
    BMP = "BMP"
    WEBP = "WebP"
    HEIC = "HEIC"

    @property
    def suffix(self) -> str:
        """How a file of this format is usually named.

        Examples
        --------
        >>> PictureFormat.TIFF.suffix
        '.tif'
        """
        return {"JPEG": ".jpg", "TIFF": ".tif"}.get(self, f".{self.lower()}")


class ColourDeclaration(StrEnum):
    """What a file says about its colours: nothing, which means sRGB, or by what."""

    NONE = "none"
    SRGB = "srgb"
    ICC_PROFILE = "icc_profile"
    GAMMA = "gamma_and_primaries"
    CODE_POINTS = "code_points"  # of ITU-T H.273
    ADOBE_RGB = "adobe_rgb"  # by the letters R03 of a camera's file system rules (DCF)
    CIELAB = "cielab"
    ICCLAB = "icclab"
    CMYK = "cmyk"  # without a profile


class DepthSource(StrEnum):
    """How it is known how many bits of a sample are used: the file says so, or its brightest sample does."""

    FILE = "file"
    DATA = "data"


_MAGIC = (
    (re.compile(rb"\xff\xd8\xff"), PictureFormat.JPEG),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), PictureFormat.PNG),
    (re.compile(rb"II[*+]\x00|MM\x00[*+]"), PictureFormat.TIFF),  # + is BigTIFF
    (re.compile(rb"BM"), PictureFormat.BMP),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), PictureFormat.WEBP),
    # A brand of HEVC pictures, or the general brand with one of those among the compatible ones.
    (re.compile(rb"....ftyp(?:hei[cxms]|hev[cx]|m[is]f1....(?:....)*?(?:hei[cxms]|hev[cx]))", re.DOTALL), PictureFormat.HEIC),
)
_EXPORT = "export the field from the microscope's software as TIFF or PNG"
_CONVERT = "save it as TIFF or PNG, or set the camera to JPEG"
_WRONG_FILE = "send the picture itself"
# What is sent by mistake, and what to do instead; the first that fits is told.
_OTHERS = (
    (re.compile(rb"ZISRAWFILE"), "a CZI file of a slide scanner", _EXPORT),
    (re.compile(rb"\x70\x00\x00\x00"), "a LIF file of a microscope", _EXPORT),
    (re.compile(rb"\xda\xbe\xce\xda"), "an ND2 file of a microscope", _EXPORT),
    (re.compile(rb"II\xbc"), "a JPEG XR picture", _CONVERT),
    (re.compile(rb"....ftypavi[fs]|....ftypm[is]f1.{4}(?:....)*?avi[fs]", re.DOTALL), "an AVIF picture", _CONVERT),
    (re.compile(rb"....ftypcrx |FUJIFILMCCD-RAW|II(?:RO|U\x00)"), "a camera's raw file", _CONVERT),
    (re.compile(rb"....ftyp", re.DOTALL), "a video", "photograph the field and send the picture"),
    (re.compile(rb"GIF8"), "a GIF picture", _CONVERT),
    (re.compile(rb"\x00\x00\x00\x0cjP  |\xff\x4f\xff\x51"), "a JPEG 2000 picture", _CONVERT),
    (re.compile(rb"\xff\x0a|\x00\x00\x00\x0cJXL "), "a JPEG XL picture", _CONVERT),
    (re.compile(rb"P[1-7]\s"), "a PNM picture", _CONVERT),
    (re.compile(rb"8BPS"), "a Photoshop document", _CONVERT),
    (re.compile(rb"%PDF"), "a PDF document", _WRONG_FILE),
    (re.compile(rb"PK\x03\x04"), "a ZIP archive", _WRONG_FILE),
    (re.compile(rb"\xd0\xcf\x11\xe0"), "a Windows document, such as the thumbnails of a folder", _WRONG_FILE),
    (re.compile(rb"\x00\x05\x16\x07"), "what macOS notes beside a file", "send the file without '._' before its name"),
    (
        re.compile(rb"\s*<(?:!doctype html|html|head)", re.IGNORECASE),
        "a web page, perhaps the sign-in page of a network",
        "sign in to the network and send the picture again",
    ),
)


def identify(first: bytes) -> PictureFormat:
    """Tell a file's format by its first ``FIRST_BYTES`` bytes; its name tells nothing.

    Raises
    ------
    RejectedSmear
        ``unsupported_format`` where it is none of the supported ones; the message names it where it is known, and says
        what to export instead.
    """
    first = first[:FIRST_BYTES]
    for magic, picture_format in _MAGIC:
        if magic.match(first):
            return picture_format
    supported = "expected a JPEG, PNG, TIFF, BMP, WebP or HEIC picture"
    for magic, name, instead in _OTHERS:
        if magic.match(first):
            raise RejectedSmear(RejectionReason.UNSUPPORTED_FORMAT, f"{supported}, received {name}: {instead}")
    raise RejectedSmear(
        RejectionReason.UNSUPPORTED_FORMAT, f"{supported}, received a file that begins with {first[:4].hex() or 'nothing'}"
    )


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
