"""The image of what prints reports, built as its Dockerfile says but without Docker: it prints with what it brings."""

import json
import subprocess
from pathlib import Path

import pypdfium2
import pytest

from infra.image import DOCUMENTS
from infra.settings import Settings
from tests.e2e.dockerfile import Image, build, copy_context
from tests.support.reviewed import pro_b

pytestmark = pytest.mark.local_cloud

MAXIMUM_SIZE = 380e6
PRINT = """
import pathlib, sys
from hemascope.domain.report import Report
from hemascope.model.folder import ArtifactFolder
model = ArtifactFolder.open(next(pathlib.Path("model_artifacts").glob("*/*")))
disease, texts = model.disease, model.texts("en")
report = Report.model_validate_json(sys.stdin.read())
if sys.argv[1] == "pdf":
    from hemascope.documents.pdf_report import pdf_report
    from hemascope.documents.pictures import ReportPictures
    sys.stdout.buffer.write(pdf_report(report, ReportPictures(), disease, texts))
else:
    from hemascope.documents.fhir import fhir_bundle
    sys.stdout.write(fhir_bundle(report, disease, texts, version=sys.argv[1]))
"""


@pytest.fixture(scope="module")
def image(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Image:
    model = Settings().model
    context = copy_context(root, tmp_path_factory.mktemp("context"), model, DOCUMENTS)
    dockerfile = root / "lambdas" / DOCUMENTS / "Dockerfile"
    return build(dockerfile, context, tmp_path_factory.mktemp("image"), {"MODEL": model})


def printed(image: Image, kind: str) -> bytes:
    done = subprocess.run(
        [image.root / "bin" / "python", "-c", PRINT, kind],
        input=pro_b().to_json().encode(),
        cwd=image.task_root,
        env=image.environment(),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def test_the_image_holds_what_prints_and_no_network(image: Image) -> None:
    names = {path.name.lower() for path in image.task_root.iterdir()}

    print(f"\nunpacked size without the base image: {image.size() / 1e6:.0f} MB")
    assert image.size() <= MAXIMUM_SIZE
    assert {"hemascope", "handler.py", "reportlab", "fhir", "cv2", "awslambdaric"} <= names
    assert not {"ai_edge_litert", "tensorflow", "training", "infra", "tests", "pip"} & names
    assert not list(image.task_root.rglob("*.tflite"))
    assert image.command == ["handler.handler"]


def test_the_image_prints_with_its_own_font(image: Image) -> None:
    document = pypdfium2.PdfDocument(printed(image, "pdf"))
    page = document[0]
    reader = page.get_textpage()
    text = reader.get_text_bounded()
    for part in (reader, page, document):
        part.close()

    assert "Finding: Pro-B pattern" in text


@pytest.mark.parametrize("version", ["R5", "R4B"])
def test_the_image_makes_bundles_of_both_versions(image: Image, version: str) -> None:
    assert json.loads(printed(image, version))["resourceType"] == "Bundle"
