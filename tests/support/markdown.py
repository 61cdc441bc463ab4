"""Reads Markdown pages as GitHub does: prose, headings, anchors, links."""

import re
from pathlib import Path

LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?P<target>[^)\s]+)\)")
HEADING = re.compile(r"^(?P<level>#{1,6}) (?P<title>.+)$", re.MULTILINE)
FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


def prose(path: Path) -> str:
    """The text of a page without code blocks and comments."""
    return COMMENT.sub("", FENCE.sub("", path.read_text(encoding="utf-8")))


def anchor(title: str) -> str:
    """The anchor that GitHub gives a heading.

    Letters, digits, hyphens and underscores stay, in lower case; blanks become hyphens; the rest goes.
    """
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def headings(path: Path, level: int | None = None) -> list[str]:
    """Titles of a page, of one level or of all."""
    return [found["title"] for found in HEADING.finditer(prose(path)) if level in {None, len(found["level"])}]
