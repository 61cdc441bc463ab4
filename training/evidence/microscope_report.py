"""The evidence for any microscope as text and tables."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from training.evidence.drift_report import drift_parts
from training.evidence.tables import percent, table

_Rows = Sequence[Mapping[str, Any]]


def microscopes(report: Mapping[str, Any], *, markdown: bool) -> str:
    """Every part that was measured, each with a sentence that says what it is."""
    artifact = report["artifact"]
    parts = [
        (
            f"`{report['command']}`, data sha256 `{report['dataset'][:16]}`; artifact {artifact['id']} {artifact['version']}, "
            f"model sha256 `{artifact['sha256'][:16]}`. {report['smears']} {report['judged']} are judged."
        )
    ]
    if "colours" in report:
        parts += [
            "A profile of 60 unlabelled fields of the validation part for each microscope; the median of the draws, in %.",
            table(_HEADER, _colours(report["colours"]), markdown=markdown),
            (
                f"Unshifted, {report['equal_reports']} of {report['judged']} reports with the identity are equal byte for byte "
                "to those without a profile."
            ),
            *_refusals(report["colours"]),
        ]
    if "fewer" in report:
        parts += [
            (
                f"Other draws, on {report['fewer_judged']} smears: right / confident and wrong in %, the worst draw; in "
                "brackets, how many draws commissioning refuses for a figure. It always refuses fewer than 30 fields or 20 "
                "slides; here they are measured all the same."
            ),
            _fewer(report["fewer"], markdown),
        ]
    if "ruler" in report:
        parts += _ruler(report["ruler"], markdown)
    if "tiles" in report:
        parts += _tiles(report["tiles"], markdown)
    if "light" in report:
        parts += _light(report["light"], markdown)
    if "foreign" in report:
        parts += foreign_sources(report["foreign"], markdown)
    if "drift" in report:
        parts += drift_parts(report["drift"], markdown=markdown)
    return "\n\n".join(parts)


_HEADER = (
    "shift",
    "uncorrected right / confident and wrong",
    "with profile right / confident and wrong",
    "confident",
    "right on other slides",
    "map",
    "refused draws",
)


_FOREIGN = (
    "source",
    "pictures",
    "commissioning, beside counts",
    "confident: unknown",
    "profiled",
    "suspended",
    "verification failed",
    "guards alone, uncorrected",
    "beyond the guards with the profile",
    "verification passed (simulated)",
)


def _colours(rows: _Rows) -> list[tuple[str, ...]]:
    lines: list[tuple[str, ...]] = []
    for shift in dict.fromkeys(row["shift"] for row in rows):
        own = [row for row in rows if row["shift"] == shift]
        (uncorrected,) = (row for row in own if row["kind"] == "uncorrected")
        drawn = [row for row in own if row["kind"] != "uncorrected"]
        judged = [row for row in drawn if not row["refused"]]
        names = ", ".join(sorted({row["map"] for row in judged})) or "-"
        lines.append(
            (
                shift,
                _pair([uncorrected]),
                _pair(judged),
                _median(judged, "confident"),
                _median(judged, "right_other_slides"),
                names,
                f"{len(drawn) - len(judged)} of {len(drawn)}",
            )
        )
    return lines


def _refusals(rows: _Rows) -> list[str]:
    """One example of each set of reasons, in the words for the person at the microscope."""
    examples = {tuple(row["refused"]): row for row in rows if row["refused"]}
    return [f"Refused, {row['shift']}: {row['message']}" for row in examples.values()]


def _fewer(rows: _Rows, markdown: bool) -> str:
    kinds = list(dict.fromkeys(row["kind"] for row in rows))
    lines = []
    for shift in dict.fromkeys(row["shift"] for row in rows):
        cells = []
        for kind in kinds:
            own = [row for row in rows if row["shift"] == shift and row["kind"] == kind]
            judged = [row for row in own if not row["refused"]]
            refused = f" ({len(own) - len(judged)} of {len(own)})" if len(judged) < len(own) else ""
            cells.append((_worst(judged) if judged else "-") + refused)
        lines.append((shift, *cells))
    return table(("shift", *kinds), lines, markdown=markdown)


def _ruler(found: Mapping[str, Any], markdown: bool) -> list[str]:
    sources = [
        (
            row["source"],
            f"{row['told']} of {row['pictures']}",
            _number(row["diameter"]),
            _number(row["expected"]),
            _share(row["picture_error"]),
            _share(row["microscope_error"]),
        )
        for row in found["sources"]
    ]
    zooms = [
        (f"{row['zoom']:g}", str(row["both_told"]), _number(row["median_ratio"], 3), _share(row["within_2.5_percent"]))
        for row in found["zooms"]
    ]
    silent = found["silent"]
    return [
        (
            "The ruler: width of red cells in pixels. The error of a picture is the median distance from its source's median: "
            f"{_share(found['picture_error'])} over all pictures."
        ),
        table(("source", "told", "median", "expected", "error a picture", "error of the source"), sources, markdown=markdown),
        table(("magnified by", "pictures", "median ratio to the expected", "within 2.5 %"), zooms, markdown=markdown),
        f"Of {silent['pictures']} drawn pictures without blood it reads {silent['read']}.",
    ]


def _tiles(found: Mapping[str, Any], markdown: bool) -> list[str]:
    *ways, hidden = found["mosaics"]
    mosaics = [
        (
            row["way"],
            str(row["fields"]),
            percent(row["right"]),
            str(row["refused"]),
            str(row["confident"]),
            str(row["confident_wrong"]),
            f"{row['benign_confident']}, {row['benign_forbidden']} of {row['benign_fields']}",
        )
        for row in ways
    ]
    crops = [(percent(row["share"]), str(row["fields"]), str(row["refused"]), _share(row["right"])) for row in found["crops"]]
    return [
        f"Fields of four smears of one class; the ruler says {found['red_cell']:.1f} pixels.",
        table(
            ("judged by", "fields", "right", "refused", "confident", "confident and wrong", "benign fields stated, forbidden"),
            mosaics,
            markdown=markdown,
        ),
        f"{hidden['way'].capitalize()}: of {hidden['fields']} fields {percent(hidden['flagged'])} are not called benign.",
        f"Called benign with confidence: {hidden['called_benign']}.",
        "Crops: the middle of smears, mirrored to a whole tile.",
        table(("of each side", "fields", "refused", "right"), crops, markdown=markdown),
    ]


def _light(found: Mapping[str, Any], markdown: bool) -> list[str]:
    rows = [
        (
            row["fitted"],
            str(row["pictures"]),
            *(" / ".join(f"{value:.1f}" for value in row[side]) for side in ("before", "after")),
        )
        for row in found["spread"]
    ]
    other = found["unfamiliar"]
    reasons = ", ".join(other["refused"]) or "nothing"
    return [
        (
            "The strange microscope's background: standard deviation of R / G / B / chroma in grey levels, median of the "
            f"pictures. Its sessions need {found['states']} states."
        ),
        table(("flat field from", "pictures", "before", "after"), rows, markdown=markdown),
        (
            f"Commissioned with {other['fields']} fields of {other['slides']} slides it is refused for {reasons}, beside "
            f"the number of slides. {other.get('message', '')}"
        ),
        (
            f"Decisions on {other['judged']} fields of other slides: uncorrected {_counts(other['uncorrected'])}; with "
            f"the profile all the same, the boldest of a field's tiles: {_counts(other['corrected'])}. Unverified, none is "
            "stated."
        ),
    ]


def foreign_sources(rows: _Rows, markdown: bool) -> list[str]:
    """What would be stated of foreign pictures, as a sentence and a table."""
    lines = [
        (
            row["source"],
            str(row["pictures"]),
            ", ".join(row["refused"]) or "accepted",
            *(str(row["states"][state].get("confident", 0)) for state in ("unknown", "profiled", "suspended")),
            str(row["failed"]["decisions"].get("confident", 0)),
            _counts(row["guards"]),
            str(row["beyond"]),
            _counts(row["passed"]),
        )
        for row in rows
    ]
    stated = sum(found.get("confident", 0) for row in rows for found in (*row["states"].values(), row["failed"]["decisions"]))
    pictures = sum(row["pictures"] for row in rows)
    return [
        (
            f"Foreign sources: {pictures} pictures that show no leukemia. Each source is a microscope of its own, with a profile "
            "that is fitted to every second of its slides, whether commissioning accepts it or not. The first columns "
            "count confident answers; then follows what quality gate and guards decide alone, and what would be decided with "
            f"the profile once a simulated verification has passed. Confident where none may be: {stated}."
        ),
        table(_FOREIGN, lines, markdown=markdown),
    ]


def _pair(rows: _Rows) -> str:
    return f"{_median(rows, 'right')} / {_median(rows, 'confident_wrong')}" if rows else "-"


def _median(rows: _Rows, key: str) -> str:
    values = [row[key] for row in rows if row[key] is not None]
    return f"{100 * median(values):.1f}" if values else "-"


def _worst(rows: _Rows) -> str:
    return f"{100 * min(row['right'] for row in rows):.1f} / {100 * max(row['confident_wrong'] for row in rows):.1f}"


def _number(value: float | None, digits: int = 1) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _share(value: float | None) -> str:
    return "-" if value is None else percent(value)


def _counts(ends: Mapping[str, int]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in sorted(ends.items()))
