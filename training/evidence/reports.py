"""Reports of the evaluation steps as text and tables: plain for the terminal, Markdown for the docs and model cards."""

from collections.abc import Callable, Mapping
from typing import Any

from training.data.dataset import CLASS_NAMES
from training.data.splits import KINDS
from training.evidence.metrics import Estimate
from training.evidence.probes import PROBES
from training.evidence.shift_robustness import worst
from training.evidence.tables import percent, signed, table, with_interval

METRICS = ("precision", "recall", "f1", "specificity")


def facts(report: Mapping[str, Any]) -> str:
    """Command, data, split and artifacts: all it takes to reproduce the report."""
    lines = [f"`{report['command']}`, data sha256 `{report['dataset'][:16]}`"]
    lines += [
        f"artifact {artifact['id']} {artifact['version']}, model sha256 `{artifact['sha256'][:16]}`, "
        f"trained on split `{artifact['split'][:16]}`"
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
        *((f"{name}, mean of the classes", percent(found[name])) for name in METRICS),
        ("expected calibration error", percent(found["expected_calibration_error"])),
    ]
    classes = [
        (name, *(percent(metrics[metric]) for metric in METRICS), f"{found['mean_cell_count'][name]:.1f}")
        for name, metrics in found["per_class"].items()
    ]
    matrix = [(name, *map(str, row)) for name, row in zip(CLASS_NAMES, found["confusion_matrix"], strict=True)]
    return _page(
        facts(report),
        report["smears"],
        table(("metric", "value"), whole, markdown=markdown),
        table(("class", *METRICS, "mean cell count"), classes, markdown=markdown),
        table(("truth \\ answer", *CLASS_NAMES), matrix, markdown=markdown),
        f"Mistakes by file: {', '.join(found['mistakes']) or 'none'}.",
    )


def splits(report: Mapping[str, Any], *, markdown: bool) -> str:
    """Table of the stored splits."""
    rows = [
        (name, split["rule"], *(str(split[part]) for part in ("train", "test", "validation", "excluded")), split["digest"][:16])
        for name, split in report["splits"].items()
    ]
    header = ("split", "rule", "train", "test", "validation", "in no part", "sha256")
    return _page(facts(report), table(header, rows, markdown=markdown))


def probes(report: Mapping[str, Any], *, markdown: bool) -> str:
    """Tables of balanced accuracy, accuracy and margin, and of the ablation of cells and backgrounds."""
    kinds = report["kinds"]
    header = ("", "sees", *KINDS)

    def scores(metric: str) -> str:
        rows = [("artifact", "all, as served", *(_cell(kinds[kind]["artifact"], metric, with_interval) for kind in KINDS))]
        rows += [
            (probe.name, probe.sees, *(_cell(kinds[kind]["probes"][probe.name], metric, with_interval) for kind in KINDS))
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
        "Margin of the artifact in points of balanced accuracy, on the smears that both classified.",
        table(("margin", *KINDS), [*margins, *counts], markdown=markdown),
        *(_about_artifact(kind, kinds[kind]) for kind in KINDS if kinds[kind]["artifact"]),
    ]
    if report["cell_background_ablation"]:
        rows = [
            (row["picture"], *("-" if row[key] is None else percent(row[key]) for key in ("cells", "background", "neither")))
            for row in report["cell_background_ablation"]
        ]
        parts += [
            "Cells and backgrounds exchanged: share of answers with the class of the cells, of the background, or neither.",
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
        "with the unshifted mask",
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
    about = f"{report['smears']} Temperature {found['temperature']:g}, fitted on the validation part."
    return _page(facts(report), about, table(header, rows, markdown=markdown))


def trust(report: Mapping[str, Any], *, markdown: bool) -> str:
    """Tables of heat maps, refusals, decisions and prediction sets; parts that an artifact doesn't have are left out."""
    parts = [facts(report), report["smears"]]
    if report["maps"]:
        columns = ("map", "all positions", "median smear", "lowest smear", "smears of at least 0.95", "empty", "other class")
        rows = [
            (
                branch,
                *("-" if row[key] is None else f"{row[key]:.4f}" for key in ("all_cells", "median", "lowest")),
                "-" if row["above_95"] is None else percent(row["above_95"]),
                str(row["empty"]),
                str(row["other_class"]),
            )
            for branch, row in report["maps"].items()
        ]
        count = next(iter(report["maps"].values()))["smears"]
        parts += [f"Correlation with the float network's Grad-CAM, {count} smears.", table(columns, rows, markdown=markdown)]
    if report["occlusion"]:
        found = report["occlusion"]
        fall = f"{found['median_fall_hottest']:.2f} against {found['median_fall_random']:.2f}"
        parts.append(
            f"Occluding the hottest window lowers the class more than occluding random windows in "
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
    header = ("out-of-distribution pictures", "pictures", "refused", "decisions", "lowest score")
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


def _about_artifact(kind: str, scored: Mapping[str, Any]) -> str:
    if scored["artifact_trained_for_it"]:
        return f"- {kind}: the artifact was trained on this split and is scored on its whole test part."
    if kind == "duplicates":
        return f"- {kind}: no smear of the test part shares a field with one that the artifact was trained on."
    return (
        f"- {kind}: the artifact was trained on another split. It is scored only on {scored['artifact']['smears']} smears of "
        "its own test part that share no field with its training; it has seen their sessions and colours, so its accuracy and "
        "its margin are upper bounds."
    )


def _cell(scored: Mapping[str, Any] | None, metric: str, shown: Callable[[Estimate], str]) -> str:
    found: Estimate | None = (scored or {}).get(metric)
    return "-" if found is None else shown(found)


def _page(*parts: str) -> str:
    return "\n\n".join(parts)
