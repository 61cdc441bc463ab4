"""Time of each step of screening one smear, from bytes to report: ``python -m benchmarks.screening``.

A small and a large picture, each in its own process with the environment variables of the image; with pictures and without.
Ratios are to the network's time in the same process. Put ``chrt -f 20`` before it where other work runs.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import cv2

from benchmarks.runtimes.answer import peak_bytes
from hemascope.domain.specimen import Specimen
from hemascope.imaging.overlay import encode_pngs
from hemascope.imaging.synthetic import draw_synthetic_smear, encode_jpeg
from hemascope.model.artifact import load_artifact
from hemascope.model.classifier import Classifier, usable_cores
from hemascope.screening.pipeline import Screening, screen
from hemascope_cli.project import artifact_folder

ROOT = Path(__file__).resolve().parent.parent
SPECIMEN = Specimen(hospital="bench", patient="synthetic", slide="bench", field="smear.jpg")
SIZES = {"224 x 224": (224, 224), "2592 x 1944": (2592, 1944)}
PARTS = {"without pictures": False, "with all pictures": True}
_WARM_UP = 5


def drawn(size: tuple[int, int]) -> bytes:
    """A JPEG file of a drawn smear of nine blasts."""
    return encode_jpeg(cv2.resize(draw_synthetic_smear(1, side=min(size), cells=9), size))


def image_variables() -> dict[str, str]:
    """Variables of the memory allocator, as the image sets them."""
    dockerfile = (ROOT / "lambdas" / "screen_smear" / "Dockerfile").read_text()
    return dict(re.findall(r"^ENV (MALLOC_\w+)=(\d+)$", dockerfile, re.MULTILINE))


def to_report(data: bytes, classifier: Classifier, draw: bool) -> dict[str, float]:
    """Milliseconds of each step of one smear, and of the whole."""
    begin = time.perf_counter()
    screening = screen(data, SPECIMEN, classifier, timer=time.perf_counter, draw=draw)
    screened = time.perf_counter()
    files = _files(screening)
    encoded = time.perf_counter()
    content = screening.report.to_json() + screening.summary.to_json()
    end = time.perf_counter()
    assert content, "expected a report"
    assert len(files) == 4 * draw, f"expected four pictures or none, received {len(files)}"
    rest = {"encoding": 1e3 * (encoded - screened), "serialization": 1e3 * (end - encoded), "whole": 1e3 * (end - begin)}
    return screening.report.timings_ms | rest


def _files(screening: Screening) -> list[bytes]:
    seen = screening.pictures
    return list(encode_pngs([seen.segmented, seen.overlay, *seen.heat_maps.values()])) if seen else []


def measure(picture: Path, artifact: Path, repeat: int) -> dict[str, dict[str, list[float]]]:
    """Times by step, of both parts in turn; and the peaks of memory, before and after pictures were drawn."""
    begin = time.perf_counter()
    classifier = Classifier(load_artifact(artifact))
    found: dict[str, dict[str, list[float]]] = {name: defaultdict(list) for name in PARTS}
    found["all"] = {"load": [1e3 * (time.perf_counter() - begin)]}
    data = picture.read_bytes()
    for name, draw in PARTS.items():
        for number in range(_WARM_UP + repeat):
            steps = to_report(data, classifier, draw)
            for step, milliseconds in steps.items() if number >= _WARM_UP else ():
                found[name][step].append(milliseconds)
        found[name]["peak"] = [peak_bytes() / 1e6]
    return found


def table(name: str, found: dict[str, dict[str, list[float]]]) -> list[str]:
    """Lines of Markdown about one picture."""
    lines = []
    for part in PARTS:
        network = statistics.median(found[part]["network"])
        for step, values in found[part].items():
            if step == "peak" or (part != "with all pictures" and step in {"overlay", "heat_maps", "encoding"}):
                continue
            median, p95 = statistics.median(values), statistics.quantiles(values, n=20)[-1]
            label = f"**{step}, {part}**" if step == "whole" else step
            lines.append(f"| {name} | {label} | {median:.2f} | {p95:.2f} | {median / network:.2f} |")
        lines.append(f"| {name} | peak memory, {part} | {found[part]['peak'][0]:.0f} MB | | |")
    return lines


def main() -> None:
    """Start a process for each picture; print what they measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=60)
    parser.add_argument("--artifact", type=Path, default=None)
    parser.add_argument("--picture", type=Path, help="measure this file, in this process, and print JSON")
    options = parser.parse_args()
    artifact = artifact_folder(options.artifact)
    if options.picture:
        print(json.dumps(measure(options.picture, artifact, options.repeat)))
        return
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        for name, size in SIZES.items():
            picture = Path(folder) / f"{size[0]}.jpg"
            picture.write_bytes(drawn(size))  # drawn here, so that it adds to no peak of memory
            command = [sys.executable, "-m", "benchmarks.screening", *sys.argv[1:], "--picture", str(picture)]
            done = subprocess.run(command, cwd=ROOT, env=os.environ | image_variables(), stdout=subprocess.PIPE, check=True)
            lines += table(name, json.loads(done.stdout))
    print(f"{artifact.parent.name} {artifact.name}, {usable_cores()} cores, load {os.getloadavg()[0]:.1f}, ", end="")
    print(
        f"{options.repeat} warm runs each\n\n| JPEG | step | median ms | p95 ms | / network |\n| --- | --- | --- | --- | --- |"
    )
    print("\n".join(lines))


if __name__ == "__main__":
    main()
