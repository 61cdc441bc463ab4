"""Screen smears that were encoded anew, and damaged ones: ``python -m tests.reencoded DATASET``.

Each smear is written in other colour spaces, depths, layouts and formats, with the declarations that say so. A viewer shows
the same picture, so the answer must be the plain file's, but for what rounding to 8 bits explains. Then four kilobytes are
taken out of each, or written over with zeros or noise: none of these files may be judged.
"""

import argparse
import io
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pillow_heif
import pyvips
import tifffile
from numpy.typing import NDArray
from PIL import Image

from hemascope.domain.report import Decision, Report
from hemascope.domain.specimen import Specimen
from hemascope.imaging import colour_space
from hemascope.imaging.decode import Picture, decode
from hemascope.model.artifact import load_artifact
from hemascope.model.classifier import Classifier
from hemascope.screening.pipeline import screen
from hemascope_cli.project import artifact_folder

SPECIMEN = Specimen(hospital="test", patient="reencoded", slide="any", field="smear.tif")
Floats = NDArray[np.float64]

_D65, _D50 = (0.3127, 0.3290), (0.3457, 0.3585)
_SRGB = (*_D65, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
_P3 = (*_D65, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060)
_ADOBE = (*_D65, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06)
_PROPHOTO = (*_D50, 0.7347, 0.2653, 0.1596, 0.8404, 0.0366, 0.0001)


def _matrix(chromaticities: Sequence[float]) -> Floats:
    """RGB of a display -> XYZ under its own white."""
    pairs = np.reshape(chromaticities, (4, 2))
    white, *primaries = [np.array([x, y, 1 - x - y]) / y for x, y in pairs]
    columns = np.stack(primaries, axis=1)
    return np.asarray(columns * np.linalg.solve(columns, white))


def _adapted(source: Sequence[float], target: Sequence[float]) -> Floats:
    """Linear Bradford transform between the whites of two displays."""
    bradford = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
    cones = [bradford @ np.array([x, y, 1 - x - y]) / y for x, y in (source[:2], target[:2])]
    return np.asarray(np.linalg.inv(bradford) @ np.diag(cones[1] / cones[0]) @ bradford)


def _to_linear(picture: Picture) -> Floats:
    shown = picture / 255
    return np.where(shown <= 0.04045, shown / 12.92, ((shown + 0.055) / 1.055) ** 2.4)


def in_space(picture: Picture, chromaticities: Sequence[float], gamma: float, white: int) -> NDArray[Any]:
    """The picture's colours as numbers of a display of these primaries and this exponent (0: sRGB's curve), up to ``white``."""
    to_target = np.linalg.inv(_matrix(chromaticities)) @ _adapted(_SRGB, chromaticities) @ _matrix(_SRGB)
    light = np.clip(_to_linear(picture) @ to_target.T, 0, 1)
    curve_of_srgb = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    coded = light ** (1 / gamma) if gamma else curve_of_srgb
    return np.rint(coded * white).astype(np.uint8 if white == 255 else np.uint16)


def _tiff(pixels: NDArray[Any], **how: Any) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, pixels, photometric=how.pop("photometric", "rgb"), metadata=None, **how)
    return file.getvalue()


def _pillow(picture: Picture, kind: str, **how: Any) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, kind, **how)
    return file.getvalue()


def _profile(chromaticities: Sequence[float], gamma: float) -> bytes:
    profile = colour_space.of_gamma(gamma, tuple(chromaticities)).profile  # type: ignore[arg-type]
    assert profile is not None
    return profile


def _lab(picture: Picture) -> NDArray[np.uint8]:
    """CIELab under D50, of 8 bits, a* and b* signed, as TIFF stores it."""
    xyz = _to_linear(picture) @ (_adapted(_SRGB, _PROPHOTO) @ _matrix(_SRGB)).T / [0.9642, 1.0, 0.8249]
    root = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    lab = np.stack([116 * root[..., 1] - 16, 500 * (root[..., 0] - root[..., 1]), 200 * (root[..., 1] - root[..., 2])], axis=-1)
    stored = np.rint(lab * [2.55, 1, 1])
    return np.where(stored < 0, stored + 256, stored).astype(np.uint8)


def _heic(picture: Picture) -> bytes:
    file = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(picture)).save(file, quality=-1, chroma=444, matrix_coefficients=0)
    return file.getvalue()


def _low_bits(picture: Picture, bits: int, **how: Any) -> bytes:
    return _tiff(np.rint(picture.astype(np.float64) * ((2**bits - 1) / 255)).astype(np.uint16), **how)


