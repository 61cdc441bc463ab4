"""Whatever ids and keys there are: keys are read back as they were, and no message ends in anything but a typed error."""

import json
import unicodedata
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hemascope.domain.account import Role
from hemascope.domain.errors import InvalidEvent, RejectedSmear
from hemascope.domain.events import CreatedObject, announce, parse_message
from hemascope.domain.microscope import Microscope
from hemascope.domain.specimen import (
    ObjectVersion,
    Patient,
    Specimen,
    parse_smear_key,
    segment_fault,
    smear_key,
    to_segment,
)
from hemascope.portal.identity import Person
from hemascope.portal.uploads import UploadRequest
from tests.support.fakes import s3_message, s3_record
from tests.support.portal_world import PortalWorld

# Any Unicode in composed form, with what macOS, Persian, Japanese, Hebrew and emoji use more often than chance has it.
USUAL = st.sampled_from([*"\u202f\u3000\u200c\u200d\u200f\ufe0f\u0301\u3099 .-", "\u05d0", "\U0001f468", "\U0001f3ff"])
TEXTS = st.text(st.characters() | USUAL, min_size=1, max_size=60)
SEGMENTS = TEXTS.map(to_segment).filter(bool)
SPECIMENS = st.builds(
    Specimen, hospital=SEGMENTS, patient=SEGMENTS, slide=SEGMENTS, microscope=st.none() | SEGMENTS, field=SEGMENTS
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["Records", "s3", "bucket", "object", "key", "name", "eventName", "detail", "source", "Event"])
            | st.text(max_size=5),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(SPECIMENS)
def test_a_key_is_read_back_as_it_was(specimen: Specimen) -> None:
    assert parse_smear_key(smear_key(specimen)) == specimen


@given(SPECIMENS, SPECIMENS)
def test_different_specimens_have_different_keys(one: Specimen, other: Specimen) -> None:
    assert (smear_key(one) == smear_key(other)) == (one == other)


@given(SPECIMENS, SEGMENTS)
def test_a_picture_never_moves_between_microscopes(specimen: Specimen, other: str) -> None:
    moved = specimen.model_copy(update={"microscope": other})

    assert (smear_key(moved) == smear_key(specimen)) == (specimen.microscope == other)
    assert parse_smear_key(smear_key(moved)).microscope == other


@given(st.text())
def test_any_text_is_a_key_or_a_typed_refusal(key: str) -> None:
    try:
        specimen = parse_smear_key(key)
    except RejectedSmear:
        return
    assert smear_key(specimen) == unicodedata.normalize("NFC", key)


@given(st.text(), st.text(), st.text())
def test_parts_of_a_version_never_run_into_each_other(one: str, two: str, three: str) -> None:
    version = ObjectVersion(bucket=one, key=two + three, version_id="v")

    assert (version.object_id == ObjectVersion(bucket=one + two, key=three, version_id="v").object_id) == (two == "")


@given(SPECIMENS)
def test_a_key_survives_the_encoding_of_s3(specimen: Specimen) -> None:
    key = smear_key(specimen)

    (created,) = parse_message(s3_message(s3_record(key)))

    assert created.object.key == key
    assert quote_plus(key, safe="/") in s3_message(s3_record(key))


@given(st.text(min_size=1), st.text(min_size=1), st.text(min_size=1), st.none() | st.integers(min_value=0))
def test_what_is_announced_is_read_back_as_it_was(bucket: str, key: str, version: str, size: int | None) -> None:
    created = CreatedObject(object=ObjectVersion(bucket=bucket, key=key, version_id=version), size=size)

    assert parse_message(announce(created)) == [created]


@given(JSON.map(json.dumps) | st.text())
def test_any_message_is_objects_or_a_typed_error(body: str) -> None:
    try:
        created = parse_message(body)
    except InvalidEvent:
        return
    assert all(announced.object.key and announced.object.bucket for announced in created)


@given(st.text(min_size=1, max_size=20))
def test_a_specimen_of_any_text_is_one_or_is_refused(text: str) -> None:
    try:
        specimen = Specimen(hospital=text, patient="p", slide="c", microscope="m", field="f")
    except ValidationError:
        with pytest.raises(RejectedSmear):
            parse_smear_key(f"smears/{text}/p/c/m/f")
    else:
        assert parse_smear_key(smear_key(specimen)) == specimen


@given(SPECIMENS, st.sampled_from(["NFC", "NFD"]))
def test_every_form_of_a_key_means_the_same_ids_and_lies_below_the_patients_prefix(specimen: Specimen, form: Any) -> None:
    key, patient = unicodedata.normalize(form, smear_key(specimen)), Patient.of(specimen)

    assert parse_smear_key(key) == specimen
    assert key.startswith(patient.search_prefix)
    assert patient.owns(key)


@given(TEXTS)
def test_a_text_is_an_id_or_a_refusal_that_names_one_character_and_nothing_more(text: str) -> None:
    fault = segment_fault(text)

    if fault is None:
        assert to_segment(text) == unicodedata.normalize("NFC", text)
        assert not any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in text)
    else:
        assert to_segment(text) is None
        assert fault.isascii()
        assert text not in fault or len(text) == 1


@given(SPECIMENS)
def test_an_upload_of_any_names_is_opened_for_their_key(specimen: Specimen) -> None:
    person = Person(account="8f0c", role=Role.TECHNICIAN, hospital=specimen.hospital)
    names = specimen.model_dump(exclude={"hospital"})
    request = UploadRequest.model_validate_json(json.dumps(names | {"names_confirmed": True}))

    portal = PortalWorld()
    if specimen.microscope:
        portal.microscopes.store(Microscope(hospital=specimen.hospital, name=specimen.microscope))
    upload = portal.services.uploads.open_upload(person, request)

    assert parse_smear_key(upload.key) == specimen
    assert upload.form.fields["key"] == upload.key
