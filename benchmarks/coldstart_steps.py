"""The steps of a cold start, in the order in which the image's entry point takes them; run by ``benchmarks.coldstart``.

``coldstart_steps.py ARTIFACT PICTURE`` is run by the image's own interpreter, and prints a line of JSON: milliseconds by step.
"""

import json
import sys
import time
from importlib import import_module
from pathlib import Path

_MODULES = {
    "import runtime client": "awslambdaric.bootstrap",
    "import NumPy and OpenCV": "cv2",
    "import pydantic": "pydantic",
    "import boto3": "boto3",
    "import Powertools": "aws_lambda_powertools.utilities.batch",
    "import handler and our package": "handler",
}


def main(artifact_folder: Path, picture: Path) -> None:
    """Take the steps; print how long each took."""
    taken: dict[str, float] = {}
    begin = last = time.perf_counter()

    def mark(step: str) -> None:
        nonlocal last
        now = time.perf_counter()
        taken[step], last = 1000 * (now - last), now

    for step, module in _MODULES.items():
        import_module(module)
        mark(step)
    from hemascope.aws.client import client

    for service in ("s3", "dynamodb", "sqs"):
        client(service, "http://127.0.0.1:1")
    mark("clients of AWS")
    from hemascope.model.artifact import load_artifact
    from hemascope.model.classifier import Classifier
    from hemascope.screening.pipeline import screen

    classifier = Classifier(load_artifact(artifact_folder))
    mark("model: read and check")
    screen(picture.read_bytes(), None, classifier, timer=time.perf_counter)
    mark("first smear: unpack model, infer")
    taken["all"] = 1000 * (time.perf_counter() - begin)
    screen(picture.read_bytes(), None, classifier, timer=time.perf_counter)
    mark("second smear")
    print(json.dumps(taken))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
