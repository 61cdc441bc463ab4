"""``hemascope export-reviews``: what people reviewed and released, as a data-set folder that ``training`` reads.

File names say which patient's a smear is, by a pseudonym, so that a split can keep a patient on one side. The pictures'
own names stay behind: somebody may have written a person's name into one.
"""

import csv
import io
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from hemascope.domain.audit import SERVICE, AuditAction
from hemascope.domain.dataset import ORIGINAL, SUFFIXES
from hemascope.domain.errors import MissingObject
from hemascope.domain.file_size import MAXIMUM_BYTES
from hemascope.domain.ledger import LedgerRow
from hemascope.domain.release_rules import speaking
from hemascope.domain.report import Decision, Release
from hemascope.domain.specimen import Patient, Specimen, specimen_of
from hemascope.imaging.header import read_header
from hemascope.portal.report_repository import ReportRepository
from hemascope.ports import AuditTrail, Clock, LedgerReader, ObjectStore
from hemascope_cli.operations.ledger_table import LedgerTable

MANIFEST = "reviews.csv"
_OURS = re.compile("[0-9a-f]{16}_[0-9a-f]{32}")


@dataclass(frozen=True)
class Line:
    """One smear in the manifest."""

    file: str  # below the folder
    patient: str  # pseudonym of the patient, first part of the file's name
    slide: str  # pseudonym of the slide
    label: str  # what people say
    model_label: str  # what the model said
    verdict: str
    model: str


@dataclass(frozen=True)
class Reviewed:
    """A released smear and what is known of it; ``line.file`` has no suffix before the picture was read."""

    row: LedgerRow
    hospital: str
    line: Line


@dataclass
class Tally:
    """What a call did."""

    new: int = 0
    moved: int = 0
    removed: int = 0
    unclear: int = 0  # confirmed, where the model had stated no class
    gone: int = 0  # picture deleted since

    def __str__(self) -> str:
        done = f"new: {self.new}, moved: {self.moved}, removed: {self.removed}"
        return f"{done}; left out: {self.unclear} without a class, {self.gone} whose picture is gone"


@dataclass(frozen=True)
class ReviewExport:
    """The reviewed smears of a deployment, or of one hospital."""

    table: LedgerTable
    ledger: LedgerReader
    pictures: ObjectStore
    repository: ReportRepository
    audit: AuditTrail
    clock: Clock
    folders: Mapping[str, str]  # of each class
    hospital: str | None = None

    def write(self, folder: Path) -> Tally:
        """Bring a folder to what is reviewed today; a second call changes nothing, an interrupted one is finished."""
        tally, lines, before = Tally(), [], _files_of(folder)
        for one in self._reviewed(tally):
            placed = self._place(one, folder, before.pop(Path(one.line.file).name, None), tally)
            if placed:
                lines.append(placed)
        for path in before.values():
            path.unlink()
            tally.removed += 1
        _write_manifest(folder, lines)
        return tally

    def _reviewed(self, tally: Tally) -> Iterator[Reviewed]:
        for object_id in sorted(self.table.released()):
            # By its own rows: a tombstone may stand already.
            rows = [row for row in self.ledger.rows_of(object_id) if row.release is not Release.PRELIMINARY]
            row = speaking(rows)
            specimen = specimen_of(row.object.key) if row else None
            if row is None or specimen is None or self.hospital not in {None, specimen.hospital}:
                continue
            line = self._line(row, specimen)
            if line is None:
                tally.unclear += 1
            else:
                yield Reviewed(row, specimen.hospital, line)

    def _line(self, row: LedgerRow, specimen: Specimen) -> Line | None:
        verdict, result = self.repository.verdict(row, row.released_verdict_number), self.repository.report(row).result
        assert result is not None  # what is released was reported
        label = verdict.label or (result.label if result.decision is Decision.CONFIDENT else None)
        if label not in self.folders:
            return None
        patient = Patient.of(specimen).digest[:16]
        return Line(
            file=f"{ORIGINAL}/{self.folders[label]}/{patient}_{row.object_id}",
            patient=patient,
            slide=specimen.slide_digest[:16],
            label=label,
            model_label=result.label,
            verdict=verdict.kind,
            model=row.model,
        )

    def _place(self, one: Reviewed, folder: Path, found: Path | None, tally: Tally) -> Line | None:
        """Lay a picture where it belongs, unless it lies there."""
        target = folder / one.line.file  # a suffix comes behind it
        if found is not None:
            moved = target.with_name(target.name + found.suffix)
            if moved != found:
                self._note(one)
                moved.parent.mkdir(parents=True, exist_ok=True)
                found.replace(moved)
                tally.moved += 1
            return _with_file(one.line, moved, folder)
        try:
            data = self.pictures.read(one.row.object, MAXIMUM_BYTES)
        except MissingObject:
            tally.gone += 1
            return None
        target = target.with_name(target.name + SUFFIXES[read_header(data).format])
        self._note(one)
        _write(target, data)
        tally.new += 1
        return _with_file(one.line, target, folder)

    def _note(self, one: Reviewed) -> None:
        self.audit.append(one.hospital, SERVICE, AuditAction.EXPORTED, one.row.object_id, self.clock.now())


def _with_file(line: Line, path: Path, folder: Path) -> Line:
    return Line(**asdict(line) | {"file": path.relative_to(folder).as_posix()})


def _write(path: Path, data: bytes) -> None:
    """Write a whole file or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_bytes(data)
    os.replace(part, path)


def _files_of(folder: Path) -> dict[str, Path]:
    """What earlier calls wrote, by name without suffix; other files in the folder are somebody else's."""
    return {path.stem: path for path in sorted((folder / ORIGINAL).glob("*/*")) if _OURS.fullmatch(path.stem)}


def _write_manifest(folder: Path, lines: list[Line]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(Line)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(one) for one in sorted(lines, key=lambda line: line.file))
    _write(folder / MANIFEST, text.getvalue().encode())
