"""Files that are passed over, and why: nothing in a folder is left out in silence.

What a file is, its first bytes say. A file with a picture's name is taken without a look: where it is none, its report says so.
"""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from hemascope.domain.characters import visible
from hemascope.domain.errors import RejectedSmear
from hemascope.domain.picture_file import FIRST_BYTES, SUFFIXES, identify

NO_FILE = "neither a file nor a folder"
UNREADABLE = "can't be read: "  # begins reasons that may pass
_SYSTEM = {"thumbs.db", "ehthumbs.db", "desktop.ini", ".ds_store"}
_UNFINISHED = {".part", ".partial", ".filepart", ".crdownload", ".tmp"}  # of programs that rename a file when it is complete
_REASONS, _NAMES, _WIDTH = 8, 3, 60  # the most reasons in a list, names for each, and characters of a name


def reason_by_name(name: str) -> str | None:
    """Why a file is passed over whatever is in it; None where its content decides.

    Examples
    --------
    >>> reason_by_name("Thumbs.db"), reason_by_name("field.jpg")
    ('a file of the operating system', None)
    """
    if name.lower() in _SYSTEM:
        return "a file of the operating system"
    if name.startswith("._"):
        return "what macOS notes beside a file"
    if name.startswith("."):
        return "hidden: its name begins with a dot"
    if Path(name).suffix.lower() in _UNFINISHED:
        return "unfinished, as its name says"
    return None


def has_picture_name(name: str) -> bool:
    """Whether a file's name ends as those of pictures do."""
    return Path(name).suffix.lower() in SUFFIXES


def reason_by_content(path: Path) -> str | None:
    """Why a file is passed over because of its first bytes, or because they can't be read; None for a picture."""
    try:
        with path.open("rb") as file:
            first = file.read(FIRST_BYTES)
        identify(first)
    except OSError as error:
        return unreadable(error)
    except RejectedSmear as refusal:
        received = str(refusal).partition(", received ")[2]
        if not first:
            return "empty"
        # The first bytes of an unknown file may be a person's name.
        return "a file of another kind" if received.startswith("a file that begins with ") else received
    return None


def unreadable(error: OSError) -> str:
    """Why a file or folder is passed over that the operating system does not show."""
    return f"{UNREADABLE}{error.strerror}"


def summarize(files: Mapping[str, str], *, names: bool = True) -> list[str]:
    """A short list of what was passed over, however much it is: a count for each reason, the most frequent first.

    Parameters
    ----------
    files
        Name -> reason.
    names
        Whether to show the first names for each reason. A name may identify a person.

    Examples
    --------
    >>> summarize({"a.gif": "a GIF picture", "b.gif": "a GIF picture", "Thumbs.db": "a file of the operating system"})
    ['2  a GIF picture: a.gif, b.gif', '1  a file of the operating system: Thumbs.db']
    """
    by_reason: defaultdict[str, list[str]] = defaultdict(list)
    for name, reason in sorted(files.items()):
        by_reason[reason].append(name)
    ordered = sorted(by_reason.items(), key=lambda item: (-len(item[1]), item[0]))
    rows = [f"{len(found)}  {reason}{_first(found) if names else ''}" for reason, found in ordered[:_REASONS]]
    if rest := ordered[_REASONS:]:
        rows.append(f"{sum(len(found) for _, found in rest)}  for other reasons")
    return rows


def _first(names: list[str]) -> str:
    shown = ", ".join(_short(visible(name)) for name in names[:_NAMES])
    return f": {shown}{', ...' if len(names) > _NAMES else ''}"


def _short(name: str) -> str:
    return name if len(name) <= _WIDTH else f"...{name[3 - _WIDTH :]}"
