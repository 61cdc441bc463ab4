"""A simulated microscope: it draws smears and writes them into a folder at a camera's pace."""

from pathlib import Path
from secrets import randbits
from threading import Event

from hemascope.imaging.synthetic import draw_synthetic_smear, encode_jpeg


def simulate(folder: Path, count: int, every: float, stop: Event, side: int = 448) -> int:
    """Write drawn smears, each in two parts, until there are enough or ``stop`` is set; return how many were written.

    Parameters
    ----------
    every
        Seconds from one picture to the next.
    side
        Width and height in pixels.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written, number = 0, 0
    while written < count and not stop.is_set():
        number += 1
        path = folder / f"simulated-{number:05d}.jpg"
        if path.exists():
            continue
        data = encode_jpeg(draw_synthetic_smear(randbits(32), side))
        with path.open("wb") as file:
            file.write(data[: len(data) // 2])
            file.flush()
            stop.wait(every / 4)
            file.write(data[len(data) // 2 :])
        written += 1
        stop.wait(every * 3 / 4)
    return written
