"""Finds and reads the pictures that a command line names."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from hemascope.domain.errors import RejectedSmear, RejectionReason
from hemascope.domain.picture_file import MAXIMUM_BYTES, SUFFIXES, check_size
from hemascope_cli.errors import NothingToScreen

STANDARD_INPUT = Path("-")


class PictureFile(NamedTuple):
    """A picture, and the relative path under which what is made of it is written."""

    path: Path
    target: Path


def find_pictures(paths: Iterable[Path]) -> list[PictureFile]:
    """Find the pictures of files, folders and ``-``, in the order of the paths; those of a folder sorted.

    Raises
    ------
    NothingToScreen
        Where a path doesn't exist.
    """
    found: list[PictureFile] = []
    for path in paths:
        if path == STANDARD_INPUT:
            found.append(PictureFile(path, Path("standard-input")))
        elif path.is_dir():
            files = sorted(file for file in path.rglob("*") if file.is_file() and file.suffix.lower() in SUFFIXES)
            found += [PictureFile(file, file.relative_to(path)) for file in files]
        elif path.exists():
            found.append(PictureFile(path, Path(path.name)))
        else:
            raise NothingToScreen(f"expected a file or folder, {path} does not exist")
    return found


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
