import json
from pathlib import Path

import pytest

from hemascope.domain.specimen import Specimen
from hemascope.model.classifier import Classifier
from hemascope.screening.pipeline import screen
from hemascope_cli.published_schemas import PUBLISHED, schema_text

NAMES = (
    "report",
    "patient-summary",
    "slide-report",
    "slide-summary",
    "acquisition",
    "microscope-profile",
    "verdict",
    "notification",
    "hospital",
    "manifest",
)


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_a_published_schema_is_the_one_in_the_code(root: Path, name: str) -> None:
    path = root / "docs" / "contracts" / f"{name}.schema.json"

    published = path.read_text(encoding="utf-8") if path.exists() else "nothing"

    assert published == schema_text(PUBLISHED[name]), f"{path.name} is out of date: run `hemascope schemas` and commit it"


def test_nothing_else_is_published(root: Path) -> None:
    files = {path.name for path in (root / "docs" / "contracts").glob("*.schema.json")}

    assert files == {f"{name}.schema.json" for name in NAMES}


def test_a_report_has_exactly_the_published_fields(root: Path, classifier: Classifier, smear: bytes) -> None:
    schema = json.loads((root / "docs" / "contracts" / "report.schema.json").read_text())
    specimen = Specimen(hospital="h", patient="p", slide="c", field="f.jpg")

    report = json.loads(screen(smear, specimen, classifier).report.to_json())

    assert set(report) == set(schema["properties"])
    assert report["schema"] == schema["properties"]["schema"]["const"] == "hemascope.report/2"
