"""Cost of a tile, from bytes to report with all pictures, and of a profile: ``python -m benchmarks.tiles``.

Drawn fields of one microscope, each in turn in one process, so that ratios hold on a busy machine. The last has 40 megapixels
and red cells hardly larger than the smallest that a ruler sees. Fails where it takes more than half of the default function's
memory or time.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np

from benchmarks.runtimes.answer import peak_bytes
from benchmarks.screening import SPECIMEN
from hemascope.domain.microscope import MicroscopeUse
from hemascope.domain.preprocessing import PreprocessingSpec
from hemascope.domain.profile import ColourMap, IlluminationState, MicroscopeProfile, Ruler
from hemascope.domain.report import MicroscopeState
from hemascope.imaging.decode import Picture
from hemascope.imaging.overlay import encode_pngs
from hemascope.imaging.synthetic import draw_synthetic_smear, encode_jpeg
from hemascope.imaging.tiles import cut_field, relative_scale
from hemascope.model.artifact import load_artifact
from hemascope.model.classifier import Classifier
from hemascope.screening.pipeline import screen
from hemascope_cli.project import artifact_folder
from infra.settings import Settings

_SMEAR = (299, 224)  # pixels of a drawn smear that is one tile; its red cells are 19.3 wide
_CELL = 19.3
_LIGHT = (0.0, 0.02, -0.03, -0.05, 0.01, -0.04, *(0.0,) * 9)


class Field(NamedTuple):
    """So many drawn smears a side, enlarged to a width of so many pixels."""

    name: str
    side: int
    width: int


FIELDS = (
    Field("2592 x 1944, one tile", 1, 2592),
    Field("2592 x 1944, 4 tiles", 2, 2592),
    Field("2592 x 1944, 9 tiles", 3, 2592),
    Field("40 megapixels, 25 tiles", 5, 7304),
    Field("40 megapixels, 49 tiles", 7, 7304),
)


def drawn_field(field: Field) -> Picture:
    """A field of drawn smears beside each other."""
    smears = [cv2.resize(draw_synthetic_smear(seed, side=448), _SMEAR, interpolation=cv2.INTER_AREA) for seed in range(7)]
    rows = [np.hstack([smears[(row + column) % 7] for column in range(field.side)]) for row in range(field.side)]
    height = round(field.width * _SMEAR[1] / _SMEAR[0])
    return np.asarray(cv2.resize(np.vstack(rows), (field.width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def profile_of(field: Field, picture: Picture, *, corrects: bool) -> MicroscopeProfile:
    """A ruler, and light and colours that are corrected where that is asked for."""
    height, width = picture.shape[:2]
    ruler = Ruler(red_cell=_CELL * width / (_SMEAR[0] * field.side), width=width, height=height, fields=30)
    if not corrects:
        return MicroscopeProfile(ruler=ruler)
    light = IlluminationState(red=_LIGHT, green=_LIGHT, blue=_LIGHT, fields=10)
    matrix = ((1.02, -0.01, 0.0), (0.0, 0.98, 0.01), (0.01, 0.0, 1.01))
    return MicroscopeProfile(ruler=ruler, illumination=(light,), colour=ColourMap(name="mk", matrix=matrix))


def median_ms(work: Callable[[], object], repeat: int) -> float:
    """Median milliseconds of so many runs, after one that does not count."""
    work()
    times = []
    for _ in range(repeat):
        begin = time.perf_counter()
        work()
        times.append(1e3 * (time.perf_counter() - begin))
    return statistics.median(times)


def main() -> int:
    """Print two tables; return 1 where the largest field takes too much."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tiles", description=__doc__)
    parser.add_argument("--repeat", type=int, default=3, help="runs of each field (default: 3)")
    repeat = parser.parse_args().repeat
    classifier = Classifier(load_artifact(artifact_folder(None)))
    print("| field | tiles | ms | x | ms a further tile | peak MB |\n| --- | --- | --- | --- | --- | --- |")
    first = slowest = 0.0
    for field in FIELDS:
        picture = drawn_field(field)
        data = encode_jpeg(picture)
        profile = profile_of(field, picture, corrects=True)
        use = MicroscopeUse("bench", MicroscopeState.VERIFIED, profile, profile.sha256, "c" * 64)
        tiles = len(cut_field(picture, classifier.artifact.manifest.preprocessing, profile).tiles)
        del picture
        slowest = median_ms(lambda data=data, use=use: _screen(data, classifier, use), repeat)  # type: ignore[misc]
        first = first or slowest
        further = f"{(slowest - first) / (tiles - 1):.1f}" if tiles > 1 else ""
        print(
            f"| {field.name} | {tiles} | {slowest:.0f} | {slowest / first:.2f} | {further} | {peak_bytes() / 1e6:.0f} |",
            flush=True,
        )
    _print_profile(repeat)
    settings = Settings()
    too_long = slowest > 500.0 * settings.timeout_seconds
    return int(too_long or peak_bytes() / 1e6 > settings.memory_mb / 2)


def _screen(data: bytes, classifier: Classifier, use: MicroscopeUse) -> None:
    seen = screen(data, SPECIMEN, classifier, microscope=use).pictures
    if seen is None:
        raise ValueError("expected a report with pictures")
    list(encode_pngs([seen.segmented, seen.overlay, *seen.heat_maps.values()]))


def _print_profile(repeat: int) -> None:
    """What corrections add to cutting a field of 2592 x 1944, and what it takes to compare it with its ruler."""
    spec, field = PreprocessingSpec(), FIELDS[1]
    picture = drawn_field(field)
    plain, corrected = (profile_of(field, picture, corrects=corrects) for corrects in (False, True))
    runs = 10 * repeat
    cutting = median_ms(lambda: cut_field(picture, spec, plain), runs)
    both = median_ms(lambda: cut_field(picture, spec, corrected), runs)
    scale = median_ms(lambda: relative_scale(picture, plain), runs)
    print("\n| 2592 x 1944, 4 tiles | ms | x |\n| --- | --- | --- |")
    print(f"| shrink and cut | {cutting:.1f} | 1.00 |")
    print(f"| the same, with light and colours corrected | {both:.1f} | {both / cutting:.2f} |")
    print(f"| compare red cells with the ruler | {scale:.1f} | {scale / cutting:.2f} |")


if __name__ == "__main__":
    sys.exit(main())
