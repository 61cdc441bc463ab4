"""Check that a tag, the package's version and the changelog agree; print the release notes.

``python .github/release.py v1.1.0`` exits with status 1 and one line where they differ. Standard library only, since it
runs before anything is installed.
"""

import ast
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VERSION_FILE = Path("layers/hemascope/python/hemascope/__init__.py")
_HEADING = re.compile(r"^## (?P<title>.+)$", re.MULTILINE)


def read_version(root: Path) -> str:
    """Return ``hemascope.__version__`` without importing the package.

    Raises
    ------
    ValueError
        If the file assigns no literal to ``__version__``.
    """
    for statement in ast.parse((root / VERSION_FILE).read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and [ast.unparse(target) for target in statement.targets] == ["__version__"]:
            return str(ast.literal_eval(statement.value))
    raise ValueError(f"expected an assignment to __version__ in {VERSION_FILE}, found none")


def read_sections(changelog: str) -> dict[str, str]:
    """Return the sections of a changelog by title, newest first: ``Unreleased``, ``1.1.0`` and so on."""
    parts = _HEADING.split(changelog)
    return {title.strip(): body.strip() for title, body in zip(parts[1::2], parts[2::2], strict=True)}


def release_notes(tag: str, root: Path) -> str:
    """Return the changelog's section for a tag such as ``v1.1.0``.

    Raises
    ------
    ValueError
        If the tag is not ``v`` and the version, or if the changelog's first section is not the version's, or is empty.
    """
    version = read_version(root)
    if tag != f"v{version}":
        raise ValueError(f"expected the tag v{version}, received {tag}")
    sections = read_sections((root / "CHANGELOG.md").read_text(encoding="utf-8"))
    newest = next(iter(sections), "none")
    if newest != version:
        raise ValueError(f"expected {version} as first heading of CHANGELOG.md, found {newest}")
    if not sections[version]:
        raise ValueError(f"expected changes under {version} in CHANGELOG.md, found none")
    return sections[version]


def main(arguments: list[str]) -> int:
    """Print the notes of the tag that is the only argument; return the exit status."""
    try:
        (tag,) = arguments
        notes = release_notes(tag, ROOT)
    except ValueError as error:
        print(f"release: {error}", file=sys.stderr)  # noqa: T201 - a command
        return 1
    print(notes)  # noqa: T201 - a command
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
