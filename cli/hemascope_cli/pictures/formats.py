"""How ``hemascope screen`` prints reports: for people, for programs, for spreadsheets."""

import csv
import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Protocol, TextIO

from hemascope.documents.labels import tile_result, tiles_in_words
from hemascope.domain.disease import Disease
from hemascope.domain.report import DISCLAIMER, Decision, Report
from hemascope.domain.tiles import TileRow


class ReportWriter(Protocol):
    """Prints reports as they come."""

    def write(self, source: str, report: Report) -> None:
        """Print the report on the picture of this name."""

    def close(self) -> None:
        """Print what stands behind the last report."""


class TextWriter:
    """Lines for people, and a table of all results at the end."""

    def __init__(self, out: TextIO, disease: Disease) -> None:
        self._out, self._disease = out, disease
        self._results: Counter[str] = Counter()

    def write(self, source: str, report: Report) -> None:
        """Print three lines, and one for each tile of a field that was cut."""
        self._results[_result_of(report, self._disease)] += 1
        self._out.write(f"{source}\n{_text(report, self._disease)}")

    def close(self) -> None:
        """Print how many pictures had which result."""
        width = max(map(len, self._results), default=0)
        rows = "".join(f"  {name:<{width}}  {count:>6}\n" for name, count in sorted(self._results.items()))
        total = self._results.total()
        self._out.write(f"\n{total} {'picture' if total == 1 else 'pictures'}; {DISCLAIMER}\n{rows}")


class JsonLinesWriter:
    """One report a line; ``source`` is the picture's name."""

    def __init__(self, out: TextIO, disease: Disease) -> None:
        self._out = out

    def write(self, source: str, report: Report) -> None:
        """Print one line."""
        self._out.write(f"{_json(source, report)}\n")

    def close(self) -> None:
        """Print nothing more."""


class JsonWriter:
    """A JSON list of what :class:`JsonLinesWriter` prints."""

    def __init__(self, out: TextIO, disease: Disease) -> None:
        self._out = out
        self._before = "["

    def write(self, source: str, report: Report) -> None:
        """Print one element."""
        self._out.write(f"{self._before}{_json(source, report)}")
        self._before = ",\n"

    def close(self) -> None:
        """End the list."""
        self._out.write("]\n")


class CsvWriter:
    """A table with a header, one row for each picture and a column for each class' probability.

    Spreadsheets are read by people, so a row names a class only where that is an answer, and has probabilities only where the
    microscope's answers are proved. Both stand in the JSON formats all the same.
    """

    def __init__(self, out: TextIO, disease: Disease) -> None:
        self._classes = disease.class_names
        self._rows = csv.writer(out, lineterminator="\n")
        self._rows.writerow(
            ["source", "object_id", "state", "decision", "label", *self._classes, "cells", "rejection", "model"]
        )

    def write(self, source: str, report: Report) -> None:
        """Print one row; what may not be stated of a picture, or what a rejected one has not, stays empty."""
        result, evidence, rejection = report.result, report.evidence, report.rejection
        probabilities = result.probabilities if result and report.shows_classes else {}
        self._rows.writerow(
            [
                source,
                report.object_id,
                report.state,
                result.decision if result else "",
                result.label if result and result.decision is Decision.CONFIDENT else "",
                *(f"{probabilities[name]:.6f}" if name in probabilities else "" for name in self._classes),
                evidence.cell_count if evidence else "",
                rejection.reason if rejection else "",
                report.model.name,
            ]
        )

    def close(self) -> None:
        """Print nothing more."""


WRITERS: Mapping[str, Callable[[TextIO, Disease], ReportWriter]] = {
    "text": TextWriter,
    "json": JsonWriter,
    "jsonl": JsonLinesWriter,
    "csv": CsvWriter,
}


def _json(source: str, report: Report) -> str:
    return json.dumps({"source": source, **json.loads(report.to_json())}, ensure_ascii=False)


def _result_of(report: Report, disease: Disease) -> str:
    if report.result is None:
        return "rejected"
    decision = report.result.decision.replace("_", " ")
    is_answer = report.result.decision is Decision.CONFIDENT
    return f"{disease.display(report.result.label)} ({decision})" if is_answer else decision


def _text(report: Report, disease: Disease) -> str:
    if report.rejection:
        return f"  rejected: {report.rejection.message}\n  {report.rejection.advice}\n"
    assert report.result is not None
    assert report.evidence is not None
    shares = "  ".join(f"{name} {probability:.3f}" for name, probability in report.result.probabilities.items())
    stated = f": {shares}" if report.shows_classes else ""
    told = tiles_in_words(report)
    lines = [f"{_result_of(report, disease)}{stated}", f"{report.evidence.cell_count} cells. {report.result.recommendation}"]
    if told:
        lines.append(told)
        lines += [_tile(tile, named=report.shows_classes) for tile in report.evidence.tiles]
    return "".join(f"  {line}\n" for line in lines)


def _tile(tile: TileRow, *, named: bool) -> str:
    place = f"columns {tile.left} to {tile.left + tile.width}, rows {tile.top} to {tile.top + tile.height}"
    return f"  tile {tile.number} ({place}): {tile_result(tile, named=named)}; {tile.cell_count} cells"
