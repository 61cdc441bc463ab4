"""From ids on the command line to a specimen or a patient."""

from typing import TypeVar

from hemascope.domain.errors import HemascopeError
from hemascope.domain.specimen import Patient, Specimen, segment_fault

_Ids = TypeVar("_Ids", Specimen, Patient)


def specimen_of(hospital: str, patient: str, slide: str, file: str) -> Specimen:
    """The specimen of a file of this name.

    Raises
    ------
    HemascopeError
        Naming the ids that can't stand in a key.
    """
    return _checked(Specimen, hospital=hospital, patient=patient, slide=slide, field=file)


def patient_of(hospital: str, patient: str) -> Patient:
    """The patient of a hospital.

    Raises
    ------
    HemascopeError
        Naming the ids that can't stand in a key.
    """
    return _checked(Patient, hospital=hospital, patient=patient)


def _checked(model: type[_Ids], **ids: str) -> _Ids:
    if wrong := [f"a {part} with {fault}" for part, text in ids.items() if (fault := segment_fault(text))]:
        raise HemascopeError(f"expected ids without '/' and without blanks at their ends, received {', '.join(wrong)}")
    return model(**ids)
