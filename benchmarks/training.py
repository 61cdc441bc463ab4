"""What the matrix costs with and without the feature cache: ``python benchmarks/training.py``.

Both ways run the study's nine rows on the same few drawn smears, in one run, in turn. Without the cache a frozen backbone sees
every picture anew in every row and every epoch, as it does where it stands inside of the trained network. Weights are random:
they cost what trained ones cost. Building the networks counts with the cache, dear as it is for so few smears, and not without
it: the ratios are lower bounds.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

# A script's own folder comes first, where `training` would be this very file.
sys.path.insert(0, str(Path(__file__).parent.parent))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


from hemascope.imaging.synthetic import draw_synthetic_smear, encode_jpeg
from hemascope.model.classifier import usable_cores
from training.data.dataset import CLASS_FOLDERS, Sample
from training.data.features import BATCH, extract
from training.experiments.examples import Sources
from training.experiments.heads import HEADS, HeadSettings
from training.experiments.registry import STUDY, Row, rows_called
from training.experiments.run import Data
from training.networks.backbones import BACKBONES
from training.networks.weights import save_weights

ROWS = tuple(row for row in rows_called() if row.source == STUDY and set(row.backbones) <= {"vgg16", "densenet121"})[:9]


def main() -> None:
    """Time both ways and print their costs, of the cached way's as ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smears", type=int, default=24, help="of each class, at least 12")
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
    count = len(_whole_batches(sources))
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
        training = sources.training(row, _whole_batches(sources))
        read = time.perf_counter()
        HEADS["dense"](training, [], HeadSettings(epochs=epochs))
        spent["features"] += read - began
        spent["heads"] += time.perf_counter() - read
    return spent


def _uncached_epoch(sources: Sources, row: Row) -> float:
    """Seconds that the backbones of one row, once they run, take for one epoch."""
    samples = _whole_batches(sources)
    batches = [
        (start, seconds)
        for view in sources.extractions(row, copy=1)
        for extraction in view
        for start, _, seconds in extract(sources.data, 2 * samples, extraction)
    ]
    return sum(seconds for start, seconds in batches if start >= len(samples))


def _whole_batches(sources: Sources) -> list[Sample]:
    train = sources.data.split.train
    return list(train[: len(train) // BATCH * BATCH])


def _sources(folder: Path, smears: int, copies: int) -> Sources:
    for label, name in enumerate(CLASS_FOLDERS):
        place = folder / "Original" / name
        place.mkdir(parents=True)
        for number in range(smears):
            smear = draw_synthetic_smear(100 * label + number, side=224, cells=3 + 4 * label)
            (place / f"{number}.jpg").write_bytes(encode_jpeg(smear))
    weights = {}
    for name in sorted({name for row in ROWS for name in row.backbones}):
        weights[name] = str(folder / f"{name}.npz")
        save_weights(BACKBONES[name](None), Path(weights[name]))
    return Sources(Data.open(folder, folder / "split.json"), weights, folder / "features", copies)


if __name__ == "__main__":
    main()
