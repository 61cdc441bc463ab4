from typing import Any

import pytest
from pydantic import ValidationError

from hemascope.domain.errors import RejectedSmear, RejectionReason
from hemascope.domain.specimen import (
    ObjectVersion,
    Patient,
    Specimen,
    heat_map_key,
    parse_smear_key,
    report_keys,
    report_prefixes,
    smear_key,
    verdict_key,
)


def specimen(**changed: Any) -> Specimen:
    return Specimen(**{"hospital": "st-mary", "patient": "p-7", "slide": "c-1", "field": "field 1.jpg", **changed})


def test_a_key_names_hospital_patient_slide_and_field() -> None:
    assert smear_key(specimen()) == "smears/st-mary/p-7/c-1/field 1.jpg"


def test_a_key_names_the_microscope_where_it_is_known() -> None:
    assert smear_key(specimen(microscope="st-mary:7")) == "smears/st-mary/p-7/c-1/st-mary:7/field 1.jpg"


def test_a_key_of_six_parts_names_a_microscope_and_one_of_five_names_none() -> None:
    with_one, without = (parse_smear_key(f"smears/st-mary/p-7/c-1/{rest}") for rest in ("scope 2/f.jpg", "f.jpg"))

    assert (with_one.microscope, with_one.field) == ("scope 2", "f.jpg")
    assert (without.microscope, without.field) == (None, "f.jpg")


def test_microscopes_of_one_name_in_two_hospitals_have_digests_of_their_own() -> None:
    digests = [specimen(hospital=name, microscope="scope 2").microscope_digest for name in ("st-mary", "st-joseph")]

    # printf '7:st-mary7:scope 2' | sha256sum
    assert digests[0] == "13a1094e41d1fc0557615d71de775a30"
    assert digests[0] != digests[1]
    assert specimen().microscope_digest is None


@pytest.mark.parametrize(
    "field",
    [
        *("a b.jpg", "50%.jpg", "1+1.png", "Zellkörper-Größe.tif", "血液.jpg", "q?x=1&y=2#z.jpg", "..x"),
        *(
            "9.41.00\u202fAM.png",
            "一\u3000二.jpg",
            "می\u200cشود.jpg",
            "👩\u200d🔬.jpg",
            "שקופית 3.jpg",
            "a\u200fb",
            "x" * 255,
            "\ue000",
        ),
    ],
)
def test_a_key_is_read_back_as_it_was(field: str) -> None:
    assert parse_smear_key(smear_key(specimen(field=field))) == specimen(field=field)


@pytest.mark.parametrize(
    "part",
    [
        *("", "a/b", ".", "..", " a", "a ", "a\nb", "a\x00b", "x" * 256, "\u3000a", "a\u202f", "\ufeffa"),
        *("\x85a", "a\u2028b", "\u202ea", "a\u2066b", "a\ufffe", "\ufdd0", "\U0010ffff", "\ud800"),
    ],
)
@pytest.mark.parametrize("name", ["hospital", "patient", "slide", "microscope", "field"])
def test_a_part_that_could_be_mistaken_is_refused(name: str, part: str) -> None:
    with pytest.raises(ValidationError):
        specimen(**{name: part})


@pytest.mark.parametrize(
    "key",
    [
        "",
        "field.jpg",
        "smears/st-mary/p-7/field.jpg",
        "smears/st-mary/p-7/c-1/scope/folder/field.jpg",
        "smears/st-mary/p-7/c-1//field.jpg",
        "smears/st-mary/p-7/c-1/scope/",
        "smears//p-7/c-1/field.jpg",
        "smears/st-mary/p-7/c-1/",
        "smears/st-mary/../c-1/field.jpg",
        "reports/st-mary/p-7/c-1/field.jpg",
        "/smears/st-mary/p-7/c-1/field.jpg",
    ],
)
def test_a_key_of_another_form_is_rejected_without_being_repeated(key: str) -> None:
    with pytest.raises(RejectedSmear) as refusal:
        parse_smear_key(key)

    assert refusal.value.reason is RejectionReason.INVALID_KEY
    assert "field" not in str(refusal.value).replace("{field}", "")


