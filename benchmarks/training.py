"""What the matrix costs with and without the feature cache: ``python benchmarks/training.py``.

Both ways run the study's nine rows on the same few drawn smears, in one run, in turn. Without the cache a frozen backbone sees
every picture anew in every row and every epoch, as it does where it stands inside of the trained network. Weights are random:
they cost what trained ones cost.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


from hemascope.imaging.synthetic import draw_synthetic_smear, encode_jpeg
from hemascope.model.classifier import usable_cores
from training.backbones import BACKBONES
from training.dataset import CLASS_FOLDERS
from training.experiments.examples import Sources
from training.experiments.heads import HEADS, HeadSettings
from training.experiments.registry import STUDY, Row, rows_called
from training.features import extract
from training.run import Data
from training.weights import save_weights

ROWS = tuple(row for row in rows_called() if row.source == STUDY and set(row.backbones) <= {"vgg16", "densenet121"})[:9]


def main() -> None:
    """Time both ways and print their costs, of the cached way's as ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smears", type=int, default=6, help="of each class")
    parser.add_argument("--epochs", type=int, default=3, help="that are run; the study's 50 are reckoned from them")
    parser.add_argument("--copies", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sources = _sources(Path(folder), options.smears, options.copies)
        began = time.perf_counter()
        cached = _cached(sources, ROWS, options.epochs)
        whole = time.perf_counter() - began
        uncached = {row.name: _uncached_epoch(sources, row) for row in ROWS}
    features, heads = cached["features"], cached["heads"]
    epoch = sum(uncached.values())
    count = len(sources.data.split.train)
    print(f"{usable_cores()} cores, {len(ROWS)} rows, {count} training smears, {options.copies} augmented copies of each\n")
    print(f"{'with the cache: features, once':<48} {features:>8.1f} s")
    print(f"{f'with the cache: heads, {options.epochs} epochs each':<48} {heads:>8.1f} s   (all of it {whole:.1f} s)")
    print(f"{'without: backbones, one epoch of every row':<48} {epoch:>8.1f} s")
    print()
    print(f"{'epochs':<8} {'with s':>10} {'without s':>10} {'without / with':>15}")
    for epochs in (options.epochs, 50):
        trained = heads * epochs / options.epochs  # either way trains the same heads; only the backbones' work differs
        with_cache, without = features + trained, epochs * epoch + trained
        print(f"{epochs:<8} {with_cache:>10.1f} {without:>10.1f} {without / with_cache:>15.1f}")


def _cached(sources: Sources, rows: tuple[Row, ...], epochs: int) -> dict[str, float]:
    """Seconds of all rows' features and of their heads."""
    spent = {"features": 0.0, "heads": 0.0}
    for row in rows:
        began = time.perf_counter()
        training = sources.training(row, sources.data.split.train)
        read = time.perf_counter()
        HEADS["dense"](training, [], HeadSettings(epochs=epochs))
        spent["features"] += read - began
        spent["heads"] += time.perf_counter() - read
    return spent


def _uncached_epoch(sources: Sources, row: Row) -> float:
    """Seconds that the backbones of one row take for one epoch."""
    began = time.perf_counter()
    for view in sources.extractions(row, copy=1):
        for extraction in view:
            for _ in extract(sources.data, sources.data.split.train, extraction):
                pass
    return time.perf_counter() - began


def _sources(folder: Path, smears: int, copies: int) -> Sources:
    for label, name in enumerate(CLASS_FOLDERS):
        place = folder / "Original" / name
        place.mkdir(parents=True)
        for number in range(smears):
            smear = draw_synthetic_smear(100 * label + number, side=224, blasts=3 + 4 * label)
            (place / f"{number}.jpg").write_bytes(encode_jpeg(smear))
    weights = {}
    for name in sorted({name for row in ROWS for name in row.backbones}):
        weights[name] = str(folder / f"{name}.npz")
        save_weights(BACKBONES[name](None), Path(weights[name]))
    return Sources(Data.open(folder, folder / "split.json"), weights, folder / "features", copies)


if __name__ == "__main__":
    main()
