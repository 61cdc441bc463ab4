"""Uploads files to where a microscope puts its pictures."""

from pathlib import Path

from hemascope.aws.client import client
from hemascope.aws.s3 import upload
from hemascope.domain.errors import HemascopeError
from hemascope.domain.personal import likenesses
from hemascope.domain.picture_file import check_size
from hemascope.domain.specimen import Specimen
from hemascope_cli.identifiers import specimen_of


def upload_files(
    paths: list[Path],
    bucket: str,
    hospital: str,
    patient: str,
    slide: str,
    endpoint: str | None,
    *,
    allow_names: bool = False,
    microscope: str | None = None,
) -> int:
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
    allow_names
        Whether ids and file names that look like a person's are sent.
    microscope
        Its name in the hospital's registry; None where it isn't known.

    Raises
    ------
    HemascopeError
        Where an id or a file name can't stand in a key or looks like a person's; then nothing is uploaded. Where a file
        can't be read; then the files before it are uploaded.
    """
    specimens = [specimen_of(hospital, patient, slide, path.name, microscope) for path in paths]
    if not allow_names:
        _expect_pseudonyms(specimens)
    s3 = client("s3", endpoint)
    for path, specimen in zip(paths, specimens, strict=True):
        data = _read(path)
        version = upload(s3, bucket, specimen, data)
        print(f"{version.object_id}  {path}")
    return 0


def _expect_pseudonyms(specimens: list[Specimen]) -> None:
    """The message counts files and names none: what is printed may end in a log."""
    for number, specimen in enumerate(specimens, 1):
        if names := likenesses(specimen):
            file = f" in file {number} of {len(specimens)}" if names.field else ""
            raise HemascopeError(f"expected pseudonyms, {names}{file}; give --allow-names if it identifies nobody")


def _read(path: Path) -> bytes:
    try:
        check_size(path.stat().st_size)
        return path.read_bytes()
    except OSError as error:
        raise HemascopeError(f"expected a readable file, received {path}: {error.strerror}") from error
