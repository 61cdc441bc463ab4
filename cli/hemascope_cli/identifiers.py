"""From ids on the command line to a specimen or a patient."""

from typing import TypeVar

from pydantic import ValidationError

from hemascope.domain.errors import HemascopeError
from hemascope.domain.specimen import Patient, Specimen

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
    try:
        return model(**ids)
    except ValidationError as error:
        wrong = ", ".join(str(detail["loc"][0]) for detail in error.errors())
        raise HemascopeError(f"expected ids without '/' and without blanks at their ends, received another {wrong}") from None
