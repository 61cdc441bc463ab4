"""``hemascope screen``: judges files and folders, one report a picture."""

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tqdm import tqdm

from hemascope.domain.disease import Disease
from hemascope.domain.errors import HemascopeError, RejectedSmear, RejectionReason
from hemascope.domain.file_size import SUFFIXES, check_size
from hemascope.domain.report import Report
from hemascope.domain.specimen import Specimen
from hemascope.imaging.overlay import encode_pngs
from hemascope.model.artifact import load_artifact
from hemascope.model.classifier import Classifier
from hemascope.screening.pipeline import Screening, content_id, reject, screen
from hemascope_cli.project import artifact_folder


def screen_paths(paths: list[Path], style: str, out: Path | None, artifact: Path | None) -> int:
    """Judge every picture below the paths; return 0, also where pictures were rejected: that is an answer.

    Raises
    ------
    HemascopeError
        Where a path doesn't exist.
    """
    files = list(picture_files(paths))
    classifier = Classifier(load_artifact(artifact_folder(artifact)))
    ends: Counter[str] = Counter()
    disease = classifier.artifact.manifest.disease
    stream = sys.stdout
    shown = tqdm(files, unit="smear", disable=not sys.stderr.isatty() or len(files) < 2, file=sys.stderr)
    if style == "json":
        stream.write("[")
    for number, (file, below) in enumerate(shown):
        screening = screen_file(file, classifier, draw=out is not None)
        if out and screening.pictures:
            _write_pictures(screening, out / below)
        ends[_end(screening.report, disease)] += 1
        if style == "text":
            stream.write(_text(file, screening.report, disease))
        else:
            stream.write(",\n" if style == "json" and number else "")
            stream.write(json.dumps(_with_source(file, screening.report), ensure_ascii=False))
            stream.write("\n" if style == "jsonl" else "")
    if style == "json":
        stream.write("]\n")
    if style == "text":
        stream.write(_table(ends))
    return 0


def screen_file(file: Path, classifier: Classifier, draw: bool = True) -> Screening:
    """Judge one file, with pictures where they are wanted; one that can't be read is rejected, not an error."""
    specimen = Specimen(hospital="local", patient="unknown", slide="local", field=content_id(str(file).encode()))
    try:
        check_size(file.stat().st_size)
        data = file.read_bytes()
    except RejectedSmear as refusal:
        return reject(refusal, specimen, classifier.artifact, specimen.field)
    except OSError as error:
        unreadable = RejectedSmear(RejectionReason.CORRUPT, f"expected a readable file, received: {error.strerror}")
        return reject(unreadable, specimen, classifier.artifact, specimen.field)
    return screen(data, specimen, classifier, timer=time.perf_counter, draw=draw)


def picture_files(paths: list[Path]) -> Iterator[tuple[Path, Path]]:
    """Each picture with the name under which its pictures are written: its path below what was asked for."""
    for path in paths:
        if path.is_dir():
            found = sorted(file for file in path.rglob("*") if file.is_file() and file.suffix.lower() in SUFFIXES)
            yield from ((file, file.relative_to(path)) for file in found)
        elif path.exists():
            yield path, Path(path.name)
        else:
            raise HemascopeError(f"expected a file or folder, {path} does not exist")


def _write_pictures(screening: Screening, base: Path) -> None:
    assert screening.pictures is not None
    base.parent.mkdir(parents=True, exist_ok=True)
    pictures = {"segmented": screening.pictures.segmented, "overlay": screening.pictures.overlay}
    pictures |= {f"heat_map.{branch}": picture for branch, picture in screening.pictures.heat_maps.items()}
    for name, file in zip(pictures, encode_pngs(pictures.values()), strict=True):
        base.with_name(f"{base.name}.{name}.png").write_bytes(file)


def _with_source(file: Path, report: Report) -> dict[str, Any]:
    return {"source": str(file), **json.loads(report.to_json())}


def _end(report: Report, disease: Disease) -> str:
    if report.result is None:
        return "rejected"
    return f"{disease.display(report.result.label)} ({report.result.decision.replace('_', ' ')})"


def _text(file: Path, report: Report, disease: Disease) -> str:
    if report.rejection:
        return f"{file}\n  rejected: {report.rejection.message}\n  {report.rejection.advice}\n"
    assert report.result is not None
    assert report.evidence is not None
    shares = "  ".join(f"{name} {probability:.3f}" for name, probability in report.result.probabilities.items())
    return (
        f"{file}\n  {_end(report, disease)}: {shares}\n  {report.evidence.cell_count} cells. {report.result.recommendation}\n"
    )


def _table(ends: Counter[str]) -> str:
    width = max(map(len, ends), default=0)
    rows = "".join(f"  {name:<{width}}  {count:>6}\n" for name, count in sorted(ends.items()))
    return f"\n{sum(ends.values())} pictures; decision support, not a diagnosis\n{rows}"
