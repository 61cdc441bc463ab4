"""The container image, built as its Dockerfile says but without Docker, and run by Lambda's own runtime client."""

import json
from pathlib import Path

import pytest

from hemascope.domain.report import State
from infra.settings import Settings
from tests.e2e.conftest import Service
from tests.e2e.dockerfile import Image, build, copy_context
from tests.e2e.runtime_api import EntryPoint
from tests.support.fakes import s3_message, s3_record, sqs_event

pytestmark = pytest.mark.local_cloud

MAXIMUM_SIZE = 420e6  # bytes; libvips, Pillow and libheif are 45 of them


@pytest.fixture(scope="module")
def context(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_context(root, tmp_path_factory.mktemp("context"), Settings().model)


@pytest.fixture(scope="module")
def image(root: Path, context: Path, tmp_path_factory: pytest.TempPathFactory) -> Image:
    dockerfile = root / "lambdas" / "screen_smear" / "Dockerfile"
    return build(dockerfile, context, tmp_path_factory.mktemp("image"), {"MODEL": Settings().model})


@pytest.fixture(scope="module")
def entry_point(image: Image, service: Service) -> EntryPoint:
    service.cloud.kill_worker()  # the image shall do the work
    return EntryPoint(image, service.cloud)


def test_the_image_is_small_and_holds_neither_laboratory_nor_compiler(image: Image) -> None:
    names = {path.name.lower() for path in image.task_root.iterdir()}

    print(f"\nunpacked size without the base image: {image.size() / 1e6:.0f} MB")
    assert image.size() <= MAXIMUM_SIZE
    assert not {"tensorflow", "keras", "training", "infra", "tests", "aws_cdk", "moto", "ministack", "pip"} & names
    assert {"hemascope", "handler.py", "model_artifacts", "cv2", "ai_edge_litert", "awslambdaric"} <= names
    assert not list(image.task_root.rglob("weights*.npz"))


def test_the_images_entry_point_screens_a_smear(entry_point: EntryPoint, service: Service, smear: bytes) -> None:
    version = service.send(smear, "through the image.jpg")
    body = s3_message(s3_record(version.key, version.bucket, version.version_id, len(smear)))

    with entry_point.started() as process:
        answer = process.api.ask(sqs_event(body))

    row = service.row(version)
    assert answer == {"batchItemFailures": []}
    assert row is not None
    assert row.state is State.REPORTED


def test_the_images_entry_point_knows_every_event_of_the_corpus(entry_point: EntryPoint, root: Path) -> None:
    corpus = {file.stem: file.read_text(encoding="utf-8") for file in sorted((root / "tests" / "events").glob("*.json"))}

    with entry_point.started() as process:
        answers = {name: process.api.ask(sqs_event(body))["batchItemFailures"] for name, body in corpus.items()}

    # What names no object of this cloud comes again; what announces nothing is done with.
    announcing_nothing = {
        "eventbridge-deleted",
        "eventbridge-folder",
        "s3-folder",
        "s3-removed",
        "s3-test-event",
        "sns-s3-test-event",
    }
    assert {name for name, failures in answers.items() if not failures} == announcing_nothing


def test_a_module_that_is_not_copied_fails_the_build(root: Path, context: Path, image: Image, tmp_path: Path) -> None:
    lines = (root / "lambdas" / "screen_smear" / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    # The packages are taken from the build before, which saves installing them again.
    (context / "packages").symlink_to(image.root.parent / "stage-0" / "packages")
    changed = ["COPY packages /packages" if line.startswith("RUN pip") else line for line in lines]
    dockerfile = tmp_path / "Dockerfile"
    dockerfile.write_text("\n".join(line for line in changed if "python/hemascope" not in line))

    with pytest.raises(AssertionError, match="No module named 'hemascope'"):
        build(dockerfile, context, tmp_path / "image", {"MODEL": Settings().model})


def test_the_command_is_the_handler(image: Image) -> None:
    assert image.command == ["handler.handler"]
    assert json.loads((image.task_root / "model_artifacts" / Settings().model / "manifest.json").read_text())
