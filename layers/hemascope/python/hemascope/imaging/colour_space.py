"""Colour spaces that files declare, and their conversion to sRGB.

Conversions are relative colorimetric without black point compensation, by LittleCMS in libvips, at full depth: 8 bits come
last. Every declaration becomes an ICC profile, so there is one way from any of them to sRGB. No declaration means sRGB.

Sources: ICC.1:2022 (profiles), IEC 61966-2-1 (sRGB), ITU-T H.273 (coding-independent code points), PNG third edition (gAMA,
cHRM), DCF 2.0 (Adobe RGB), TIFF 6.0 (CIELab), Lindbloom's summary of chromatic adaptation (Bradford).
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from hemascope.domain.errors import RejectedSmear, RejectionReason
from hemascope.domain.picture_file import ColourDeclaration
from hemascope.imaging.libvips import BLOB, Error, Image

Chromaticities = tuple[float, float, float, float, float, float, float, float]  # x, y of white, red, green, blue
Curve = tuple[float, ...]  # parameters of an ICC parametric curve: g, or g, a, b, c, d

_D65 = (0.3127, 0.3290)
_BT709: Chromaticities = (*_D65, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
_BT2020: Chromaticities = (*_D65, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046)
_P3: Chromaticities = (*_D65, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060)
_ADOBE: Chromaticities = (*_D65, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06)
_SRGB_CURVE: Curve = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
_BT709_CURVE: Curve = (1 / 0.45, 1 / 1.099, 0.099 / 1.099, 1 / 4.5, 0.081)
# Code points of H.273 that stand in still pictures; perceptual quantizer and hybrid log-gamma need tone mapping and are none.
_PRIMARIES = {1: _BT709, 9: _BT2020, 12: _P3}
_TRANSFERS = {
    1: _BT709_CURVE,
    4: (2.2,),
    5: (2.8,),
    6: _BT709_CURVE,
    8: (1.0,),
    13: _SRGB_CURVE,
    14: _BT709_CURVE,
    15: _BT709_CURVE,
}
_UNSPECIFIED = 2
# Files say 1/2.2, or sRGB's primaries to three digits, where they mean sRGB: the PNG specification recommends it.
_GAMMA_OF_SRGB = 2.2
_SAME_GAMMA, _SAME_CHROMATICITY = 0.02, 0.002
_D50 = np.array([0.9642, 1.0, 0.8249])
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_BANDS = {b"RGB ": 3, b"GRAY": 1, b"CMYK": 4}  # of a profile's colour space
_CLASSES = {b"scnr", b"mntr", b"prtr", b"spac"}  # of profiles that a picture may have
# Tags that a profile without tables needs.
_MATRIX = {b"RGB ": {b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC"}, b"GRAY": {b"kTRC"}}
_TABLES = {b"A2B0", b"A2B1"}
_MOST_TAGS = 100
_INTERPRETATIONS = {(1, "uchar"): "b-w", (1, "ushort"): "grey16", (3, "uchar"): "srgb", (3, "ushort"): "rgb16"}


@dataclass(frozen=True)
class ColourSpace:
    """What a file says about its colours; ``profile`` is an ICC profile, None where none is needed."""

    declaration: ColourDeclaration
    profile: bytes | None = None


UNDECLARED = ColourSpace(ColourDeclaration.NONE)
SRGB = ColourSpace(ColourDeclaration.SRGB)
CMYK = ColourSpace(ColourDeclaration.CMYK)
CIELAB = ColourSpace(ColourDeclaration.CIELAB)
ICCLAB = ColourSpace(ColourDeclaration.ICCLAB)


def unsupported_colour(detail: str) -> RejectedSmear:
    """A declared colour space that can't be converted."""
    return RejectedSmear(
        RejectionReason.UNSUPPORTED_COLOUR, f"expected a colour space that can be converted to sRGB, received {detail}"
    )


def of_icc_profile(profile: bytes) -> ColourSpace:
    """The colour space of an ICC profile of version 2 or 4.

    Raises
    ------
    RejectedSmear
        ``unsupported_colour`` for a profile of another kind.
    """
    is_profile = len(profile) >= 132 and profile[36:40] == b"acsp"
    if is_profile and profile[16:20] == b"Lab " and profile[12:16] != b"link":
        return ICCLAB  # its samples are those of ICC's L*a*b*, whatever the format calls them
    if not is_profile or profile[16:20] not in _BANDS or profile[12:16] not in _CLASSES:
        raise unsupported_colour("an ICC profile that is damaged or not for pictures")
    return ColourSpace(ColourDeclaration.ICC_PROFILE, profile)


