"""Puts what was measured into words and tables: plain for the terminal, Markdown for the docs."""

from collections.abc import Mapping, Sequence
from typing import Any

from training.data.dataset import CLASS_NAMES
from training.data.splits import KINDS
from training.evidence.intervals import Figure
from training.evidence.probes import PROBES
from training.evidence.shift_report import worst
from training.evidence.tables import percent, signed, table, with_interval

FIGURES = ("precision", "recall", "f1", "specificity")


def facts(report: Mapping[str, Any]) -> str:
    """Command, data, split and artifacts: what it takes to do it again."""
    lines = [f"`{report['command']}`, data sha256 `{report['dataset'][:16]}`"]
    lines += [
        f"artifact {artifact['id']} {artifact['version']}, model sha256 `{artifact['sha256'][:16]}`, trained on split `{artifact['split'][:16]}`"
        for artifact in report["artifacts"]
    ]
    return "; ".join(lines) + "."


def evaluate(report: Mapping[str, Any], *, markdown: bool) -> str:
    """Table of one artifact on one set of smears."""
    found = report["result"]
    whole = [
        ("smears", str(found["smears"])),
        ("accuracy (95 % interval)", with_interval(found["intervals"]["accuracy"])),
        ("balanced accuracy (95 % interval)", with_interval(found["intervals"]["balanced_accuracy"])),
        *((f"{name}, mean of the classes", percent(found[name])) for name in FIGURES),
        ("expected calibration error", percent(found["expected_calibration_error"])),
    ]
    classes = [
        (name, *(percent(one[figure]) for figure in FIGURES), f"{found['mean_cell_count'][name]:.1f}")
        for name, one in found["per_class"].items()
    ]
    matrix = [(name, *map(str, row)) for name, row in zip(CLASS_NAMES, found["confusion_matrix"], strict=True)]
    return _page(
        facts(report),
        report["smears"],
        table(("figure", "value"), whole, markdown=markdown),
        table(("class", *FIGURES, "mean cell count"), classes, markdown=markdown),
        table(("truth \\ answer", *CLASS_NAMES), matrix, markdown=markdown),
        f"Mistakes by file: {', '.join(found['mistakes']) or 'none'}.",
    )


def splits(report: Mapping[str, Any], *, markdown: bool) -> str:
    """Table of the stored splits."""
    rows = [
        (name, one["rule"], *(str(one[part]) for part in ("train", "test", "validation", "excluded")), one["digest"][:16])
        for name, one in report["splits"].items()
    ]
    header = ("split", "rule", "train", "test", "validation", "in no part", "sha256")
    return _page(facts(report), table(header, rows, markdown=markdown))


def probes(report: Mapping[str, Any], *, markdown: bool) -> str:
    """Tables of balanced accuracy, accuracy and margin; then whether cells or background were answered."""
    kinds = report["kinds"]
    header = ("", "sees", *KINDS)

    def scores(figure: str) -> str:
        rows = [("artifact", "all, as served", *(_cell(kinds[kind]["artifact"], figure, with_interval) for kind in KINDS))]
        rows += [
            (probe.name, probe.sees, *(_cell(kinds[kind]["probes"][probe.name], figure, with_interval) for kind in KINDS))
            for probe in PROBES
        ]
        return table(header, rows, markdown=markdown)

    margins = [
        (f"over {probe.name}", *(_cell(kinds[kind]["probes"][probe.name], "margin", signed) for kind in KINDS))
        for probe in PROBES
    ]
    counts = [
        ("smears, probes", *(str(kinds[kind]["smears"]) for kind in KINDS)),
        ("smears, artifact", *(str((kinds[kind]["artifact"] or {"smears": 0})["smears"]) for kind in KINDS)),
    ]
    parts = [
        facts(report),
        "Balanced accuracy in %, with 95 % intervals over fields of view (sessions: over blocks); chance is 25.",
        scores("balanced"),
        "Accuracy in %.",
        scores("accuracy"),
        "Margin of the artifact in points of balanced accuracy, on the smears that both were asked about.",
        table(("margin", *KINDS), [*margins, *counts], markdown=markdown),
        *(_how_asked(kind, kinds[kind]) for kind in KINDS if kinds[kind]["artifact"]),
    ]
    if report["cell_background_ablation"]:
        rows = [
            (one["picture"], *("-" if one[key] is None else percent(one[key]) for key in ("cells", "background", "neither")))
            for one in report["cell_background_ablation"]
        ]
        parts += [
            "Smears taken apart: share of answers that name the class of the cells, of the background, or neither.",
            table(("picture", "cells", "background", "neither"), rows, markdown=markdown),
        ]
    return _page(*parts)


def shifts(report: Mapping[str, Any], *, markdown: bool) -> str:
    """Table of the shifts, and the worst of them."""
    rows = [
        (
            shift["shift"],
            with_interval(shift["accuracy"]),
            percent(shift["same_mask"]),
            f"{shift['mask_iou']:.2f}",
            percent(shift["confident"]),
            percent(shift["confident_wrong"]),
            percent(shift["expected_calibration_error"]),
        )
        for shift in report["shifts"]
    ]
    header = (
        "shift",
        "accuracy in % (95 % interval)",
        "with the mask as it was",
        "mask overlap",
        "confident",
        "confident and wrong",
        "calibration error",
    )
    lowest = worst(report["shifts"])
    verdict = f"Worst: {lowest['shift']}, accuracy {percent(lowest['accuracy'].value)}."
    return _page(facts(report), report["smears"], table(header, rows, markdown=markdown), verdict)


