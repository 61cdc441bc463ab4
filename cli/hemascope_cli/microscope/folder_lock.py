"""One agent for a folder, whichever outbox each one has: two would file the same picture for two slides."""

import hashlib
import os
import sys
import tempfile
from pathlib import Path
from typing import IO, Any

from hemascope_cli.microscope.folder import MARK
from hemascope_cli.microscope.outbox import AgentRuns

_FAR = 2**30  # the byte that Windows locks, beyond what is written


class FolderLock:
    """A lock on a folder, which the operating system releases however the process ends.

    It is on the agent's own file in the folder, so that agents on several machines see it where the drive can lock, and on a
    file of this machine, since somebody who empties the folder may delete the agent's file. One of them is enough.

    Raises
    ------
    AgentRuns
        Where another agent has one of them.
    """

    def __init__(self, folder: Path) -> None:
        self._files: list[IO[Any]] = []
        for path in (folder / MARK, _local(folder)):
            try:
                file = _open(path)
            except OSError:
                continue
            try:
                _lock(file)
            except (BlockingIOError, PermissionError):
                file.close()
                self.release()
                raise AgentRuns("Another agent works on this folder, with another outbox. Stop it first.") from None
            except OSError:  # a drive without locks
                file.close()
                continue
            self._files.append(file)
        if not self._files:
            raise AgentRuns(
                "The folder can't be locked against other agents. Let this account write into it, or into the temporary folder."
            )

    def release(self) -> None:
        """Let another agent have it."""
        for file in self._files:
            file.close()


def _open(path: Path) -> IO[Any]:
    try:
        return path.open("ab")
    except PermissionError:  # another user's; reading is enough to lock it
        return path.open("rb")


def _local(folder: Path) -> Path:
    digest = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"hemascope-{digest}.lock"


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[Any]) -> None:
        file.seek(_FAR)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: IO[Any]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
