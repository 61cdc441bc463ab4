"""The container image, built as its Dockerfile says but without Docker, and run by Lambda's own runtime client."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hemascope.contracts.report import State
from infra.image import allowed
from infra.settings import Settings
from tests.e2e.conftest import Service
from tests.e2e.dockerfile import Image, build
from tests.e2e.runtime_api import RuntimeApi
from tests.fakes import s3_message, s3_record, sqs_event

pytestmark = pytest.mark.local_cloud

MAXIMUM_SIZE = 400e6
MAXIMUM_SECONDS = 10.0  # here on a busy machine; what it took is printed


@pytest.fixture(scope="module")
def context(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that the allow-list lets into the build."""
    context = tmp_path_factory.mktemp("context")
    for pattern in (one.removeprefix("!") for one in allowed(Settings().model) if one.startswith("!")):
        for file in root.glob(pattern if not pattern.endswith("**") else f"{pattern}/*"):
            if file.is_file() and "__pycache__" not in file.parts:
                target = context / file.relative_to(root)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(file.read_bytes())
    return context


@pytest.fixture(scope="module")
def image(root: Path, context: Path, tmp_path_factory: pytest.TempPathFactory) -> Image:
    dockerfile = root / "lambdas" / "screen_smear" / "Dockerfile"
    return build(dockerfile, context, tmp_path_factory.mktemp("image"), {"MODEL": Settings().model})


@contextmanager
def started(image: Image, service: Service) -> Iterator[tuple[RuntimeApi, float]]:
    """The image's entry point, connected to a runtime API of ours and to the embedded cloud."""
    listed = service.cloud.client("lambda").list_functions()["Functions"]
    (function,) = [one for one in listed if one["PackageType"] == "Image"]
    variables = function["Environment"]["Variables"] | {
        "HEMASCOPE_ENDPOINT": service.cloud.endpoint,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_LAMBDA_FUNCTION_NAME": function["FunctionName"],
        "POWERTOOLS_TRACE_DISABLED": "1",
        **image.environment(),
    }
    with RuntimeApi() as api:
        start = time.monotonic()
        process = subprocess.Popen(
            [str(image.root / "bin" / "python"), "-m", "awslambdaric", *image.command],
            cwd=image.task_root,
            env=variables | {"AWS_LAMBDA_RUNTIME_API": api.address},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield api, start
        finally:
            process.kill()
            process.wait()
            api.events.put({})  # lets the waiting request of the killed client end


def test_the_image_is_small_and_holds_neither_laboratory_nor_compiler(image: Image) -> None:
    names = {one.name.lower() for one in image.task_root.iterdir()}

    print(f"\nunpacked size without the base image: {image.size() / 1e6:.0f} MB")
    assert image.size() <= MAXIMUM_SIZE
    assert not {"tensorflow", "keras", "training", "infra", "tests", "aws_cdk", "moto", "ministack", "pip"} & names
    assert {"hemascope", "handler.py", "model_artifacts", "cv2", "ai_edge_litert", "awslambdaric"} <= names
    assert not list(image.task_root.rglob("weights*.npz"))


def test_the_images_entry_point_screens_a_smear(image: Image, service: Service, smear: bytes) -> None:
    service.cloud.kill_worker()  # the image shall do the work
    version = service.send(smear, "through the image.jpg")
    body = s3_message(s3_record(version.key, version.bucket, version.version_id, len(smear)))

    with started(image, service) as (api, start):
        answer = api.ask(sqs_event(body))
        seconds = time.monotonic() - start

    print(f"\nprocess start to first report: {seconds:.2f} s")
    row = service.row(version)
    assert answer == {"batchItemFailures": []}
    assert row is not None
    assert row.state is State.REPORTED
    assert seconds <= MAXIMUM_SECONDS


def test_the_images_entry_point_knows_every_event_of_the_corpus(image: Image, service: Service, root: Path) -> None:
    corpus = {file.stem: file.read_text(encoding="utf-8") for file in sorted((root / "tests" / "events").glob("*.json"))}

    with started(image, service) as (api, _):
        answers = {name: api.ask(sqs_event(body))["batchItemFailures"] for name, body in corpus.items()}

    # What names no object of this cloud comes again; what announces nothing is done with.
    announcing_nothing = {"s3-removed", "s3-test-event", "eventbridge-deleted"}
    assert {name for name, failures in answers.items() if not failures} == announcing_nothing


def test_a_module_that_is_not_copied_fails_the_build(root: Path, context: Path, image: Image, tmp_path: Path) -> None:
    lines = (root / "lambdas" / "screen_smear" / "Dockerfile").read_text().splitlines()
    # The packages are taken from the build before, which saves installing them again.
    (context / "packages").symlink_to(image.root.parent / "stage-0" / "packages")
    changed = ["COPY packages /packages" if one.startswith("RUN pip") else one for one in lines]
    dockerfile = tmp_path / "Dockerfile"
    dockerfile.write_text("\n".join(one for one in changed if "python/hemascope" not in one))

    with pytest.raises(AssertionError, match="No module named 'hemascope'"):
        build(dockerfile, context, tmp_path / "image", {"MODEL": Settings().model})


def test_the_command_is_the_handler(image: Image) -> None:
    assert image.command == ["handler.handler"]
    assert json.loads((image.task_root / "model_artifacts" / Settings().model / "manifest.json").read_text())
