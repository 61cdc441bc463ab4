"""Whose a picture is: the slide that a folder, a command or a barcode names."""

from typing import NamedTuple

from hemascope.domain.characters import visible
from hemascope.domain.errors import HemascopeError
from hemascope.domain.personal import Likenesses, likeness, patient_likeness
from hemascope_cli.identifiers import check_ids


class SlideId(NamedTuple):
    """A slide of a patient, in composed form."""

    patient: str
    slide: str

    def __str__(self) -> str:
        """For people; nothing in it steers a terminal.

        Examples
        --------
        >>> str(SlideId("p-7", "c-1"))
        'p-7/c-1'
        """
        return visible("/".join(self))


def slide_id(patient: str, slide: str, *, allow_names: bool) -> SlideId:
    """Check the ids of a slide.

    Parameters
    ----------
    allow_names
        Whether ids may look like a person's name or date of birth.

    Raises
    ------
    HemascopeError
        Saying what is wrong without repeating the ids.
    """
    ids = check_ids(patient=patient, slide=slide)
    names = Likenesses(patient=patient_likeness(patient), slide=likeness(slide))
    if names and not allow_names:
        raise HemascopeError(f"Ids must be pseudonyms: {names}. Give another id, or --allow-names if it identifies nobody.")
    return SlideId(**ids)


def parse_barcode(line: str, *, allow_names: bool) -> SlideId:
    """Read the line that a scanner types: ``patient/slide``.

    Raises
    ------
    HemascopeError
        Where it is of another form, or an id is not acceptable.
    """
    parts = line.strip().split("/")
    if len(parts) != 2:
        raise HemascopeError(
            f"it must be PATIENT/SLIDE, and this one has {len(parts) - 1} times '/', so no slide is started: scan again"
        )
    return slide_id(*parts, allow_names=allow_names)
