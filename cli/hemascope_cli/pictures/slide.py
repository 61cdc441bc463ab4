"""Summarizes all fields of one slide, given as pictures or as reports on them."""

import json
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from hemascope.domain.disease import Disease
from hemascope.domain.errors import HemascopeError
from hemascope.domain.microscope import MicroscopeUse
from hemascope.domain.report import Report
from hemascope.domain.slide import SlideReport
from hemascope.domain.slide_texts import SlideTexts
from hemascope.domain.texts import ENGLISH
from hemascope.model.artifact import load_artifact
from hemascope.model.classifier import Classifier
from hemascope.slides.fields import SlideField
from hemascope.slides.statement import build_slide_report
from hemascope_cli.console import progress
from hemascope_cli.errors import NothingToScreen
from hemascope_cli.pictures.files import find_pictures
from hemascope_cli.pictures.microscope_use import load_use
from hemascope_cli.pictures.network import load_classifier
from hemascope_cli.pictures.screening import screen_file
from hemascope_cli.project import artifact_folder

_REPORTS = {".json", ".jsonl"}  # as `hemascope screen --format` prints them, or as the service stores one


def report_paths(
    paths: list[Path],
    style: str,
    artifact: Path | None,
    language: str = ENGLISH,
    profile: Path | None = None,
    verification: Path | None = None,
) -> int:
    """Print the statement on all pictures and reports below the paths; return 0, whatever it says.

    Parameters
    ----------
    paths
        Pictures, folders with pictures, or files with reports.
    style
        ``text`` or ``json``.
    artifact
        Folder of the model; the project's newest where None.
    language
        Of the statement.
    profile, verification
        Files of the microscope that took the pictures, as :func:`~hemascope_cli.pictures.screening.screen_paths` takes them.

    Raises
    ------
    NothingToScreen
        Where a path doesn't exist, or there is neither a picture nor a report.
    HemascopeError
        Where a file with reports holds something else, or fields are of several slides.
    """
    pictures = [path for path in paths if path.is_dir() or path.suffix.lower() not in _REPORTS]
    fields = [report for path in paths if path not in pictures for report in _read_reports(path)]
    found = find_pictures(pictures)
    found.tell_passed_over()
    if found.pictures:
        classifier = load_classifier(artifact, language)
        model = classifier.artifact
        use = load_use(profile, verification, model.reference)
        with progress(found.pictures, "pictures") as shown:
            fields += [_screen(file.path, classifier, use) for file in shown]
    else:
        model = load_artifact(artifact_folder(artifact), language)
    if not fields:
        raise NothingToScreen("expected at least one field of a slide, received none")
    statement = build_slide_report(fields, model.manifest.disease.urgent_classes, model.texts.slide)
    print(statement.to_json() if style == "json" else _text(statement, model.manifest.disease, model.texts.slide))
    return 0


def _screen(file: Path, classifier: Classifier, use: MicroscopeUse | None) -> SlideField:
    report = screen_file(file, classifier, draw=False, microscope=use).report
    return SlideField(str(file), report.object_id, report)


def _read_reports(path: Path) -> Iterator[SlideField]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise NothingToScreen(f"There is no file or folder {path}. Check the name.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise HemascopeError(f"expected a file with reports, received {path}: {error}") from None
    for number, content in enumerate(_contents(path, text), start=1):
        source = content.pop("source", None) if isinstance(content, dict) else None
        try:
            report = Report.model_validate(content)
        except ValidationError:
            raise HemascopeError(f"expected a report, received something else: number {number} in {path}") from None
        file = report.specimen.field if report.specimen else report.object_id
        yield SlideField(str(source or file), report.object_id, report)


def _contents(path: Path, text: str) -> list[object]:
    """One JSON value, a list of them, or one in each line."""
    try:
        whole = json.loads(text)
        return whole if isinstance(whole, list) else [whole]
    except json.JSONDecodeError:
        pass  # lines, or no JSON at all
    try:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except json.JSONDecodeError:
        raise HemascopeError(f"expected reports as JSON, one, a list or one a line, received something else: {path}") from None


def _text(statement: SlideReport, disease: Disease, texts: SlideTexts) -> str:
    lines = [
        f"{_plain(statement.finding)} ({_plain(statement.tier)})",
        f"  {statement.statement}",
        f"  {statement.recommendation}",
    ]
    if statement.probabilities:
        lines.append("  " + "  ".join(f"{name} {share:.3f}" for name, share in statement.probabilities.items()))
        lines.append(f"\nfields that count, the most suspicious first ({texts.suspicion}, cells, class)")
        lines += [
            f"  {field.suspicion:.3f}  {field.cell_count:>4}  {disease.display(field.label)}  {field.name}"
            for field in statement.fields
        ]
    if statement.excluded:
        lines.append("\nfields that don't count")
    for left in statement.excluded:
        possible = f", {texts.suspicious}" if left.suspicious else ""
        lines += [f"  {_plain(left.why)}{possible}: {left.name}", f"    {left.advice}"]
    return "\n".join([*lines, "", statement.disclaimer])


def _plain(word: str) -> str:
    return word.replace("_", " ")
