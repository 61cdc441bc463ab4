"""Reads the pictures of a microscope's fields, exactly the versions that the ledger's rows name."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from hemascope.domain.errors import MissingObject
from hemascope.domain.microscope_fields import MicroscopeField
from hemascope.domain.picture_file import MAXIMUM_BYTES
from hemascope.jobs.outcome import JobRefused
from hemascope.ports import Clock, Ledger, ObjectStore

_READING_TIME = timedelta(minutes=10)  # of the 15 that a function has; a commissioning needs the rest to fit


@dataclass(frozen=True)
class FieldReader:
    """Pictures from the uploads bucket."""

    ledger: Ledger
    store: ObjectStore
    clock: Clock

    def read(self, fields: Iterable[MicroscopeField]) -> Iterator[tuple[MicroscopeField, bytes]]:
        """Yield each field with its file. Pictures that were deleted since, as of a forgotten patient, are left out.

        Raises
        ------
        JobRefused
            Where the pictures are so large that a run can't read them all.
        RejectedSmear
            Never for a stored picture: the bucket takes none that is empty or too large.
        TransientError
            Where the bucket did not answer.
        """
        end = self.clock.now() + _READING_TIME
        for field in fields:
            if self.clock.now() > end:
                raise JobRefused(
                    "These pictures are so large that they can't be read in one run. Choose fewer slides, or let the camera "
                    "save smaller pictures."
                )
            if self.ledger.is_forgotten(field.object.object_id):
                continue
            try:
                data = self.store.read(field.object, MAXIMUM_BYTES)
            except MissingObject:
                continue
            yield field, data
