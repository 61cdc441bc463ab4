"""MiniStack, with six things that it lacks.

``python -m hemascope_cli.local.emulator`` takes the same environment as ``python -m ministack``. One call of our state
machine is answered by the emulator's own S3 through a real client, so that a definition finds the field names and types that
AWS gives it. A mail is authorized against the identity that sends it, as AWS does, not against everything. S3's answer to an
upload repeats the checksum that came with it and that it has checked. SES publishes an event for each mail that it sends. A
renewed token names its user's groups, see :mod:`hemascope_cli.local.tokens`. And queues hand messages to a function only when
its process is ready for them, see :mod:`hemascope_cli.local.deliveries`.
"""

import json
import os
from functools import lru_cache
from typing import Any

from ministack import app
from ministack.core import iam_actions
from ministack.services import s3, stepfunctions

from hemascope.aws.client import client
from hemascope_cli.local import deliveries, tokens
from hemascope_cli.local import mails as local_mails

LISTING = "arn:aws:states:::aws-sdk:s3:listObjectVersions"
_REGION = os.environ.get("AWS_DEFAULT_REGION", "us-east-1")


@lru_cache(maxsize=1)
def _s3() -> Any:
    return client("s3", f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}", _REGION)


def list_object_versions(resource: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Answer a task whose resource is :data:`LISTING`, as JSON holds it."""
    answer = _s3().list_object_versions(**arguments)
    answer.pop("ResponseMetadata", None)
    content: dict[str, Any] = json.loads(json.dumps(answer, default=str))
    return content


def sending_identity(service: str, query: dict[str, Any], region: str, account: str) -> str | None:
    """ARN of the SES identity that a request sends as; None for any other request."""
    source = iam_actions._query_param(query, "Source") if service == "ses" else None
    return f"arn:aws:ses:{region}:{account}:identity/{source}" if source else None


def checksums_of(headers: dict[str, str]) -> dict[str, str]:
    """The checksums among a request's headers."""
    names = {f"x-amz-checksum-{algorithm}" for algorithm in s3._S3_CHECKSUM_HEADERS}
    return {name: value for name, value in headers.items() if name in names}


def main() -> None:
    """Add all six to the emulator and run it until it is killed."""
    stepfunctions._SERVICE_DISPATCH[LISTING] = list_object_versions
    put = s3._put_object

    def put_object(bucket: str, key: str, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        status, answer, content = put(bucket, key, body, headers)
        return status, answer | (checksums_of(headers) if status == 200 else {}), content

    s3._put_object = put_object
    local_mails.publish_sent_events()
    tokens.renew_with_groups()
    known = iam_actions.extract_resource_arn

    def resource(service: str, method: str, path: str, headers: Any, body: Any, query: Any, region: str, account: str) -> Any:
        return sending_identity(service, query, region, account) or known(
            service, method, path, headers, body, query, region, account
        )

    iam_actions.extract_resource_arn = resource
    deliveries.correct()
    app.main()


if __name__ == "__main__":
    main()
