"""Picture files that declare something, written by encoders and by hand, and what other libraries see in them."""

import struct
import zlib
from io import BytesIO
from typing import Any

import numpy as np
import pillow_heif
import tifffile
from numpy.typing import NDArray
from PIL import Image, ImageCms

from hemascope.domain.errors import RejectedSmear
from hemascope.imaging.decode import Decoded, decode_file
from hemascope.imaging.synthetic import draw_synthetic_smear

pillow_heif.register_heif_opener()

Pixels = NDArray[Any]
SMEAR = np.ascontiguousarray(draw_synthetic_smear(5, side=128, cells=4)[:112])  # not square, so that a turn shows
DEEP = SMEAR.astype(np.uint16) * 257
GREY = np.ascontiguousarray(SMEAR[..., 1])
LOSSLESS: dict[str, dict[str, Any]] = {"PNG": {}, "TIFF": {}, "WEBP": {"lossless": True, "exact": True}}
_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
_D50 = (0.9642, 1.0, 0.8249)
# Columns of the matrices to XYZ of D50, as Lindbloom's tables have them, and exponents.
_ADOBE = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
_P3 = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))
_SRGB_MATRIX = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410))
_PROPHOTO = ((0.79767, 0.28804, 0.0), (0.13519, 0.71188, 0.0), (0.03134, 0.00009, 0.82521))


def saved(picture: Pixels | Image.Image, name: str, **options: Any) -> bytes:
    """A file of this format by Pillow."""
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    file = BytesIO()
    image.save(file, name, **options)
    return file.getvalue()


def as_tiff(picture: Pixels, **options: Any) -> bytes:
    """A TIFF file by tifffile; planes where ``planarconfig`` says so."""
    file = BytesIO()
    planes = options.get("planarconfig") == "separate"
    tifffile.imwrite(file, np.moveaxis(picture, -1, 0) if planes else picture, **({"photometric": "rgb"} | options))
    return file.getvalue()


def seen(data: bytes) -> Pixels:
    """What Pillow sees, without conversion of colours."""
    return np.asarray(Image.open(BytesIO(data)).convert("RGB"))


