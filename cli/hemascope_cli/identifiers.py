"""From ids on the command line to a specimen or a patient."""

from typing import TypeVar

from hemascope.domain.characters import compose
from hemascope.domain.errors import HemascopeError
from hemascope.domain.specimen import Patient, Specimen, segment_fault

_Ids = TypeVar("_Ids", Specimen, Patient)


def specimen_of(hospital: str, patient: str, slide: str, file: str, microscope: str | None = None) -> Specimen:
    """The specimen of a file of this name; ``microscope`` is None where it isn't known which one took the picture.

    Raises
    ------
    HemascopeError
        Naming the ids that can't stand in a key.
    """
    ids = {"hospital": hospital, "patient": patient, "slide": slide, "field": file}
    return _checked(Specimen, **ids, **({} if microscope is None else {"microscope": microscope}))


def patient_of(hospital: str, patient: str) -> Patient:
    """The patient of a hospital.

    Raises
    ------
    HemascopeError
        Naming the ids that can't stand in a key.
    """
    return _checked(Patient, hospital=hospital, patient=patient)


def check_ids(**ids: str) -> dict[str, str]:
    """The ids in composed form, by what they are of.

    Raises
    ------
    HemascopeError
        Naming the ids that can't stand in a key.
    """
    if wrong := [f"a {part} with {fault}" for part, text in ids.items() if (fault := segment_fault(text))]:
        raise HemascopeError(f"An id can't have a '/', or a blank at its end. Correct {', '.join(wrong)}.")
    return {part: compose(text) for part, text in ids.items()}


def _checked(model: type[_Ids], **ids: str) -> _Ids:
    return model(**check_ids(**ids))