def test_a_key_longer_than_s3_allows_is_rejected() -> None:
    # 255 characters of three bytes each: every part is allowed, the key as a whole is not.
    long = specimen(patient="血" * 255, slide="液" * 255)

    with pytest.raises(RejectedSmear, match="at most 1024 bytes, received 15"):
        smear_key(long)


def test_the_same_version_always_has_the_same_id() -> None:
    version = ObjectVersion(bucket="uploads", key="smears/h/p/c/f.jpg", version_id="v1")

    assert version.object_id == version.model_copy().object_id
    assert len(version.object_id) == 32
    assert int(version.object_id, 16) >= 0


def test_bucket_key_and_version_each_make_another_id() -> None:
    parts = [("uploads", "key", "v1"), ("upload", "skey", "v1"), ("uploads", "keyv", "1"), ("uploads", "key", "v2")]

    ids = {ObjectVersion(bucket=bucket, key=key, version_id=version).object_id for bucket, key, version in parts}

    assert len(ids) == len(parts)


def test_reports_have_keys_without_a_word_of_the_specimen() -> None:
    keys = report_keys("ab" * 16, "all-subtypes/1.0.0").model_dump()

    assert keys == {
        "report": "reports/abababababababababababababababab/all-subtypes/1.0.0/report.json",
        "summary": "summaries/abababababababababababababababab/all-subtypes/1.0.0/summary.json",
        "segmented": "reports/abababababababababababababababab/all-subtypes/1.0.0/segmented.png",
        "overlay": "reports/abababababababababababababababab/all-subtypes/1.0.0/overlay.png",
    }


def test_another_model_writes_beside_the_first() -> None:
    first, second = (set(report_keys("ab", f"all-subtypes/{version}").model_dump().values()) for version in ("1.0.0", "1.1.0"))

    assert not first & second


def test_a_patients_prefix_begins_their_keys_and_nobody_elses() -> None:
    prefix = Patient(hospital="st-mary", patient="p-7").prefix

    begun = [
        smear_key(specimen(**changed)).startswith(prefix) for changed in ({}, {"patient": "p-71"}, {"hospital": "st-mary2"})
    ]

    assert prefix == "smears/st-mary/p-7/"
    assert begun == [True, False, False]


def test_a_patients_digest_names_nobody_and_tells_them_apart() -> None:
    patients = [Patient(hospital=hospital, patient=patient) for hospital, patient in (("ab", "c"), ("a", "bc"), ("ab", "d"))]

    assert len({patient.digest for patient in patients}) == 3
    # printf '2:ab1:c' | sha256sum
    assert patients[0].digest == "430fb1b4ac43316eca81fab27a1930ab"


def test_everything_about_an_object_begins_with_one_of_three_prefixes() -> None:
    model = "all-subtypes/1.0.0"
    keys = [*report_keys("0f", model).model_dump().values(), heat_map_key("0f", model, "a"), verdict_key("0f", model, 1)]

    assert report_prefixes("0f") == ("reports/0f/", "summaries/0f/", "verdicts/0f/")
    assert all(key.startswith(report_prefixes("0f")) for key in keys)


def test_an_id_in_either_form_is_one_patient_and_one_slide() -> None:
    composed, decomposed = specimen(patient="\u00fc", slide="\u304c"), specimen(patient="u\u0308", slide="\u304b\u3099")

    assert composed == decomposed
    assert Patient.of(composed).digest == Patient.of(decomposed).digest
    assert parse_smear_key("smears/st-mary/u\u0308/\u304b\u3099/field 1.jpg") == composed


@pytest.mark.parametrize(
    ("patient", "searched"),
    [("p-7", "smears/st-mary/p-7/"), ("mü-7", "smears/st-mary/m"), ("p-K;", "smears/st-mary/p-")],
)
def test_a_patients_keys_in_every_form_are_found_below_one_prefix(patient: str, searched: str) -> None:
    assert Patient(hospital="st-mary", patient=patient).search_prefix == searched


def test_a_key_in_another_form_is_the_patients_and_a_neighbours_is_not() -> None:
    patient = Patient(hospital="st-mary", patient="m\u00fc")

    owned = [patient.owns(f"smears/st-mary/{other}/c-1/f.jpg") for other in ("mu\u0308", "m\u00fc", "m\u00fc2", "mu")]

    assert owned == [True, True, False, False]
