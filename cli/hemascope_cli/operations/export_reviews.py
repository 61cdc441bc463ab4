"""``hemascope export-reviews``: reviewed and released smears as a data-set folder that ``training`` reads.

File names contain a pseudonym of the patient, so that a split can keep a patient's smears together. The original file names
are not exported, since somebody may have written a person's name into one.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from hemascope.domain.audit import SERVICE, AuditAction
from hemascope.domain.dataset import ORIGINAL
from hemascope.domain.errors import MissingObject
from hemascope.domain.ledger import LedgerRow
from hemascope.domain.picture_file import MAXIMUM_BYTES, identify
from hemascope.domain.release_rules import governing_row
from hemascope.domain.report import Decision, Release
from hemascope.domain.specimen import Patient, Specimen, specimen_of
from hemascope.portal.report_repository import ReportRepository
from hemascope.ports import AuditTrail, Clock, Ledger, LedgerOperations, ObjectStore

MANIFEST = "reviews.csv"
_EXPORTED = re.compile("[0-9a-f]{16}_[0-9a-f]{32}")


@dataclass(frozen=True)
class Line:
    """One smear in the manifest."""

    file: str  # below the folder
    patient: str  # pseudonym of the patient, the first part of the file name
    slide: str  # pseudonym of the slide
    microscope: str  # pseudonym of the microscope; empty where nobody named one
    label: str  # class according to the reviewers
    model_label: str  # class according to the model
    verdict: str
    model: str


@dataclass(frozen=True)
class Reviewed:
    """A released smear and its line in the manifest; ``line.file`` has no suffix until the picture is read."""

    row: LedgerRow
    hospital: str
    line: Line


@dataclass
class ExportCounts:
    """Counts of what an export did."""

    new: int = 0
    moved: int = 0
    removed: int = 0
    unclear: int = 0  # confirmed, but the model had given no class
    gone: int = 0  # the picture was deleted meanwhile

    def __str__(self) -> str:
        done = f"new: {self.new}, moved: {self.moved}, removed: {self.removed}"
        return f"{done}; left out: {self.unclear} without a class, {self.gone} whose picture is gone"


@dataclass(frozen=True)
class ReviewExport:
    """The reviewed smears of a deployment, or of one hospital."""

    ledger: Ledger
    operations: LedgerOperations
    pictures: ObjectStore
    repository: ReportRepository
    audit: AuditTrail
    clock: Clock
    folders: Mapping[str, str]  # of each class
    hospital: str | None = None

    def write(self, folder: Path) -> ExportCounts:
        """Update a folder to the current reviews. A second call changes nothing, and finishes an interrupted first one."""
        counts, lines, before = ExportCounts(), [], _files_of(folder)
        for smear in self._reviewed(counts):
            placed = self._place(smear, folder, before.pop(Path(smear.line.file).name, None), counts)
            if placed:
                lines.append(placed)
        for path in before.values():
            path.unlink()
            counts.removed += 1
        _write_manifest(folder, lines)
        return counts

    def _reviewed(self, counts: ExportCounts) -> Iterator[Reviewed]:
        for object_id in sorted(self.operations.released_ids()):
            # Read again by object: a tombstone may have been written meanwhile.
            rows = [row for row in self.ledger.rows_of(object_id) if row.release is not Release.PRELIMINARY]
            row = governing_row(rows)
            specimen = specimen_of(row.object.key) if row else None
            if row is None or specimen is None or self.hospital not in {None, specimen.hospital}:
                continue
            line = self._line(row, specimen)
            if line is None:
                counts.unclear += 1
            else:
                yield Reviewed(row, specimen.hospital, line)

    def _line(self, row: LedgerRow, specimen: Specimen) -> Line | None:
        verdict, result = self.repository.verdict(row, row.released_verdict_number), self.repository.report(row).result
        assert result is not None  # only a reported smear can be released
        label = verdict.label or (result.label if result.decision is Decision.CONFIDENT else None)
        if label is None or label not in self.folders:
            return None
        patient = Patient.of(specimen).digest[:16]
        return Line(
            file=f"{ORIGINAL}/{self.folders[label]}/{patient}_{row.object_id}",
            patient=patient,
            slide=specimen.slide_digest[:16],
            microscope=(specimen.microscope_digest or "")[:16],
            label=label,
            model_label=result.label,
            verdict=verdict.kind,
            model=row.model,
        )

    def _place(self, smear: Reviewed, folder: Path, found: Path | None, counts: ExportCounts) -> Line | None:
        """Write or move a picture to its place, unless it is there."""
        target = folder / smear.line.file  # without its suffix
        if found is not None:
            moved = target.with_name(target.name + found.suffix)
            if moved != found:
                self._record(smear)
                moved.parent.mkdir(parents=True, exist_ok=True)
                found.replace(moved)
                counts.moved += 1
            return _with_file(smear.line, moved, folder)
        try:
            data = self.pictures.read(smear.row.object, MAXIMUM_BYTES)
        except MissingObject:
            counts.gone += 1
            return None
        target = target.with_name(target.name + identify(data).suffix)
        self._record(smear)
        _write(target, data)
        counts.new += 1
        return _with_file(smear.line, target, folder)

    def _record(self, smear: Reviewed) -> None:
        self.audit.append(smear.hospital, SERVICE, AuditAction.EXPORTED, smear.row.object_id, self.clock.now())


def _with_file(line: Line, path: Path, folder: Path) -> Line:
    return Line(**asdict(line) | {"file": path.relative_to(folder).as_posix()})


def _write(path: Path, data: bytes) -> None:
    """Write a file atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_bytes(data)
    part.replace(path)


def _files_of(folder: Path) -> dict[str, Path]:
    """Files of earlier exports, by name without suffix; other files in the folder are left alone."""
    return {path.stem: path for path in sorted((folder / ORIGINAL).glob("*/*")) if _EXPORTED.fullmatch(path.stem)}


def _write_manifest(folder: Path, lines: list[Line]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(Line)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(line) for line in sorted(lines, key=lambda line: line.file))
    _write(folder / MANIFEST, text.getvalue().encode())
