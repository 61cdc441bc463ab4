"""Most memory that a picture takes, from bytes to report with all pictures: ``python -m benchmarks.memory``.

The largest honest pictures of each kind and the worst hostile ones, each in its own process with the environment variables of
the image. Fails where one takes more than its bound: the default function has 1,769 MB.
"""

import argparse
import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import pillow_heif
import tifffile
from PIL import Image

from benchmarks.runtimes.answer import peak_bytes
from benchmarks.screening import SPECIMEN, drawn, image_variables
from hemascope.imaging.decode import Picture, decode
from hemascope.imaging.overlay import encode_pngs
from hemascope.model.artifact import load_artifact
from hemascope.model.classifier import Classifier
from hemascope.screening.pipeline import screen
from hemascope_cli.project import artifact_folder


class Kind(NamedTuple):
    """How a file is made, and the most megabytes that it may take."""

    make: Callable[[], bytes]
    bound: int


def _smear(width: int, height: int) -> Picture:
    return decode(drawn((width, height)))


def _jpeg(picture: Picture, *parameters: int) -> bytes:
    return bytes(cv2.imencode(".jpg", picture[..., ::-1], list(parameters))[1])


def _tiff(picture: Picture) -> bytes:
    file = io.BytesIO()
    deep = picture.astype(np.uint16) * 257
    tifffile.imwrite(file, deep, photometric="rgb", compression="zlib", predictor=True)
    return file.getvalue()


def _heic(picture: Picture) -> bytes:
    file = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(picture)).save(file, quality=60)
    return file.getvalue()


def _noise(width: int, height: int) -> Picture:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def _tiny_cells() -> Picture:
    """Ten thousand purple dots on a slide of 25 megapixels."""
    picture = np.full((4000, 6250, 3), (238, 240, 246), np.uint8)
    for row in range(20, 4000, 40):
        for column in range(31, 6250, 62):
            cv2.circle(picture, (column, row), 12, (110, 50, 150), cv2.FILLED)
    return picture


def _purple() -> Picture:
    return np.full((4000, 6250, 3), (110, 50, 150), np.uint8)


KINDS: Mapping[str, Kind] = {
    "honest: JPEG, 5 megapixels": Kind(lambda: _jpeg(_smear(2592, 1944)), 300),
    "honest: JPEG, 100 megapixels": Kind(lambda: _jpeg(_smear(11500, 8690), cv2.IMWRITE_JPEG_QUALITY, 80), 1000),
    "honest: progressive JPEG, 66 megapixels": Kind(
        lambda: _jpeg(_smear(9370, 7040), cv2.IMWRITE_JPEG_PROGRESSIVE, 1, cv2.IMWRITE_JPEG_QUALITY, 80), 1000
    ),
    "honest: TIFF of 16 bits, 25 megapixels": Kind(lambda: _tiff(_smear(5770, 4330)), 1000),
    "honest: HEIC, 48 megapixels": Kind(lambda: _heic(_smear(8064, 6048)), 1000),
    "hostile: noise, 25 megapixels": Kind(lambda: _jpeg(_noise(5770, 4330), cv2.IMWRITE_JPEG_QUALITY, 60), 600),
    "hostile: 10,000 tiny cells": Kind(lambda: _jpeg(_tiny_cells()), 600),
    "hostile: all purple": Kind(lambda: _jpeg(_purple()), 600),
}


def screen_once(picture: Path) -> str:
    """Screen with all pictures; return what came of it, seconds and megabytes."""
    classifier = Classifier(load_artifact(artifact_folder(None)))
    data = picture.read_bytes()
    before, begin = peak_bytes(), time.perf_counter()
    screening = screen(data, SPECIMEN, classifier)
    if screening.pictures:
        seen = screening.pictures
        list(encode_pngs([seen.segmented, seen.overlay, *seen.heat_maps.values()]))
    seconds = time.perf_counter() - begin
    result = screening.report.result
    outcome = result.decision if result else str(screening.report.rejection and screening.report.rejection.reason)
    return f"{outcome} {seconds:.2f} {peak_bytes() / 1e6:.0f} {before / 1e6:.0f}"


def main() -> int:
    """Print a table; return 1 where a bound is broken."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("--picture", type=Path, help=argparse.SUPPRESS)
    picture: Path | None = parser.parse_args().picture
    if picture:
        print(screen_once(picture))
        return 0
    broken = 0
    print("| picture | file MB | outcome | seconds | peak MB | bound MB |\n| --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        for name, kind in KINDS.items():
            file = Path(folder) / "picture"
            size = file.write_bytes(kind.make())
            outcome, seconds, peak, _ = _in_a_process(file)
            broken += int(peak) > kind.bound
            print(f"| {name} | {size / 1e6:.1f} | {outcome} | {seconds} | {peak} | {kind.bound} |", flush=True)
    return int(broken > 0)


def _in_a_process(file: Path) -> tuple[Any, ...]:
    command = [sys.executable, "-m", "benchmarks.memory", "--picture", str(file)]
    done = subprocess.run(command, env=os.environ | image_variables(), capture_output=True, text=True, check=True)
    return tuple(done.stdout.split())


if __name__ == "__main__":
    sys.exit(main())
