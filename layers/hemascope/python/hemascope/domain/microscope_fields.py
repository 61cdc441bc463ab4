"""The fields of one microscope, from the rows of the ledger: which there are, and which of them a commissioning reads. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from hemascope.domain.ledger import LedgerRow
from hemascope.domain.microscope import Microscope
from hemascope.domain.specimen import ObjectVersion, Specimen, specimen_of

ROWS = 2000  # of a microscope that are looked at, the newest: one answer of DynamoDB holds about as many
COMMISSIONING_FIELDS = 60


@dataclass(frozen=True)
class MicroscopeField:
    """One picture: the newest version under its name, and its rows, one for each judgement of it, newest first.

    ``at`` is when it was judged first, as far as these rows go back: later rows are of the same picture.
    """

    object: ObjectVersion
    specimen: Specimen
    at: datetime
    rows: tuple[LedgerRow, ...]

    @property
    def has_first(self) -> bool:
        """Whether the row of its first judgement is among these."""
        return self.rows[-1].model_name == self.rows[-1].model


def fields_of(microscope: Microscope, rows: Iterable[LedgerRow], since: datetime | None = None) -> list[MicroscopeField]:
    """The fields of a microscope, newest first; those that arrived since a moment, where one is given.

    Only keys count: a row that is listed for this microscope and whose key names another one is left out. Where a moment is
    given, so is a picture of which only later judgements are among the rows, since nobody knows when it arrived. Fields of
    before the objective was changed are another optical path's.
    """
    by_version: dict[ObjectVersion, list[LedgerRow]] = defaultdict(list)
    for row in rows:
        by_version[row.object].append(row)
    by_key: dict[str, MicroscopeField] = {}
    for version, judged in by_version.items():
        specimen = specimen_of(version.key)
        if specimen is None or specimen.microscope_digest != microscope.digest:
            continue
        judged.sort(key=lambda row: row.finished_at, reverse=True)
        field = MicroscopeField(version, specimen, judged[-1].finished_at, tuple(judged))
        if version.key not in by_key or field.at > by_key[version.key].at:
            by_key[version.key] = field
    moments = [moment for moment in (since, microscope.objective_since) if moment]
    since = max(moments, default=None)
    found = [field for field in by_key.values() if since is None or (field.at >= since and field.has_first)]
    return sorted(found, key=lambda field: (field.at, field.object.object_id), reverse=True)


def by_slide(fields: Iterable[MicroscopeField]) -> dict[str, list[MicroscopeField]]:
    """Fields by the digest of their slide, in the order in which they come."""
    slides: dict[str, list[MicroscopeField]] = defaultdict(list)
    for field in fields:
        slides[field.specimen.slide_digest].append(field)
    return dict(slides)


def choose_fields(fields: Sequence[MicroscopeField], limit: int = COMMISSIONING_FIELDS) -> list[MicroscopeField]:
    """The newest fields, spread over slides: of each slide one, then of each a second, until there are enough.

    They are returned in the order in which they arrived, so that those of one session stand together.
    """
    slides = [list(slide) for slide in by_slide(fields).values()]
    chosen: list[MicroscopeField] = []
    while len(chosen) < limit and any(slides):
        chosen += [slide.pop(0) for slide in slides if slide][: limit - len(chosen)]
    return sorted(chosen, key=lambda field: (field.at, field.object.object_id))
