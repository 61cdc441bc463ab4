"""``hemascope upload``: puts pictures where the microscope puts them."""

import argparse
from pathlib import Path

from pydantic import ValidationError

from hemascope.adapters.aws import client, upload
from hemascope.contracts.errors import HemascopeError
from hemascope.contracts.file_size import check_size
from hemascope.contracts.specimen import Specimen


def upload_paths(options: argparse.Namespace) -> int:
    """Upload each file and print the id by which its report will be known.

    Raises
    ------
    HemascopeError
        Where an id or a file name can't stand in a key, or a file can't be read; files before it are uploaded.
    """
    s3 = client("s3", options.endpoint)
    for path in options.paths:
        specimen, data = _specimen(options, path), _read(path)
        version = upload(s3, options.bucket, specimen, data)
        print(f"{version.object_id}  {path}")
    return 0


def _specimen(options: argparse.Namespace, path: Path) -> Specimen:
    try:
        return Specimen(hospital=options.hospital, patient=options.patient, case=options.case, file=path.name)
    except ValidationError as error:
        wrong = ", ".join(str(one["loc"][0]) for one in error.errors())
        raise HemascopeError(f"expected ids without '/' and without blanks at their ends, received another {wrong}") from None


def _read(path: Path) -> bytes:
    try:
        check_size(path.stat().st_size)
        return path.read_bytes()
    except OSError as error:
        raise HemascopeError(f"expected a readable file, received {path}: {error.strerror}") from error
