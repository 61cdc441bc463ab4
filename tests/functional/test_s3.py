"""Pictures, reports, links and forms in S3: the store on moto, and the signatures as they are made."""

import base64
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.exceptions import ClientError

from hemascope.aws.client import client
from hemascope.aws.s3 import S3Links, S3Store, upload
from hemascope.domain.errors import MissingObject, RejectedSmear
from hemascope.domain.specimen import Specimen
from tests.support.moto_cloud import MotoCloud

SPECIMEN = Specimen(hospital="st-mary", patient="p 7", slide="c+1", field="50% 血液.jpg")


pytestmark = pytest.mark.usefixtures("cloud")


@pytest.fixture
def s3(cloud: MotoCloud) -> Any:
    """With a bucket whose objects have no versions, beside those of the deployment."""
    cloud.s3.create_bucket(Bucket="unversioned")
    return cloud.s3


def test_an_upload_is_read_back_by_its_version(s3: Any) -> None:
    versions = [upload(s3, "uploads", SPECIMEN, data) for data in (b"first", b"second")]

    assert versions[0].key == "smears/st-mary/p 7/c+1/50% 血液.jpg"
    assert [S3Store(s3).read(version, 100) for version in versions] == [b"first", b"second"]


def test_an_unversioned_object_is_read(s3: Any) -> None:
    version = upload(s3, "unversioned", SPECIMEN, b"content")

    assert version.version_id == "null"
    assert S3Store(s3).read(version, 100) == b"content"


@pytest.mark.parametrize("changed", [{"key": "smears/h/p/c/other.jpg"}, {"version_id": "11111111-2222-3333-4444-555555555555"}])
def test_an_object_that_is_gone_is_missing(s3: Any, changed: dict[str, str]) -> None:
    version = upload(s3, "uploads", SPECIMEN, b"content").model_copy(update=changed)

    with pytest.raises(MissingObject, match=version.object_id):
        S3Store(s3).read(version, 100)


@pytest.mark.parametrize(("data", "reason"), [(b"", "empty_file")])
def test_a_file_of_no_allowed_size_is_rejected(s3: Any, data: bytes, reason: str) -> None:
    version = upload(s3, "uploads", SPECIMEN, data)

    with pytest.raises(RejectedSmear) as error:
        S3Store(s3).read(version, 100)

    assert error.value.reason == reason


def test_a_report_is_never_overwritten(s3: Any) -> None:
    store = S3Store(s3, "reports")

    stored = [store.write_once("reports/r.json", content, "application/json") for content in (b"first", b"second")]

    answer = s3.get_object(Bucket="reports", Key="reports/r.json")
    assert stored == [True, False]
    assert (answer["Body"].read(), answer["ContentType"]) == (b"first", "application/json")


def test_a_missing_bucket_is_our_own_fault_and_stays_visible(s3: Any) -> None:
    with pytest.raises(ClientError, match="NoSuchBucket"):
        S3Store(s3, "nowhere").write_once("k", b"", "text/plain")


@pytest.mark.parametrize("region", ["eu-central-1", "us-east-1"])
def test_a_link_names_the_regions_own_host_and_is_signed_as_kms_wants_it(region: str) -> None:
    links = S3Links(client("s3", region=region), "uploads", "reports", 300)

    link = urlsplit(links.link("reports/0f/all-subtypes/1.0.0/overlay.png"))

    assert (link.scheme, link.netloc) == ("https", f"reports.s3.{region}.amazonaws.com")
    assert link.path == "/reports/0f/all-subtypes/1.0.0/overlay.png"
    assert parse_qs(link.query)["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert parse_qs(link.query)["X-Amz-Expires"] == ["300"]


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:4566", "http://localhost:4566"])
def test_a_link_to_a_cloud_of_ones_own_names_its_endpoint(endpoint: str) -> None:
    links = S3Links(client("s3", endpoint, "us-east-1"), "uploads", "reports", 300)

    assert links.link("reports/0f/overlay.png").startswith(f"{endpoint}/reports/reports/0f/overlay.png?")
    assert links.upload_form("smears/h/p/c/f", 10).url == f"{endpoint}/uploads"


def test_a_form_allows_one_key_and_sizes_up_to_the_limit() -> None:
    links = S3Links(client("s3", region="eu-central-1"), "uploads", "reports", 300)

    form = links.upload_form("smears/st-mary/p 7/c+1/50% 血液.jpg", 33_554_432)

    policy = json.loads(base64.b64decode(form.fields["policy"]))
    assert form.url == "https://uploads.s3.eu-central-1.amazonaws.com/"
    assert ["content-length-range", 1, 33_554_432] in policy["conditions"]
    assert {"key": "smears/st-mary/p 7/c+1/50% 血液.jpg"} in policy["conditions"]
    assert {"bucket": "uploads"} in policy["conditions"]
    assert not [condition for condition in policy["conditions"] if "starts-with" in condition]


def test_a_link_for_an_upload_is_signed_with_size_checksum_and_condition() -> None:
    links = S3Links(client("s3", region="eu-central-1"), "uploads", "reports", 300)

    put = links.upload_put("smears/st-mary/p 7/c+1/50%.jpg", "00" * 32, 5)

    query = parse_qs(urlsplit(put.url).query)
    assert urlsplit(put.url).path == "/smears/st-mary/p%207/c%2B1/50%25.jpg"
    assert query["X-Amz-SignedHeaders"] == ["content-length;host;if-none-match;x-amz-checksum-sha256"]
    assert query["X-Amz-Expires"] == ["300"]
    assert put.headers == {"content-length": "5", "x-amz-checksum-sha256": "A" * 43 + "=", "if-none-match": "*"}
