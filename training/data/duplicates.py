"""Finds smears that show the same field of a slide: copies, and pictures whose fields overlap.

Each quarter of one picture is matched against the other. Pictures of one field correlate with about 0.95; among 6,000 pairs
from distant parts of a class of the data set the highest correlation was 0.75; two single dark cells on an empty slide may
reach 0.8.
"""

import json
import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from hemascope.domain.preprocessing import PreprocessingSpec
from hemascope.imaging.decode import Picture
from training.data.dataset import Sample, fingerprint, load_working_pictures

REACH = 120  # file numbers; a slide is photographed in one session, so pictures of one field have close numbers
SAME_FIELD = 0.85  # normalized correlation
_ROWS, _COLUMNS = 56, 64
_FLAT = 6.0  # standard deviation in grey levels, below which a quarter is empty and would match any other


def file_number(sample: Sample) -> int:
    """The number at the end of a file's name, -1 where there is none.

    Examples
    --------
    >>> file_number(Sample("Original/Pre/WBC-Malignant-Pre-041.jpg", 2, ""))
    41
    """
    found = re.search(r"(\d+)\.\w+$", sample.path)
    return int(found[1]) if found else -1


def stored_groups(root: Path, samples: Sequence[Sample], file: Path) -> dict[str, str]:
    """Group of each smear (path -> path of the group's first), from a file that is made if it is missing.

    Raises
    ------
    ValueError
        Where the file was made for another data set.
    """
    identity = fingerprint(samples)
    if not file.exists():
        groups = defaultdict(list)
        for path, first in field_groups(root, samples).items():
            groups[first].append(path)
        several = [sorted(group) for group in groups.values() if len(group) > 1]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"dataset": identity, "groups": sorted(several)}, indent=1) + "\n")
    content = json.loads(file.read_text())
    if content["dataset"] != identity:
        raise ValueError(f"expected groups of the data set {identity[:12]}, received {content['dataset'][:12]}")
    alone = {sample.path: sample.path for sample in samples}
    return alone | {path: group[0] for group in content["groups"] for path in group}


def field_groups(root: Path, samples: Sequence[Sample]) -> dict[str, str]:
    """Group smears: pairs of a class within :data:`REACH` file numbers are compared, byte-identical copies at any distance."""
    pictures = load_working_pictures(root, samples, PreprocessingSpec())
    thumbnails = [thumbnail(picture) for picture in pictures]
    pairs = _copies(samples)
    order = sorted(range(len(samples)), key=lambda number: (samples[number].label, file_number(samples[number])))
    for position, number in enumerate(order):
        for other in order[position + 1 :]:
            near = file_number(samples[other]) - file_number(samples[number]) <= REACH
            if samples[other].label != samples[number].label or not near:
                break
            if similarity(thumbnails[number], thumbnails[other]) > SAME_FIELD:
                pairs.append((number, other))
    return _groups(samples, pairs)


def thumbnail(working: Picture) -> Picture:
    """The green channel, in which cells are darkest, without the scale bar's strip: (56, 64), uint8."""
    green = np.ascontiguousarray(working[: working.shape[0] * 7 // 8, :, 1])
    return np.asarray(cv2.resize(green, (_COLUMNS, _ROWS), interpolation=cv2.INTER_AREA), np.uint8)


def similarity(thumbnail: Picture, other: Picture) -> float:
    """Highest normalized correlation of a quarter of one thumbnail anywhere in the other, 0-1."""
    height, width = _ROWS // 2, _COLUMNS // 2
    best = 0.0
    for top in (0, _ROWS - height):
        for left in (0, _COLUMNS - width):
            quarter = thumbnail[top : top + height, left : left + width]
            if quarter.std() >= _FLAT:
                best = max(best, float(cv2.matchTemplate(other, quarter, cv2.TM_CCOEFF_NORMED).max()))
    return best


def _copies(samples: Sequence[Sample]) -> list[tuple[int, int]]:
    first: dict[str, int] = {}
    return [(first.setdefault(sample.sha256, number), number) for number, sample in enumerate(samples)]


def _groups(samples: Sequence[Sample], pairs: Sequence[tuple[int, int]]) -> dict[str, str]:
    rows, columns = zip(*pairs, strict=True)
    size = len(samples)
    _, labels = connected_components(coo_array((np.ones(len(pairs)), (rows, columns)), shape=(size, size)), directed=False)
    first: dict[int, str] = {}
    for sample, label in zip(samples, labels, strict=True):
        first.setdefault(int(label), sample.path)
    return {sample.path: first[int(label)] for sample, label in zip(samples, labels, strict=True)}