def chunk(name: bytes, content: bytes) -> bytes:
    """A chunk of a PNG file."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def with_chunks(png: bytes, *chunks: bytes) -> bytes:
    """The file with more chunks behind its header."""
    return png[:33] + b"".join(chunks) + png[33:]


def with_segment(jpeg: bytes, marker: int, content: bytes) -> bytes:
    """The file with one more segment at its beginning."""
    return jpeg[:2] + struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content + jpeg[2:]


def exif(colour_space: int, interoperability: bytes = b"", order: str = "<") -> bytes:
    """EXIF that says a colour space, and the letters of DCF."""

    def entry(tag: int, kind: int, count: int, value: bytes) -> bytes:
        return struct.pack(f"{order}HHI", tag, kind, count) + value

    entries = [entry(0xA001, 3, 1, struct.pack(f"{order}HH", colour_space, 0))]
    if interoperability:
        entries.append(entry(0xA005, 4, 1, struct.pack(f"{order}I", 26 + 2 + 24 + 4)))
    first = struct.pack(f"{order}H", 1) + entry(0x8769, 4, 1, struct.pack(f"{order}I", 26)) + bytes(4)
    second = struct.pack(f"{order}H", len(entries)) + b"".join(entries) + bytes(4)
    third = struct.pack(f"{order}H", 1) + entry(1, 2, 4, interoperability) + bytes(4) if interoperability else b""
    return (b"II*\x00" if order == "<" else b"MM\x00*") + struct.pack(f"{order}I", 8) + first + second + third


def profile(kind: str = "RGB ", version: int = 2, **tags: bytes) -> bytes:
    """An ICC profile of these tags."""
    table, contents = struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        table += struct.pack(">4sII", name.encode(), 132 + 12 * len(tags) + len(contents), len(content))
        contents += content + bytes(-len(content) % 4)
    pcs = b"Lab " if "A2B0" in tags else b"XYZ "
    size = 132 + 12 * len(tags) + len(contents)
    header = struct.pack(">II4s4s4s4s", size, 0, bytes([version, 0, 0, 0]), b"mntr", kind.encode(), pcs)
    header = (header.ljust(36, b"\x00") + b"acsp").ljust(68, b"\x00") + _fixed(*_D50)
    return header.ljust(128, b"\x00") + table + contents


def _fixed(*numbers: float) -> bytes:
    return struct.pack(f">{len(numbers)}i", *(round(number * 65536) for number in numbers))


def _xyz(numbers: tuple[float, ...]) -> bytes:
    return b"XYZ " + bytes(4) + _fixed(*numbers)


def _exponent(gamma: float, version: int) -> bytes:
    if version == 4:
        return b"para" + bytes(8) + _fixed(gamma)
    return b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256))


def _display(matrix: tuple[tuple[float, ...], ...], gamma: float, version: int) -> bytes:
    colours = dict(zip(("rXYZ", "gXYZ", "bXYZ"), map(_xyz, matrix), strict=True))
    curves = dict.fromkeys(("rTRC", "gTRC", "bTRC"), _exponent(gamma, version))
    tags = {"wtpt": _xyz(_D50)} | colours | curves
    return profile("RGB ", version, **tags)


def _table() -> bytes:
    """A table of 9 x 9 x 9 colours that are darker than sRGB's."""
    levels = np.linspace(0, 1, 9)
    grid = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).reshape(1, -1, 3) ** 1.5
    lab = to_lab(np.rint(grid * 255).astype(np.uint8))[0] ^ np.array([0, 128, 128], np.uint8)
    straight = bytes(range(256)) * 3
    content = b"mft1" + bytes(4) + bytes([3, 3, 9, 0]) + _fixed(1, 0, 0, 0, 1, 0, 0, 0, 1) + straight + lab.tobytes() + straight
    return profile(wtpt=_xyz(_D50), A2B0=content)


def to_lab(picture: Pixels) -> Pixels:
    """L*a*b* of 8 bits by LittleCMS, a* and b* signed, as a CIELab TIFF stores them."""
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    transform = ImageCms.buildTransform(_SRGB, lab, "RGB", "LAB", renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC)
    return np.asarray(ImageCms.applyTransform(Image.fromarray(picture), transform)).astype(np.uint8)


def by_littlecms(picture: Pixels, icc: bytes, mode: str = "RGB") -> Pixels:
    """The picture in sRGB, relative colorimetric, by Pillow's LittleCMS."""
    source = ImageCms.ImageCmsProfile(BytesIO(icc))
    transform = ImageCms.buildTransform(source, _SRGB, mode, "RGB", renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC)
    return np.asarray(ImageCms.applyTransform(Image.fromarray(picture, mode if mode == "CMYK" else None), transform))


def grey_profile(gamma: float) -> bytes:
    """A profile of grey with this exponent."""
    return profile("GRAY", wtpt=_xyz(_D50), kTRC=_exponent(gamma, 2))


PROFILES = {
    "Adobe RGB of version 2": _display(_ADOBE, 563 / 256, 2),
    "Adobe RGB of version 4": _display(_ADOBE, 563 / 256, 4),
    "P3 with an exponent": _display(_P3, 2.2, 4),
    "linear": _display(_SRGB_MATRIX, 1.0, 2),
    "ProPhoto": _display(_PROPHOTO, 1.8, 4),
    "a table": _table(),
}


def difference(data: bytes, wanted: Pixels) -> tuple[float, Decoded]:
    """Largest difference of a channel for 99 % of the pixels, and what was decoded."""
    decoded = decode_file(data)
    assert decoded.picture.shape == wanted.shape
    apart = np.abs(decoded.picture.astype(int) - wanted.astype(int)).max(axis=2)
    return float(np.percentile(apart, 99)), decoded


def refusal(data: bytes) -> RejectedSmear | None:
    """Why a file is refused; None where it isn't."""
    try:
        decode_file(data)
    except RejectedSmear as error:
        return error
    return None
