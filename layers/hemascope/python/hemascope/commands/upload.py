"""``hemascope upload``: puts pictures where the microscope puts them."""

import argparse

from hemascope.adapters.aws import client, upload
from hemascope.contracts.specimen import Specimen
from hemascope.imaging.decode import check_size


def upload_paths(options: argparse.Namespace) -> int:
    """Upload each file and print the id by which its report will be known."""
    s3 = client("s3", options.endpoint)
    for path in options.paths:
        check_size(path.stat().st_size)
        specimen = Specimen(hospital=options.hospital, patient=options.patient, case=options.case, file=path.name)
        version = upload(s3, options.bucket, specimen, path.read_bytes())
        print(f"{version.object_id}  {path}")
    return 0