VARIANTS: Mapping[str, Callable[[Picture], bytes]] = {
    "linear light, 16 bits": lambda smear: _tiff(in_space(smear, _SRGB, 1.0, 65535), iccprofile=_profile(_SRGB, 1.0)),
    "linear light, 8 bits": lambda smear: _tiff(in_space(smear, _SRGB, 1.0, 255), iccprofile=_profile(_SRGB, 1.0)),
    "Display P3": lambda smear: _pillow(
        in_space(smear, _P3, 0.0, 255), "PNG", icc_profile=pyvips.Operation.call("profile_load", "p3")
    ),
    "Adobe RGB": lambda smear: _pillow(
        in_space(smear, _ADOBE, 563 / 256, 255), "PNG", icc_profile=colour_space.adobe_rgb().profile
    ),
    "ProPhoto RGB, 16 bits": lambda smear: _tiff(in_space(smear, _PROPHOTO, 1.8, 65535), iccprofile=_profile(_PROPHOTO, 1.8)),
    "CIELab": lambda smear: _tiff(_lab(smear), photometric="cielab"),
    "HEIC": _heic,
    "planar": lambda smear: _tiff(np.moveaxis(smear, 2, 0), planarconfig="separate"),
    "planar tiles, 16 bits": lambda smear: _tiff(
        np.moveaxis(smear.astype(np.uint16) * 257, 2, 0), planarconfig="separate", tile=(64, 64), compression="zlib"
    ),
    "10 bits in 16": lambda smear: _low_bits(smear, 10),
    "12 bits in 16": lambda smear: _low_bits(smear, 12),
    "14 bits in 16, declared": lambda smear: _low_bits(smear, 14, extratags=[(281, 3, 3, (16383,) * 3, True)]),
}


class Holes(NamedTuple):
    """Files with a hole: how many were made, how many refused."""

    made: int
    refused: int


def with_holes(data: bytes, generator: np.random.Generator) -> Iterator[bytes]:
    """The file with up to 4 KB gone: cut out, overwritten with zeros, overwritten with noise."""
    size = min(4096, len(data) // 4)
    place = int(generator.integers(len(data) // 4, len(data) * 3 // 4 - size))
    yield data[:place] + data[place + size :]
    for filling in (bytes(size), generator.bytes(size)):
        yield data[:place] + filling + data[place + size :]


def judge(data: bytes, classifier: Classifier) -> Report:
    """The report on one file."""
    return screen(data, SPECIMEN, classifier, draw=False).report


def _answer(report: Report) -> tuple[str, str]:
    return (report.result.label, report.result.decision) if report.result else ("rejected", str(report.rejection))


def compare(files: Sequence[Path], classifier: Classifier) -> tuple[Counter[tuple[str, str]], Holes]:
    """Count, by variant, the answers that differ from the plain file's and those among them that are confident."""
    counts: Counter[tuple[str, str]] = Counter()
    generator = np.random.default_rng(13)
    made = refused = 0
    for number, file in enumerate(files, 1):
        data = file.read_bytes()
        plain, smear = _answer(judge(data, classifier)), decode(data)
        for name, encode in VARIANTS.items():
            found = _answer(judge(encode(smear), classifier))
            counts[name, "different"] += found != plain
            counts[name, "confident and different"] += found[0] != plain[0] and found[1] == Decision.CONFIDENT
        for damaged in with_holes(data, generator):
            made += 1
            refused += judge(damaged, classifier).rejection is not None
        print(f"{number} of {len(files)}", end="\r", file=sys.stderr)
    return counts, Holes(made, refused)


def chosen(dataset: Path, number: int) -> list[Path]:
    """As many smears of each class, the same each time."""
    folders = sorted(folder for folder in (dataset / "Original").iterdir() if folder.is_dir())
    generator = np.random.default_rng(80)
    share = number // len(folders)
    return [path for folder in folders for path in generator.permutation(sorted(folder.iterdir()))[:share]]


def main() -> int:
    """Print a table; return 1 where more differs than rounding explains or a hole passes."""
    parser = argparse.ArgumentParser(prog="python -m tests.reencoded", description=__doc__)
    parser.add_argument("dataset", type=Path, help="folder that holds Original")
    parser.add_argument("--smears", type=int, default=80, help="how many smears (default: %(default)s)")
    options = parser.parse_args()
    files = chosen(options.dataset, options.smears)
    counts, holes = compare(files, Classifier(load_artifact(artifact_folder(None))))
    print(f"{'':<26}{'different':>10}{'confident and different':>26}  of {len(files)}")
    for name in VARIANTS:
        print(f"{name:<26}{counts[name, 'different']:>10}{counts[name, 'confident and different']:>26}")
    print(f"holes of 4 KB: {holes.refused} of {holes.made} refused")
    most = len(files) // 80
    wrong = any(counts[name, "different"] > most or counts[name, "confident and different"] for name in VARIANTS)
    return int(wrong or holes.refused < holes.made)


if __name__ == "__main__":
    sys.exit(main())
