"""Which microscope took the pictures of a command line, and what its answers are worth."""

import sys
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from hemascope.domain.errors import HemascopeError
from hemascope.domain.microscope import MicroscopeUse
from hemascope.domain.profile import MicroscopeProfile
from hemascope.domain.report import ModelReference
from hemascope.domain.verification import VerificationProof
from hemascope.microscopes.verification import use_of
from hemascope_cli.pictures.files import read_text

_Document = TypeVar("_Document", bound=BaseModel)


def load_use(profile: Path | None, verification: Path | None, model: ModelReference) -> MicroscopeUse | None:
    """Read what a command line says of the microscope, and say on standard error what follows for its answers.

    None: the pictures are judged as those of the reference microscope.

    Raises
    ------
    HemascopeError
        Where a file can't be read or is something else, or a proof is given without a profile.
    """
    if profile is None:
        if verification is not None:
            raise HemascopeError("A proof is of one profile: give --profile with --verification.")
        _tell("judged as the reference microscope, whose pictures the model was made with; give --profile for another")
        return None
    correction = load_profile(profile)
    proof = read_document(verification, VerificationProof, "a proof") if verification else None
    use, against = use_of(correction, proof, model)
    if against:
        missing = "" if proof else " (--verification)"
        _tell(f"unverified: {against}{missing}; answers are not shown, and the pictures are to be read by eye")
    return use


def load_profile(path: Path) -> MicroscopeProfile:
    """Read the profile of a microscope.

    Raises
    ------
    HemascopeError
        Where it can't be read or is something else.
    """
    return read_document(path, MicroscopeProfile, "the profile of a microscope")


def read_document(path: Path, contract: type[_Document], what: str) -> _Document:
    """Read a JSON document.

    Raises
    ------
    HemascopeError
        With what is expected and the first thing that is wrong.
    """
    try:
        return contract.model_validate_json(read_text(path))
    except ValidationError as error:
        raise HemascopeError(
            f"{path} is not {what}: {error.errors()[0]['msg']}. Give the file that was written, unchanged."
        ) from error


def _tell(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