def of_gamma(gamma: float, chromaticities: Chromaticities | None) -> ColourSpace:
    """The colour space of a display with this exponent, as the chunks gAMA and cHRM of a PNG describe it.

    Raises
    ------
    RejectedSmear
        ``unsupported_colour`` where no display could have these figures.
    """
    primaries = chromaticities or _BT709
    if abs(gamma - _GAMMA_OF_SRGB) < _SAME_GAMMA and np.allclose(primaries, _BT709, atol=_SAME_CHROMATICITY):
        return SRGB
    return ColourSpace(ColourDeclaration.GAMMA, _display_profile(primaries, (gamma,)))


def of_chromaticities(chromaticities: Chromaticities) -> ColourSpace:
    """The colour space with these primaries and the curve of sRGB.

    Raises
    ------
    RejectedSmear
        ``unsupported_colour`` where no display could have these figures.
    """
    if np.allclose(chromaticities, _BT709, atol=_SAME_CHROMATICITY):
        return SRGB
    return ColourSpace(ColourDeclaration.GAMMA, _display_profile(chromaticities, _SRGB_CURVE))


def of_code_points(primaries: int, transfer: int) -> ColourSpace:
    """The colour space of code points of ITU-T H.273, as the chunk cICP of a PNG and the nclx box of a HEIC hold them.

    Raises
    ------
    RejectedSmear
        ``unsupported_colour`` for code points that need tone mapping or stand for no display.
    """
    if primaries == _UNSPECIFIED and transfer == _UNSPECIFIED:
        return UNDECLARED
    found = _PRIMARIES.get(1 if primaries == _UNSPECIFIED else primaries)
    curve = _TRANSFERS.get(13 if transfer == _UNSPECIFIED else transfer)
    if found is None or curve is None:
        raise unsupported_colour(f"primaries {primaries} with transfer function {transfer} of ITU-T H.273")
    if found == _BT709 and curve == _SRGB_CURVE:
        return SRGB
    return ColourSpace(ColourDeclaration.CODE_POINTS, _display_profile(found, curve))


def adobe_rgb() -> ColourSpace:
    """Adobe RGB (1998), which cameras declare by the letters R03 alone."""
    return ColourSpace(ColourDeclaration.ADOBE_RGB, _display_profile(_ADOBE, (563 / 256,)))


def to_srgb(picture: Image, space: ColourSpace) -> tuple[Image, bool]:
    """Convert a picture to sRGB.

    Parameters
    ----------
    picture
        Colour bands alone, of 8 or 16 bits: grey, RGB, CMYK, or L*a*b* as TIFF stores it.
    space
        What the file declared.

    Returns
    -------
    picture, whether it was converted
        A converted picture has three bands of 8 bits, any other is as it was.

    Raises
    ------
    RejectedSmear
        ``unsupported_colour`` where the declaration is not of such a picture, or the profile is damaged.
    """
    if space.declaration in (ColourDeclaration.CIELAB, ColourDeclaration.ICCLAB):
        if picture.bands != 3:
            raise unsupported_colour(f"L*a*b* in a picture of {picture.bands} channels")
        lab = _lab(picture, signed=space.declaration is ColourDeclaration.CIELAB)
        return lab.icc_export(output_profile="srgb", intent="relative", depth=8), True
    if space.declaration is ColourDeclaration.CMYK:
        return _without_profile(picture), True
    if space.profile is None:
        return picture, False
    bands = _BANDS[space.profile[16:20]]
    if picture.bands == 1 and bands == 3:
        picture = picture.bandjoin([picture, picture])
    if picture.bands != bands:
        raise unsupported_colour(f"an ICC profile for {bands} channels in a picture of {picture.bands}")
    if space.profile[16:20] == b"RGB " and _is_srgb(space.profile):
        return picture, False
    return _convert(picture, space.profile), True


def _convert(picture: Image, profile: bytes) -> Image:
    as_declared = picture.copy(interpretation=_INTERPRETATIONS.get((picture.bands, picture.format), "cmyk"))
    as_declared.set_type(BLOB, "icc-profile-data", profile)
    _check_tags(profile)
    try:
        return as_declared.icc_transform("srgb", embedded=True, intent="relative", depth=8)
    except Error as error:
        raise unsupported_colour("an ICC profile that is damaged") from error


