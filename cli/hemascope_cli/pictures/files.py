"""Finds and reads the pictures that a command line names."""

import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from hemascope.domain.errors import HemascopeError, RejectedSmear, RejectionReason
from hemascope.domain.picture_file import MAXIMUM_BYTES, check_size
from hemascope_cli.errors import NothingToScreen
from hemascope_cli.passed_over import (
    NO_FILE,
    has_picture_name,
    reason_by_content,
    reason_by_name,
    summarize,
    unreadable,
)

STANDARD_INPUT = Path("-")
LOOSE = "."  # the slide of pictures that lie beside the folders of slides
_LINK = "a link to a folder: name it on the command line"


class PictureFile(NamedTuple):
    """A picture, and the relative path under which what is made of it is written."""

    path: Path
    target: Path

    @property
    def slide(self) -> str:
        """The slide of a picture below a folder whose sub-folders are slides; one beside them is of the slide ``.``.

        Examples
        --------
        >>> [PictureFile(Path(), Path(target)).slide for target in ("slide 1/field.jpg", "slide 1/left/1.jpg", "field.jpg")]
        ['slide 1', 'slide 1', '.']
        """
        return self.target.parts[0] if len(self.target.parts) > 1 else LOOSE


@dataclass
class FoundPictures:
    """The pictures of a command line, and what its folders hold beside them: path -> why it was passed over."""

    pictures: list[PictureFile] = field(default_factory=list)
    passed_over: dict[str, str] = field(default_factory=dict)

    def tell_passed_over(self) -> None:
        """List on standard error what was passed over, if anything was."""
        if self.passed_over:
            print(f"passed over: {len(self.passed_over)}", file=sys.stderr)
            for row in summarize(self.passed_over):
                print(f"  {row}", file=sys.stderr)


def find_pictures(paths: Iterable[Path]) -> FoundPictures:
    """Find the pictures of files, folders and ``-``, in the order of the paths; those of a folder sorted.

    A file that is named is always taken. Those of a folder, and of the folders below it, are taken where their first bytes or
    their names are those of pictures.

    Raises
    ------
    NothingToScreen
        Where a path doesn't exist.
    """
    found = FoundPictures()
    for path in paths:
        if path == STANDARD_INPUT:
            found.pictures.append(PictureFile(path, Path("standard-input")))
        elif path.is_dir():
            found.pictures += [PictureFile(file, file.relative_to(path)) for file in _search(path, found.passed_over)]
        elif path.exists():
            found.pictures.append(PictureFile(path, Path(path.name)))
        else:
            raise NothingToScreen(f"There is no file or folder {path}. Check the name.")
    return found


def _search(top: Path, passed_over: dict[str, str]) -> list[Path]:
    """The pictures below a folder, sorted; what else is there is added to ``passed_over``."""

    def note(error: OSError) -> None:
        passed_over[str(error.filename)] = unreadable(error)

    pictures: list[Path] = []
    for parent, folders, files in os.walk(top, onerror=note):
        for path in [Path(parent, name) for name in folders]:
            reason = _LINK if path.is_symlink() else reason_by_name(path.name)
            if reason:
                passed_over[str(path)] = reason
                folders.remove(path.name)
        for path in [Path(parent, name) for name in files]:
            reason = _reason(path)
            if reason:
                passed_over[str(path)] = reason
            else:
                pictures.append(path)
    return sorted(pictures)


def _reason(path: Path) -> str | None:
    """Why a file of a folder is passed over; None for a picture."""
    if reason := reason_by_name(path.name):
        return reason
    try:
        if not path.is_file():  # such as a pipe, which must not be opened
            return NO_FILE
    except OSError as error:
        return unreadable(error)
    return None if has_picture_name(path.name) else reason_by_content(path)


def read_picture(path: Path) -> bytes:
    """Read a picture file, or standard input where the path is ``-``.

    Raises
    ------
    RejectedSmear
        Where the file is empty, too large, or can't be read.
    """
    if path == STANDARD_INPUT:
        data = sys.stdin.buffer.read(MAXIMUM_BYTES + 1)
        check_size(len(data))
        return data
    try:
        check_size(path.stat().st_size)
        return path.read_bytes()
    except OSError as error:
        raise RejectedSmear(RejectionReason.CORRUPT, f"expected a readable file, received: {error.strerror}") from error


def read_text(path: Path) -> str:
    """Read a text file in UTF-8.

    Raises
    ------
    HemascopeError
        Where it can't be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
        raise HemascopeError(f"{path} can't be read: {reason}. Check the name, and whether you may read it.") from error


def check_writable(path: Path, what: str, read: Callable[[bytes], object]) -> None:
    """Refuse a place for a result before the work: one that can't be written, or that holds something else.

    Parameters
    ----------
    what
        What will be written there, and may be replaced.
    read
        Reads one; raises ValueError where the bytes are something else.

    Raises
    ------
    HemascopeError
        Where it is a folder, nothing can be written into the folder above it, or it holds something else, such as a picture
        that was named by mistake.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        reason = "it is a folder" if path.is_dir() else None
        before = path.read_bytes() if path.is_file() else None
    except OSError as error:
        reason, before = error.strerror, None
    if not reason and not os.access(path if path.exists() else path.parent, os.W_OK):
        reason = "you may not write there"
    if reason:
        raise HemascopeError(f"{path} can't be written: {reason}. Give another file.")
    if before is not None:
        try:
            read(before)
        except ValueError:
            raise HemascopeError(f"{path} is there already and holds something else than {what}. Give another file.") from None


def write_text(path: Path, text: str) -> None:
    """Write a text file in UTF-8; see :func:`write_bytes`."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file, with the folders above it.

    Raises
    ------
    HemascopeError
        Where it can't be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise HemascopeError(
            f"{path} can't be written: {error.strerror}. Check the name, free space, and whether you may write there."
        ) from error
