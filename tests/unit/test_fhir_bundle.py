"""The FHIR bundle: accepted by the library, its codes bound, its references whole, its words literal."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hemascope.documents.codes import Code
from hemascope.documents.fhir import fhir_bundle
from hemascope.domain.characters import compose_lines, find_refused
from hemascope.domain.report import Release, Report
from hemascope.domain.reviewed import UNREVIEWED, Reviewed
from hemascope.domain.specimen import to_segment
from tests.support.fhir_bundles import bundle, observation, observations, resources, walk
from tests.support.reviewed import BLURRED, pro_b, verdict
from tests.support.slide_fields import DISEASE, TEXTS, rejected_report, smear_report

VERSIONS = ("R5", "R4B")
GATED = {"sharpness": 12.5, "brightness": 200.0, "contrast": 30.0, "figures": {"sharpness": 12.5}, "findings": [BLURRED]}
NOBODYS = rejected_report("x.jpg").model_copy(update={"specimen": None, "issued_at": None})
CORRECTED = Reviewed([verdict("correct", "Pre-B"), verdict("correct", "Pre-B", 2, reviewer="9a")], Release.AMENDED, 2)
REPORTS = {
    "suspected": (pro_b(), UNREVIEWED),
    "confirmed": (pro_b(), Reviewed([verdict(comment="Large blasts.")], Release.FINAL, 1)),
    "corrected": (pro_b(), CORRECTED),
    "poor": (pro_b("poor_quality", quality=GATED), UNREVIEWED),
    "without pictures": (smear_report("f.jpg"), UNREVIEWED),
    "rejected": (rejected_report("notes.jpg"), UNREVIEWED),
    "nobody's": (NOBODYS, UNREVIEWED),
}
DISEASE_CODES = [code for spec in DISEASE.classes for code in spec.codes] + [DISEASE.report_code, *DISEASE.specimen_codes]
# What FHIR itself requires of these fields, R5 and R4B: https://hl7.org/fhir/R5, the pages of the resources.
BOUND = {
    ("Bundle", "type"): {"document", "message", "transaction", "batch", "searchset", "history", "collection"},
    ("DiagnosticReport", "status"): {"registered", "partial", "preliminary", "final", "amended", "corrected", "cancelled"},
    ("Observation", "status"): {"registered", "preliminary", "final", "amended", "corrected", "cancelled"},
    ("Device", "status"): {"active", "inactive", "entered-in-error"},
    ("DocumentReference", "status"): {"current", "superseded", "entered-in-error"},
    ("Media", "status"): {"preparation", "in-progress", "not-done", "on-hold", "stopped", "completed"},
}


@pytest.fixture(params=[(name, version) for name in REPORTS for version in VERSIONS], ids=str)
def every(request: pytest.FixtureRequest) -> dict[str, Any]:
    name, version = request.param
    return bundle(*REPORTS[name], version)


def test_every_coding_is_bound(every: dict[str, Any]) -> None:
    bound = {code.value for code in Code} | {(code.system, code.code, code.display) for code in DISEASE_CODES}

    used = [node for node in walk(every) if "code" in node and "system" in node and "value" not in node]

    assert used
    assert {(coding["system"], coding["code"], coding.get("display")) for coding in used} <= bound


def test_every_code_is_published(root: Path) -> None:
    page = (root / "docs" / "fhir.md").read_text(encoding="utf-8")

    codes = [code.value[1] for code in Code] + [code.code for code in DISEASE_CODES]
    assert [code for code in codes if f"`{code}`" not in page] == []


def test_every_word_that_fhir_itself_binds_is_one_of_its_words(every: dict[str, Any]) -> None:
    parts = [every, *(entry["resource"] for entry in every["entry"])]

    for (kind, field), allowed in BOUND.items():
        assert {part[field] for part in parts if part["resourceType"] == kind} <= allowed, (kind, field)


def test_every_reference_leads_to_an_entry(every: dict[str, Any]) -> None:
    there = [entry["fullUrl"] for entry in every["entry"]]

    named = {node["reference"] for node in walk(every) if "reference" in node}

    assert len(set(there)) == len(there)
    assert named <= set(there)
    assert [item["fullUrl"] for item in every["entry"]] == [f"urn:uuid:{value['resource']['id']}" for value in every["entry"]]


def test_what_a_program_says_is_labelled_so(every: dict[str, Any]) -> None:
    for item in [*resources(every, "Observation"), *resources(every, "DiagnosticReport")]:
        (label,) = [each["code"] for each in item["meta"]["security"]]
        is_verdict = item["code"]["coding"][0]["code"] == "reviewer-verdict"
        assert label == ("CLINAST" if is_verdict else "AIAST")


def test_nobody_is_named(every: dict[str, Any]) -> None:
    for resource in resources(every, "Patient"):
        assert set(resource) == {"resourceType", "id", "identifier"}
    assert not resources(every, "Practitioner")


def test_a_suspected_leukemia_in_full() -> None:
    content = bundle(pro_b())

    (report,) = resources(content, "DiagnosticReport")
    assert (report["status"], report["issued"]) == ("preliminary", "2026-03-01T08:00:00Z")
    assert report["code"]["coding"][0]["display"] == "Blood smear finding [Identifier] in Blood by Light microscopy"
    assert report["conclusionCode"][0]["coding"][0]["code"] == "pro-b"
    assert "advice on confident" in report["conclusion"]
    assert report["conclusion"].endswith("Decision support, not a diagnosis.")
    assert report["presentedForm"][0]["url"] == "reports/0f/report.pdf"
    assert len(report["media"]) == 4
    assert observation(content, "decision")["valueCodeableConcept"]["coding"][0]["code"] == "confident"
    assert observation(content, "pattern")["valueCodeableConcept"]["coding"][0]["display"] == "Pro-B pattern"
    assert observation(content, "stained-cell-count")["valueQuantity"]["value"] == 20
    distance = observation(content, "colour-distance")
    assert (distance["valueQuantity"]["value"], distance["component"][0]["valueQuantity"]["value"]) == (0.4, 0.25)
    assert distance["referenceRange"][0]["high"]["value"] == 1


def test_each_probability_is_an_observation_about_one_class() -> None:
    content = bundle(pro_b())

    found = observations(content, "class-probability")

    notified = {
        item["component"][0]["valueCodeableConcept"]["coding"][0]["code"]: item["valueQuantity"]["value"] for item in found
    }
    assert notified == {"benign": 0.02, "early-pre-b": 0.02, "pre-b": 0.02, "pro-b": 0.94}


@pytest.mark.parametrize("decision", ["indeterminate", "out_of_distribution", "poor_quality", "unverified"])
def test_a_label_that_is_no_answer_is_no_pattern(decision: str) -> None:
    content = bundle(pro_b(decision))

    pattern = observation(content, "pattern")
    assert "valueCodeableConcept" not in pattern
    assert pattern["dataAbsentReason"]["coding"][0]["code"] == "unknown"
    assert "conclusionCode" not in resources(content, "DiagnosticReport")[0]
    assert observation(content, "decision")["valueCodeableConcept"]["coding"][0]["code"] == decision


def test_a_poor_picture_says_what_is_poor() -> None:
    quality = observation(bundle(*REPORTS["poor"]), "picture-quality")

    assert quality["valueCodeableConcept"]["coding"][0]["code"] == "limit_broken"
    (found,) = [component for component in quality["component"] if component["code"]["coding"][0]["code"] == "quality-finding"]
    assert found["valueCodeableConcept"]["coding"][0]["code"] == "out_of_focus"


def test_a_picture_within_all_limits_is_accepted() -> None:
    quality = observation(bundle(pro_b()), "picture-quality")

    assert quality["valueCodeableConcept"]["coding"][0]["code"] == "accepted"
    assert [component["valueQuantity"]["value"] for component in quality["component"]] == [100, 200, 30, 0.2]


def test_a_rejected_picture_was_not_examined() -> None:
    content = bundle(*REPORTS["rejected"])

    (report,), (one,) = resources(content, "DiagnosticReport"), resources(content, "Observation")
    assert (report["status"], one["status"]) == ("cancelled", "cancelled")
    assert one["dataAbsentReason"]["coding"][0]["code"] == "not-performed"
    assert "expected all of it. Send the picture again." in report["conclusion"]


@pytest.mark.parametrize(
    ("reviewed", "status"),
    [
        (UNREVIEWED, ("preliminary", "preliminary")),
        (Reviewed([verdict()], Release.FINAL, 1), ("final", "final")),
        (Reviewed([verdict("correct", "Benign")], Release.AMENDED, 1), ("amended", "final")),
    ],
)
def test_the_release_is_the_status(reviewed: Reviewed, status: tuple[str, str]) -> None:
    content = bundle(pro_b(), reviewed)

    assert (resources(content, "DiagnosticReport")[0]["status"], observation(content, "decision")["status"]) == status


def test_a_correction_that_waits_for_a_second_reviewer_is_told_and_concludes_nothing() -> None:
    content = bundle(pro_b(), Reviewed([verdict(), verdict("correct", "Pre-B", 2)], Release.FINAL, 1))

    assert resources(content, "DiagnosticReport")[0]["conclusionCode"][0]["coding"][0]["code"] == "pro-b"
    assert (
        len(
            [
                resource
                for resource in resources(content, "Observation")
                if resource["code"]["coding"][0]["code"] == "reviewer-verdict"
            ]
        )
        == 2
    )


def test_a_correction_is_the_conclusion_and_the_models_word_stays_an_observation() -> None:
    content = bundle(*REPORTS["corrected"])

    (report,) = resources(content, "DiagnosticReport")
    assert report["conclusionCode"][0]["coding"][0]["code"] == "pre-b"
    assert report["conclusion"].startswith("After review: Pre-B pattern.")
    assert "advice" not in report["conclusion"]
    assert [interpreter["identifier"]["value"] for interpreter in report["resultsInterpreter"]] == ["8f0c", "9a"]
    assert observation(content, "pattern")["valueCodeableConcept"]["coding"][0]["code"] == "pro-b"


def test_a_verdict_is_its_reviewers_observation() -> None:
    one = observation(bundle(*REPORTS["confirmed"]), "reviewer-verdict")

    assert one["performer"] == [
        {
            "type": "Practitioner",
            "identifier": {"system": "https://hemascope.example/fhir/NamingSystem/account", "value": "8f0c"},
        }
    ]
    assert (one["issued"], one["note"]) == ("2026-03-01T09:30:00Z", [{"text": "Large blasts."}])
    assert one["valueCodeableConcept"]["coding"][0]["code"] == "confirm"
    assert "device" not in one


def test_provenance_names_the_model_the_picture_and_the_reviewers() -> None:
    content = bundle(*REPORTS["corrected"])

    (trace,), (device,) = resources(content, "Provenance"), resources(content, "Device")
    assert trace["recorded"] == "2026-03-01T09:30:00Z"
    assert [agent["type"]["coding"][0]["code"] for agent in trace["agent"]] == ["assembler", "verifier", "verifier"]
    assert trace["agent"][0]["who"]["reference"] == f"urn:uuid:{device['id']}"
    assert [identifier["value"] for identifier in device["identifier"]] == ["all-subtypes/1.0.0", "a" * 64]


def test_pictures_are_references_in_the_form_of_each_version() -> None:
    five, four = bundle(pro_b()), bundle(pro_b(), version="R4B")

    urls = [resource["content"][0]["attachment"].get("url") for resource in resources(five, "DocumentReference")]
    assert urls == [
        None,
        "reports/0f/all-subtypes/1.0.0/segmented.png",
        "reports/0f/all-subtypes/1.0.0/overlay.png",
        "reports/0f/all-subtypes/1.0.0/heat_map.original.png",
        "reports/0f/all-subtypes/1.0.0/heat_map.segmented.png",
    ]
    assert [item["content"].get("url") for item in resources(four, "Media")] == urls
    assert not resources(five, "Media") + resources(four, "DocumentReference")


def ids(content: dict[str, Any], kind: str) -> list[str]:
    return [resource["id"] for resource in resources(content, kind)]


def test_the_same_report_has_the_same_ids_and_another_models_has_others() -> None:
    first, again = (fhir_bundle(pro_b(), DISEASE, TEXTS) for _ in range(2))
    report = pro_b()
    other = bundle(report.model_copy(update={"model": report.model.model_copy(update={"version": "2.0.0"})}))

    assert first == again
    assert ids(json.loads(first), "DiagnosticReport") != ids(other, "DiagnosticReport")
    assert ids(json.loads(first), "Patient") == ids(other, "Patient")
    assert ids(json.loads(first), "Specimen") == ids(other, "Specimen")


def test_a_patient_of_the_same_id_in_another_hospital_is_another_patient() -> None:
    here = pro_b()
    assert here.specimen is not None
    there = here.model_copy(update={"specimen": here.specimen.model_copy(update={"hospital": "st mary/7"})})

    one, other = bundle(here), bundle(there)

    assert ids(one, "Patient") != ids(other, "Patient")
    assert resources(other, "Patient")[0]["identifier"][0]["system"].endswith("/patient/st%20mary%2F7")


def test_a_class_that_has_no_code_is_text() -> None:
    content = pro_b().model_dump(mode="json", by_alias=True)
    content["result"] |= {"label": "Sickle", "probabilities": {"Sickle": 1.0}, "prediction_set": ["Sickle"]}
    content["result"]["conformal_set"] = []

    notified = bundle(Report.model_validate(content))

    assert observation(notified, "pattern")["valueCodeableConcept"] == {"text": "Sickle"}


WRITTEN = st.text(max_size=40).map(compose_lines).filter(lambda text: text != "" and not find_refused(text, "\n\t"))
IDS = st.text(min_size=1, max_size=40).map(to_segment).filter(bool)


@given(text=WRITTEN, version=st.sampled_from(VERSIONS))
def test_whatever_a_reviewer_writes_the_bundle_is_fhir(text: str, version: Any) -> None:
    made = bundle(pro_b(), Reviewed([verdict("correct", "Pre-B", comment=text)], Release.AMENDED, 1), version)

    assert observation(made, "reviewer-verdict")["note"][0]["text"] == text


@given(hospital=IDS, patient=IDS, slide=IDS, file=IDS, version=st.sampled_from(VERSIONS))
def test_whatever_the_ids_are_the_bundle_holds_them_as_they_are(
    hospital: str, patient: str, slide: str, file: str, version: Any
) -> None:
    content = pro_b().model_dump(mode="json", by_alias=True)
    content["specimen"] = {"hospital": hospital, "patient": patient, "slide": slide, "field": file}

    made = json.dumps(bundle(Report.model_validate(content), version=version), ensure_ascii=False)

    assert all(json.dumps(text, ensure_ascii=False) in made for text in (hospital, patient, slide, file))
