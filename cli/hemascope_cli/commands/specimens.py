"""From options to a specimen, for every command that sends pictures."""

import argparse

from pydantic import ValidationError

from hemascope.domain.errors import HemascopeError
from hemascope.domain.specimen import Specimen


def specimen_from(options: argparse.Namespace, file: str) -> Specimen:
    """The specimen of a file of this name.

    Raises
    ------
    HemascopeError
        Naming the ids that can't stand in a key.
    """
    try:
        return Specimen(hospital=options.hospital, patient=options.patient, slide=options.slide, field=file)
    except ValidationError as error:
        wrong = ", ".join(str(one["loc"][0]) for one in error.errors())
        raise HemascopeError(f"expected ids without '/' and without blanks at their ends, received another {wrong}") from None
