"""``hemascope upload``: puts pictures where the microscope puts them."""

import argparse
from pathlib import Path

from hemascope.aws.client import client
from hemascope.aws.s3 import upload
from hemascope.domain.errors import HemascopeError
from hemascope.domain.file_size import check_size
from hemascope_cli.commands.specimens import specimen_from


def upload_paths(options: argparse.Namespace) -> int:
    """Upload each file and print the id by which its report will be known.

    Raises
    ------
    HemascopeError
        Where an id or a file name can't stand in a key, or a file can't be read; files before it are uploaded.
    """
    s3 = client("s3", options.endpoint)
    for path in options.paths:
        specimen, data = specimen_from(options, path.name), _read(path)
        version = upload(s3, options.bucket, specimen, data)
        print(f"{version.object_id}  {path}")
    return 0


def _read(path: Path) -> bytes:
    try:
        check_size(path.stat().st_size)
        return path.read_bytes()
    except OSError as error:
        raise HemascopeError(f"expected a readable file, received {path}: {error.strerror}") from error
