"""The documents: the index names every page, contents lists match, the glossary is sorted, decisions are numbered."""

import re
from pathlib import Path

import pytest

from tests.support.markdown import LINK, anchor, headings, prose


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Roll back", "roll-back"),
        ("waiting-arrivals, waiting-notifications", "waiting-arrivals-waiting-notifications"),
        ("Five locks against train/serve skew", "five-locks-against-trainserve-skew"),
        ("`hemascope microscope`", "hemascope-microscope"),
    ],
)
def test_an_anchor_is_githubs(title: str, expected: str) -> None:
    assert anchor(title) == expected


def test_the_index_names_every_page(root: Path) -> None:
    index = root / "docs" / "README.md"
    named = {found["target"] for found in LINK.finditer(prose(index))}

    assert {path.name for path in (root / "docs").glob("*.md")} - {"README.md"} <= named


def contents(page: Path) -> list[str]:
    """The page's own anchors that are linked before its first section."""
    before = prose(page).split("\n## ")[0]
    return [found["target"][1:] for found in LINK.finditer(before) if found["target"].startswith("#")]


@pytest.mark.parametrize("name", ["glossary", "model", "operations"])
def test_a_long_page_begins_with_its_contents(root: Path, name: str) -> None:
    assert contents(root / "docs" / f"{name}.md")


def test_contents_name_every_section(root: Path) -> None:
    with_contents = {path: contents(path) for path in (root / "docs").glob("*.md") if len(contents(path)) > 2}

    for page, linked in with_contents.items():
        assert sorted(linked) == sorted(anchor(title) for title in headings(page, level=2)), page.name


def test_the_glossary_is_in_alphabetical_order_and_has_each_word_once(root: Path) -> None:
    sections = prose(root / "docs" / "glossary.md").split("\n## ")[1:]
    words = [re.findall(r"^\*\*(.+?)\*\*", section, re.MULTILINE) for section in sections]

    assert [section for section in words if section != sorted(section, key=str.casefold)] == []
    everything = [word.casefold() for section in words for word in section]
    assert len(everything) == len(set(everything))
    assert len(everything) > 90


def test_decisions_are_numbered_without_gaps_and_say_their_number(root: Path) -> None:
    records = sorted((root / "docs" / "adr").glob("*.md"))

    assert [record.name[:4] for record in records] == [f"{number:04}" for number in range(len(records))]
    for number, record in enumerate(records):
        assert headings(record, level=1)[0].startswith(f"{number}. "), record.name


def test_records_since_the_template_have_its_parts(root: Path) -> None:
    records = sorted((root / "docs" / "adr").glob("*.md"))
    parts = headings(records[0], level=2)

    assert parts == ["Context", "Decision", "Consequences", "Considered"]
    for record in records[24:]:
        assert headings(record, level=2) == parts, record.name
        assert re.search(r"^Status: (proposed|accepted|replaced by \[\d{4}\])", prose(record), re.MULTILINE), record.name