def _check_tags(profile: bytes) -> None:
    """Refuse a profile without what a conversion needs: libvips takes one of its own instead, and says nothing."""
    size = min(len(profile), int.from_bytes(profile[:4], "big"))
    count = int.from_bytes(profile[128:132], "big")
    if count > _MOST_TAGS or 132 + 12 * count > size:
        raise unsupported_colour("an ICC profile that is damaged")
    entries = list(struct.iter_unpack(">4sII", profile[132 : 132 + 12 * count]))
    tags = {name for name, offset, length in entries if offset + length <= size}
    if len(tags) < len(entries):
        raise unsupported_colour("an ICC profile that is cut off")
    if not (tags & _TABLES or tags >= _MATRIX.get(profile[16:20], _TABLES)):
        raise unsupported_colour("an ICC profile without a table and without primaries")


def _lab(picture: Image, *, signed: bool) -> Image:
    """Floats in the ranges of L*a*b* (0-100, -128-127) from stored samples: CIELab's a* and b* are signed, ICCLab's are not."""
    step = 1 if picture.format == "uchar" else 256
    kinds = ("char", "short")
    lightness = picture[0] * (100 / (256 * step - 1))
    stored = picture[1:3]
    opponents = (stored.copy(format=kinds[step > 1]) if signed else stored - 128 * step) * (1 / step)
    return lightness.bandjoin(opponents).cast("float").copy(interpretation="lab")


def _without_profile(picture: Image) -> Image:
    full = 255 if picture.format == "uchar" else 65535
    inks = picture * (1 / full)
    return ((1 - inks[0:3]) * (1 - inks[3])).linear(255, 0.5, uchar=True)


@lru_cache(maxsize=16)
def _is_srgb(profile: bytes) -> bool:
    """Whether a profile changes no colour by more than one level, so that converting would only round."""
    levels = np.linspace(0, 255, 9).astype(np.uint8)
    grid = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(9, 81, 3)
    shown = _convert(Image.new_from_memory(grid.tobytes(), 81, 9, 3, "uchar"), profile).numpy()
    return bool(np.abs(shown.astype(np.int16) - grid).max() <= 1)


def _display_profile(chromaticities: Chromaticities, curve: Curve) -> bytes:
    """An ICC profile of version 4.3 of a display: a matrix adapted to D50 and one parametric curve."""
    if not (0.1 <= curve[0] <= 10 and all(0 <= value <= 1 for value in chromaticities[2:]) and min(chromaticities[:2]) > 0.01):
        raise unsupported_colour("a display that can't exist")
    white = _xyz(chromaticities[:2])
    cones = _BRADFORD @ np.stack([white, _D50], axis=1)
    adaptation = np.linalg.inv(_BRADFORD) @ np.diag(cones[:, 1] / cones[:, 0]) @ _BRADFORD
    primaries = np.stack([_xyz(chromaticities[place : place + 2]) for place in (2, 4, 6)], axis=1)
    try:
        matrix = adaptation @ primaries @ np.diag(np.linalg.solve(primaries, white))
    except np.linalg.LinAlgError as error:
        raise unsupported_colour("primaries that are one colour") from error
    curves = b"para" + bytes(4) + struct.pack(">HH", {1: 0, 5: 3}[len(curve)], 0) + _fixed(curve)
    tags = [
        (name, b"XYZ " + bytes(4) + _fixed(column)) for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), matrix.T, strict=True)
    ]
    tags += [(b"wtpt", b"XYZ " + bytes(4) + _fixed(_D50))] + [(name, curves) for name in (b"rTRC", b"gTRC", b"bTRC")]
    table, contents = struct.pack(">I", len(tags)), b""
    for name, content in tags:
        table += struct.pack(">4sII", name, 132 + 12 * len(tags) + len(contents), len(content))
        contents += content
    header = struct.pack(">II4s4s4s4s", 132 + 12 * len(tags) + len(contents), 0, b"\x04\x30\x00\x00", b"mntr", b"RGB ", b"XYZ ")
    header = (header.ljust(36, b"\x00") + b"acsp").ljust(68, b"\x00") + _fixed(_D50)
    return header.ljust(128, b"\x00") + table + contents


def _xyz(chromaticity: Sequence[float]) -> NDArray[np.float64]:
    x, y = chromaticity
    return np.array([x, y, 1 - x - y]) / max(y, 1e-6)


def _fixed(numbers: Sequence[float] | NDArray[np.float64]) -> bytes:
    """Numbers as s15Fixed16Number."""
    try:
        return struct.pack(f">{len(numbers)}i", *(round(float(number) * 65536) for number in numbers))
    except (struct.error, OverflowError) as error:
        raise unsupported_colour("a display that can't exist") from error
