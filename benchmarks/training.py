"""Time of the experiments with and without the feature cache: ``python benchmarks/training.py``.

The study's nine experiments are run on the same few drawn smears both ways, one after the other. Without the cache a frozen
backbone processes every picture again in every experiment and epoch, as it would inside the trained network. Weights are
random, which takes the same time as trained ones. The time to build the networks is included with the cache and not without it,
so the ratios are lower bounds.
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
from training.data.training_data import TrainingData
from training.experiments.examples import FeatureSource
from training.experiments.heads import HEADS, HeadSettings
from training.experiments.registry import STUDY, Row, rows_called
from training.networks.backbones import BACKBONES
from training.networks.weights import save_weights

ROWS = tuple(row for row in rows_called() if row.source == STUDY and set(row.backbones) <= {"vgg16", "densenet121"})[:9]


def main() -> None:
    """Measure both ways and print times and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smears", type=int, default=24, help="number of smears of each class, at least 12")
    parser.add_argument(
        "--epochs", type=int, default=3, help="number of epochs that are run; times for the study's 50 are extrapolated"
    )
    parser.add_argument("--copies", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        source = _feature_source(Path(folder), options.smears, options.copies)
        began = time.perf_counter()
        cached = _cached(source, ROWS, options.epochs)
        whole = time.perf_counter() - began
        uncached = {row.name: _uncached_epoch(source, row) for row in ROWS}
    features, heads = cached["features"], cached["heads"]
    epoch = sum(uncached.values())
    count = len(_whole_batches(source))
    print(f"{usable_cores()} cores, {len(ROWS)} rows, {count} training smears, {options.copies} augmented copies of each\n")
    print(f"{'with the cache: features, once':<48} {features:>8.1f} s")
    print(f"{f'with the cache: heads, {options.epochs} epochs each':<48} {heads:>8.1f} s   (all of it {whole:.1f} s)")
    print(f"{'without: backbones, one epoch of every row':<48} {epoch:>8.1f} s")
    print()
    print(f"{'epochs':<8} {'with s':>10} {'without s':>10} {'without / with':>15}")
    for epochs in (options.epochs, 50):
        trained = heads * epochs / options.epochs  # the heads are the same both ways; only the backbones' time differs
        with_cache, without = features + trained, epochs * epoch + trained
        print(f"{epochs:<8} {with_cache:>10.1f} {without:>10.1f} {without / with_cache:>15.1f}")


def _cached(source: FeatureSource, rows: tuple[Row, ...], epochs: int) -> dict[str, float]:
    """Seconds of all rows' features and of their heads."""
    spent = {"features": 0.0, "heads": 0.0}
    for row in rows:
        began = time.perf_counter()
        training = source.training(row, _whole_batches(source))
        read = time.perf_counter()
        HEADS["dense"](training, [], HeadSettings(epochs=epochs))
        spent["features"] += read - began
        spent["heads"] += time.perf_counter() - read
    return spent


def _uncached_epoch(source: FeatureSource, row: Row) -> float:
    """Seconds that the backbones of one row, once they run, take for one epoch."""
    samples = _whole_batches(source)
    batches = [
        (start, seconds)
        for view in source.extractions(row, copy=1)
        for extraction in view
        for start, _, seconds in extract(source.data, 2 * samples, extraction)
    ]
    return sum(seconds for start, seconds in batches if start >= len(samples))


def _whole_batches(source: FeatureSource) -> list[Sample]:
    train = source.data.split.train
    return list(train[: len(train) // BATCH * BATCH])


def _feature_source(folder: Path, smears: int, copies: int) -> FeatureSource:
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
    return FeatureSource(TrainingData.open(folder, folder / "split.json"), weights, folder / "features", copies)


if __name__ == "__main__":
    main()
