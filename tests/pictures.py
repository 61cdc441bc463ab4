"""Compare what the decoder sees with what a colour-managed viewer shows: ``python -m tests.pictures FOLDER``.

The folder holds pictures, an ``index.json`` that says of each what is right, and the right pixels in ``expected``. A picture
passes where its pixels are right or a rejection is; wrong pixels that nobody is told of are the one thing that must not be.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import tifffile
from PIL import Image

from hemascope.domain.errors import RejectedSmear, RejectionReason
from hemascope.imaging.decode import Picture, decode_file

# Of a file that is whole, this may not be said.
_DAMAGED = {RejectionReason.CORRUPT, RejectionReason.TRUNCATED, RejectionReason.EMPTY_FILE}
# The index calls these rejections because they were; telephones send them, so their pixels are wanted.
_WANTED = {".heic": 20, "heic_named.jpg": 20}


class Outcome(NamedTuple):
    """What came of a picture; ``verdict`` is ``right pixels``, ``right rejection``, ``honest rejection`` or what is wrong."""

    name: str
    verdict: str
    detail: str

    @property
    def is_silently_wrong(self) -> bool:
        """Whether pixels came out that are not what was photographed."""
        return self.verdict == "WRONG PIXELS"


def judge(folder: Path) -> Iterator[Outcome]:
    """Decode all pictures of the index, in its order."""
    index: Mapping[str, Mapping[str, Any]] = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    for name, right in index.items():
        yield _judge(folder, name, right)


def _judge(folder: Path, name: str, right: Mapping[str, Any]) -> Outcome:
    is_wanted = [tolerance for ending, tolerance in _WANTED.items() if name.endswith(ending)]
    try:
        decoded = decode_file((folder / name).read_bytes())
    except RejectedSmear as refusal:
        if right["right"] == "rejection":
            return Outcome(name, "right rejection", str(refusal.reason))
        verdict = "CALLED DAMAGED" if refusal.reason in _DAMAGED else "honest rejection"
        return Outcome(name, verdict, f"{refusal.reason}: {refusal}")
    expected = folder / "expected" / f"{name}.png"
    if is_wanted:
        # The same field as a plain file, through a lossy encoder.
        expected, tolerance = folder / "expected" / "02_plain.tif.png", is_wanted[0]
    elif right["right"] == "rejection":
        return Outcome(name, "WRONG PIXELS", "a rejection is right")
    else:
        tolerance = right["tolerance"]
    wanted = np.asarray(Image.open(expected).convert("RGB"), np.int16)
    if wanted.shape != decoded.picture.shape:
        return Outcome(name, "WRONG PIXELS", f"shape {decoded.picture.shape} instead of {wanted.shape}")
    difference = float(np.percentile(np.abs(wanted - decoded.picture).max(axis=2), 99))
    source = decoded.source
    detail = f"99 % within {difference:.0f} of {tolerance}; {source.bits} bits by {source.bits_from}, colour {source.colour}"
    if difference <= tolerance:
        return Outcome(name, "right pixels", detail)
    if not source.converted and _others_agree(folder / name, decoded.picture):
        return Outcome(name, "index disputed", f"{detail}; Pillow, OpenCV and tifffile see what is seen here")
    return Outcome(name, "WRONG PIXELS", detail)


def _others_agree(path: Path, picture: Picture) -> bool:
    """Whether three decoders that are not ours see the same in the file, whatever the index expects of it."""
    if path.suffix not in {".tif", ".tiff"}:
        return False
    seen = (np.asarray(Image.open(path).convert("RGB")), cv2.imread(path)[..., ::-1], tifffile.imread(path))
    return all(other.shape == picture.shape and np.abs(picture.astype(np.int16) - other).max() <= 2 for other in seen)


def main() -> int:
    """Print a table; return 1 where a picture came out wrong or a whole one is called damaged."""
    parser = argparse.ArgumentParser(prog="python -m tests.pictures", description=__doc__)
    parser.add_argument("folder", type=Path, help="pictures with an index.json")
    outcomes = list(judge(parser.parse_args().folder))
    width = max(len(outcome.name) for outcome in outcomes)
    for outcome in outcomes:
        print(f"{outcome.name:<{width}}  {outcome.verdict:<16}  {outcome.detail}")
    print()
    for verdict, count in sorted(Counter(outcome.verdict for outcome in outcomes).items()):
        print(f"{verdict:<16}  {count:>4}")
    return int(any(outcome.verdict.isupper() for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
