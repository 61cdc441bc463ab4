"""MiniStack, with the one call of our state machine that it lacks.

``python -m hemascope.adapters.local_emulator`` takes the same environment as ``python -m ministack``. The call is answered
by the emulator's own S3 through a real client, so that a definition finds the field names and types that AWS gives it.
"""

import json
import os
from functools import lru_cache
from typing import Any

from ministack import app
from ministack.services import stepfunctions

from hemascope.adapters.aws import client

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


def main() -> None:
    """Teach the emulator the call and run it until it is killed."""
    stepfunctions._SERVICE_DISPATCH[LISTING] = list_object_versions
    app.main()


if __name__ == "__main__":
    main()
