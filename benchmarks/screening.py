"""Where the time of one smear goes: ``make bench``. Ratios are of the network's own time in the same run."""

import argparse
import statistics
import time
from collections import defaultdict
from pathlib import Path

import cv2

from hemascope.commands.project import artifact_folder
from hemascope.contracts.specimen import Specimen
from hemascope.imaging.synthetic import draw_synthetic_smear, encode_jpeg
from hemascope.model.artifact import load_artifact
from hemascope.model.classifier import Classifier, usable_cores
from hemascope.screening import screen

SPECIMEN = Specimen(hospital="bench", patient="synthetic", case="bench", file="smear.jpg")


def main() -> None:
    """Time the steps of ``screen`` for a small and a large picture, in turn, and print their medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=60)
    parser.add_argument("--artifact", type=Path, default=None)
    options = parser.parse_args()
    started = time.perf_counter()
    classifier = Classifier(load_artifact(artifact_folder(options.artifact)))
    load = (time.perf_counter() - started) * 1000
    square = draw_synthetic_smear(1, side=1944, blasts=9)
    pictures = {
        "224 x 224": encode_jpeg(draw_synthetic_smear(1, side=224)),
        "2592 x 1944": encode_jpeg(cv2.resize(square, (2592, 1944))),
    }
    times: dict[str, dict[str, list[float]]] = {name: defaultdict(list) for name in pictures}
    for repeat in range(options.repeat + 5):
        for name, data in pictures.items():
            begin = time.perf_counter()
            report = screen(data, SPECIMEN, classifier, timer=time.perf_counter).report
            whole = (time.perf_counter() - begin) * 1000
            if repeat >= 5:  # warm
                for step, milliseconds in {**report.timings_ms, "whole": whole}.items():
                    times[name][step].append(milliseconds)
    print(f"{usable_cores()} cores, {options.repeat} warm runs each, model loaded and checked in {load:.0f} ms\n")
    print(f"{'JPEG':<12} {'step':<9} {'median ms':>10} {'p95 ms':>8} {'/ network':>10}")
    for name, steps in times.items():
        network = statistics.median(steps["network"])
        for step, values in steps.items():
            p95 = statistics.quantiles(values, n=20)[-1]
            median = statistics.median(values)
            print(f"{name:<12} {step:<9} {median:>10.2f} {p95:>8.2f} {median / network:>10.2f}")


if __name__ == "__main__":
    main()
