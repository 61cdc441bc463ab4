"""A picture whose key names its microscope: the name stands in report, row, FHIR bundle and printed report."""

from typing import Any

import pytest

from hemascope.domain.report import Report
from hemascope.model.artifact import Artifact
from tests.support.fakes import FixedClassifier, World
from tests.support.fhir_bundles import bundle, resources
from tests.support.slide_fields import smear_report

KEY = "smears/st-mary/p-7/c-1/scope 2/field-1.jpg"


def taken_by(microscope: str | None) -> Report:
    report = smear_report("f.jpg")
    assert report.specimen
    return report.model_copy(update={"specimen": report.specimen.model_copy(update={"microscope": microscope})})


@pytest.mark.parametrize(
    ("key", "microscope", "digest"),
    [
        (KEY, "scope 2", "13a1094e41d1fc0557615d71de775a30"),  # printf '7:st-mary7:scope 2' | sha256sum
        ("smears/st-mary/p-7/c-1/field-1.jpg", None, None),
    ],
)
def test_report_and_row_name_the_microscope_of_the_key(
    artifact: Artifact, smear: bytes, key: str, microscope: str | None, digest: str | None
) -> None:
    world = World(FixedClassifier(artifact, 0.01, 0.02, 0.96, 0.01))

    outcome = world.screening_service().process(world.arrive(smear, key))

    names = {"hospital": "st-mary", "patient": "p-7", "slide": "c-1", "microscope": microscope, "field": "field-1.jpg"}
    assert world.reports.json("report.json")["specimen"] == names
    assert (outcome.row.slide, outcome.row.microscope) == ("c-1", digest)


@pytest.mark.parametrize(("version", "kind", "role"), [("R5", "DocumentReference", "author"), ("R4B", "Media", "device")])
def test_the_microscope_is_a_device_that_made_the_smears_picture_alone(version: str, kind: str, role: str) -> None:
    content = bundle(taken_by("scope 2"), version=version)

    model, microscope = resources(content, "Device")
    smear, *drawn = resources(content, kind)
    named: Any = smear[role][0] if version == "R5" else smear[role]
    assert microscope["identifier"][0]["value"] == "scope 2"
    assert microscope["identifier"][0]["system"].endswith("microscope/st-mary")
    assert named == {"reference": f"urn:uuid:{microscope['id']}"}
    assert all(role not in picture for picture in drawn)
    assert model["id"] != microscope["id"]


def test_without_a_name_the_bundle_has_one_device() -> None:
    assert len(resources(bundle(taken_by(None)), "Device")) == 1
