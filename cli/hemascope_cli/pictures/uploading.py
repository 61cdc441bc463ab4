"""Uploads files to where a microscope puts its pictures."""

from pathlib import Path

from hemascope.aws.client import client
from hemascope.aws.s3 import upload
from hemascope.domain.errors import HemascopeError
from hemascope.domain.picture_file import check_size
from hemascope_cli.identifiers import specimen_of


def upload_files(paths: list[Path], bucket: str, hospital: str, patient: str, slide: str, endpoint: str | None) -> int:
    """Upload each file and print its object id, by which its report will be found; return 0.

    Parameters
    ----------
    paths
        Files; the name of each is the name of the field.
    bucket
        Uploads bucket of the service.
    hospital, patient, slide
        Pseudonymous ids.
    endpoint
        Of a local cloud; None is AWS.

    Raises
    ------
    HemascopeError
        Where an id or a file name can't stand in a key, or a file can't be read. Files before it are uploaded.
    """
    s3 = client("s3", endpoint)
    for path in paths:
        specimen, data = specimen_of(hospital, patient, slide, path.name), _read(path)
        version = upload(s3, bucket, specimen, data)
        print(f"{version.object_id}  {path}")
    return 0


def _read(path: Path) -> bytes:
    try:
        check_size(path.stat().st_size)
        return path.read_bytes()
    except OSError as error:
        raise HemascopeError(f"expected a readable file, received {path}: {error.strerror}") from error
