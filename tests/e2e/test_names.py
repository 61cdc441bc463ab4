"""Ids and file names of any Unicode on the local cloud's S3."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hemascope.aws.client import client
from hemascope.aws.s3 import S3Links, S3Store
from hemascope.domain.account import Role
from hemascope.domain.microscope import Microscope
from hemascope.domain.specimen import ObjectVersion, Patient, Specimen, parse_smear_key, to_segment
from hemascope.portal.identity import Person
from hemascope.portal.uploads import UploadRequest, UploadService
from hemascope_cli.operations.buckets import VersionedBucket
from tests.support.emulator import emulator
from tests.support.fake_microscopes import FakeMicroscopes
from tests.support.http import request

pytestmark = pytest.mark.local_cloud

USUAL = st.sampled_from([*"\u202f\u3000\u200c\u200d\u200f\ufe0f\u0301\u3099 .-+%&<>\"'", "\u05d0", "\U0001f468", "\U0001f3ff"])
SEGMENTS = st.text(st.characters() | USUAL, min_size=1, max_size=30).map(to_segment).filter(bool)
SPECIMENS = st.builds(
    Specimen, hospital=SEGMENTS, patient=SEGMENTS, slide=SEGMENTS, microscope=st.none() | SEGMENTS, field=SEGMENTS
)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with emulator() as endpoint:
        s3 = client("s3", endpoint, "us-east-1")
        s3.create_bucket(Bucket="uploads")
        s3.put_bucket_versioning(Bucket="uploads", VersioningConfiguration={"Status": "Enabled"})
        yield endpoint


@settings(max_examples=60)
@given(specimen=SPECIMENS)
def test_what_a_form_stores_is_listed_read_and_deleted_under_the_same_ids(endpoint: str, specimen: Specimen) -> None:
    s3 = client("s3", endpoint, "us-east-1")
    person = Person(account="8f0c", role=Role.TECHNICIAN, hospital=specimen.hospital)
    asked = UploadRequest(**specimen.model_dump(exclude={"hospital"}), names_confirmed=True)
    registry = FakeMicroscopes()
    if specimen.microscope:
        registry.store(Microscope(hospital=specimen.hospital, name=specimen.microscope))
    upload = UploadService(S3Links(s3, "uploads", "reports", 300), "uploads", registry).open_upload(person, asked)
    bucket, patient = VersionedBucket(s3, "uploads"), Patient.of(specimen)

    form = upload.form.fields | {"file": ("picture.jpg", b"a picture", "image/jpeg")}
    sent = request("POST", upload.form.url, fields=form)
    below = [stored for stored in bucket.all_below(patient.search_prefix) if patient.owns(stored.object.key)]

    assert sent.status == 204
    assert [parse_smear_key(stored.object.key) for stored in below] == [specimen]
    version = ObjectVersion(bucket="uploads", key=upload.key, version_id=sent.headers["x-amz-version-id"])
    assert S3Store(s3).read(version, 100) == b"a picture"
    bucket.delete(below)
    assert bucket.all_below(patient.search_prefix) == []