def calibration(report: Mapping[str, Any], *, markdown: bool) -> str:
    """Table of confidence before and after the temperature."""
    found = report["result"]
    rows = [
        (
            f"{name} the temperature",
            with_interval(found[name]["expected_calibration_error"]),
            f"{found[name]['log_loss']:.4f}",
            percent(found[name]["mean_confidence"]),
            percent(found[name]["accuracy"]),
        )
        for name in ("before", "after")
    ]
    header = ("", "expected calibration error in % (95 % interval)", "log loss", "mean confidence", "accuracy")
    about = f"{report['smears']} Temperature {found['temperature']:g}, set on the validation part."
    return _page(facts(report), about, table(header, rows, markdown=markdown))


def trust(report: Mapping[str, Any], *, markdown: bool) -> str:
    """Tables of maps, refusals, decisions and sets; what an artifact doesn't have is left out."""
    parts = [facts(report), report["smears"]]
    if report["maps"]:
        header = ("map", "all cells", "median smear", "lowest smear", "smears of at least 0.95", "empty", "of another class")
        rows = [
            (
                branch,
                *("-" if one[key] is None else f"{one[key]:.4f}" for key in ("all_cells", "median", "lowest")),
                "-" if one["above_95"] is None else percent(one["above_95"]),
                str(one["empty"]),
                str(one["other_class"]),
            )
            for branch, one in report["maps"].items()
        ]
        count = next(iter(report["maps"].values()))["smears"]
        parts += [f"Correlation with the float network's Grad-CAM, {count} smears.", table(header, rows, markdown=markdown)]
    if report["occlusion"]:
        found = report["occlusion"]
        fall = f"{found['median_fall_hottest']:.2f} against {found['median_fall_random']:.2f}"
        parts.append(
            f"Covering the hottest window lowers the class more than random windows do in "
            f"{percent(found['hottest_lowers_more'])} of {found['smears']} smears; median fall of the log odds {fall}."
        )
    refusals = [
        (
            refusal["pictures"],
            str(refusal["count"]),
            percent(refusal["refused"]),
            _ends(refusal["ends"]),
            _score(refusal["lowest_score"]),
        )
        for refusal in report["refusals"]
    ]
    header = ("no smears of this laboratory", "pictures", "refused", "as", "lowest score")
    parts.append(table(header, refusals, markdown=markdown))
    parts.append(table(("unseen smears", "value"), _decisions(report["decisions"]), markdown=markdown))
    if found := report["coverage"]:
        parts.append(
            f"Conformal set at {percent(found['level'])}: mean coverage over {found['halvings']} random halvings of all unseen "
            f"smears {percent(found['mean'])}, standard deviation {percent(found['deviation'])}."
        )
    return _page(*parts)


def _decisions(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows = [
        ("smears", str(found["smears"])),
        ("decisions", _ends(found["ends"])),
        ("abstained", percent(found["abstained"])),
        (
            "wrong among the confident",
            f"{found['stated_wrong']} of {found['stated']}, {100 * found['stated_wrong_share']:.2f} %",
        ),
        ("leukemia stated as benign", str(found["leukemia_stated_benign"])),
        ("expected calibration error", percent(found["expected_calibration_error"])),
        ("possible classes hold the truth", f"{percent(found['possible_coverage'])}; {found['possible_size']:.3f} classes"),
    ]
    if conformal := found["conformal"]:
        by_class = ", ".join(f"{name} {percent(share)}" for name, share in conformal["by_class"].items())
        rows += [
            ("conformal set holds the truth", f"{percent(conformal['coverage'])} ({by_class})"),
            ("conformal set empty / of several", f"{percent(conformal['empty'])} / {percent(conformal['several'])}"),
        ]
    return rows


def _ends(ends: Mapping[str, int]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in sorted(ends.items()))


def _score(score: float | None) -> str:
    return "-" if score is None else f"{score:.2f}"


def _how_asked(kind: str, scored: Mapping[str, Any]) -> str:
    if scored["artifact_trained_for_it"]:
        return f"- {kind}: asked of what was trained on this very split, about its whole test part."
    if kind == "duplicates":
        return f"- {kind}: no smear of the test part shares a field with one that the artifact was trained on."
    return (
        f"- {kind}: the artifact was trained on another split. Asked only about {scored['artifact']['smears']} smears of its "
        "own test part that share no field with its training; but it has seen their sessions and colours, so its figure and "
        "its margin are upper bounds."
    )


def _cell(scored: Mapping[str, Any] | None, figure: str, shown: Any) -> str:
    found: Figure | None = (scored or {}).get(figure)
    return "-" if found is None else str(shown(found))


def _page(*parts: str | Sequence[str]) -> str:
    return "\n\n".join(str(part) for part in parts)
