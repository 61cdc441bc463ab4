"""What the documents name exists: linked files and headings, paths in code spans, targets of the Makefile."""

import re
from pathlib import Path

import pytest

from tests.support.markdown import LINK, anchor, headings, prose

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    *ROOT.glob("*.md"),
    *(ROOT / "docs").rglob("*.md"),
    *(ROOT / "requirements").glob("*.md"),
]
# A path is checked where its first part is one of these; other code spans are no paths of this project.
TREES = {
    *(room.name for room in (ROOT / "layers/hemascope/python/hemascope").iterdir()),
    "app.py",
    "benchmarks",
    "cli",
    "docs",
    "hemascope",
    "infra",
    "lambdas",
    "layers",
    "model_artifacts",
    "requirements",
    "tests",
    "training",
    "web",
}
# Where the documents abbreviate a path.
ROOTS = [ROOT, ROOT / "layers/hemascope/python", ROOT / "layers/hemascope/python/hemascope"]
CHANGELOG = ROOT / "CHANGELOG.md"  # names what existed at its time


def broken_links(document: Path) -> list[str]:
    """Return the relative links of a document that lead to no file or no heading."""
    broken = []
    for link in LINK.finditer(prose(document)):
        target = link["target"]
        if re.match(r"[a-z]+:", target):
            continue
        path, _, fragment = target.partition("#")
        file = (document.parent / path).resolve() if path else document
        if not file.exists() or (fragment and fragment not in map(anchor, headings(file))):
            broken.append(target)
    return broken


def missing_paths(document: Path) -> list[str]:
    """Return the paths in code spans of a document that do not exist; placeholders are read as anything."""
    missing = []
    for span in re.findall(r"`([^`\s]+)`", prose(document)):
        first = span.split("/")[0]
        if first not in TREES or (first == span and "." not in span) or ":" in span:
            continue
        pattern = re.sub(r"\{[^}]*\}", "*", span.rstrip("/"))
        if not any(next(root.glob(pattern), None) for root in ROOTS):
            missing.append(span)
    return missing


def targets() -> set[str]:
    """Return the targets of the Makefile."""
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_relative_link_leads_to_a_file_and_a_heading(document: Path) -> None:
    assert broken_links(document) == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_path_in_a_code_span_exists(document: Path) -> None:
    if document == CHANGELOG:
        pytest.skip("the changelog names what existed at its time")

    assert missing_paths(document) == []


def test_every_make_target_that_the_documents_name_is_in_the_makefile() -> None:
    text = "\n".join(document.read_text(encoding="utf-8") for document in DOCUMENTS)
    named = set(re.findall(r"`make ([a-z-]+)", text)) | set(re.findall(r"^make ([a-z-]+)", text, flags=re.MULTILINE))

    assert named - targets() == set()


def test_a_missing_file_heading_or_path_is_found(tmp_path: Path) -> None:
    document = tmp_path / "page.md"
    document.write_text("# A title\n[a](gone.md) [b](#a-title) [c](#none) `infra/gone.py` `infra/mail.py`\n", encoding="utf-8")

    assert broken_links(document) == ["gone.md", "#none"]
    assert missing_paths(document) == ["infra/gone.py"]
