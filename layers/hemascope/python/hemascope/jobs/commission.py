"""The newest fields of a microscope -> a stored profile with examples of its effect, or what to change at the microscope."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import cv2
import numpy as np

from hemascope.domain.commissioning import (
    CommissioningDocument,
    ExamplePictures,
    check_counts,
    check_in_words,
)
from hemascope.domain.errors import RejectedSmear
from hemascope.domain.microscope import Microscope
from hemascope.domain.microscope_fields import ROWS, choose_fields, fields_of
from hemascope.domain.microscope_jobs import CommissionJob
from hemascope.domain.microscope_keys import commissioning_key, example_keys, profile_key
from hemascope.domain.microscope_run import JobRun, RunState
from hemascope.domain.picture_file import MAXIMUM_BYTES
from hemascope.domain.profile import FittedFigures, MicroscopeProfile, ProfileLimits
from hemascope.domain.specimen import ObjectVersion
from hemascope.imaging.correction import apply_profile
from hemascope.imaging.decode import Picture
from hemascope.imaging.overlay import encode_png
from hemascope.jobs.outcome import Ended
from hemascope.jobs.pictures import FieldReader
from hemascope.microscopes.profile import CommissioningField, fit_profile, read_field
from hemascope.microscopes.reference import MicroscopeReference
from hemascope.microscopes.refusal import CommissioningRefused
from hemascope.model.classifier import Classifier
from hemascope.ports import ObjectStore
from hemascope.screening.baseline import with_baseline

_EXAMPLES = 3  # fields that are shown before and after
_EXAMPLE_SIDE = 480  # pixels of the longer side
_JSON = "application/json"
_TOO_NARROW = (
    "The pictures show too little of a slide at their magnification. Check the objective and the camera's field of view, and "
    "that nothing cuts the pictures."
)


class _Read(NamedTuple):
    object_id: str
    at: datetime
    field: CommissioningField


class _Fitted(NamedTuple):
    profile: MicroscopeProfile | None
    figures: FittedFigures | None
    refusals: tuple[str, ...]


@dataclass(frozen=True)
class Commissioner:
    """Fits profiles with the code of ``hemascope commission``.

    Parameters
    ----------
    reference
        The reference microscope of the classifier's artifact.
    reports, bucket
        Where profiles, documents and examples are stored, each once.
    """

    classifier: Classifier
    reference: MicroscopeReference
    pictures: FieldReader
    reports: ObjectStore
    bucket: str
    limits: ProfileLimits

    def carry_out(self, microscope: Microscope, job: CommissionJob, run: JobRun) -> Ended:
        """Fit and store; the document stands last, and where one of this run stands already, it counts.

        Raises
        ------
        JobRefused, TransientError
        """
        rows = self.pictures.ledger.rows_by_microscope(microscope.digest, ROWS)
        read: list[_Read] = []
        unreadable = 0
        chosen = choose_fields(fields_of(microscope, rows, job.since))
        for field, data in self.pictures.read(chosen):
            try:
                read.append(_Read(field.object.object_id, field.at, read_field(data, field.specimen.slide_digest)))
            except RejectedSmear:
                unreadable += 1
        fitted = self._fit([found.field for found in read])
        profile = fitted.profile
        if profile:
            # Read once more rather than kept: sixty files of the largest size need more memory than there is.
            again = ((field.specimen.slide_digest, data) for field, data in self.pictures.read(chosen))
            profile = with_baseline(profile, again, self.classifier)
            self.reports.write_once(profile_key(microscope.digest, profile.sha256), profile.to_json().encode(), _JSON)
        document = CommissioningDocument(
            microscope=microscope.name,
            model=self.classifier.artifact.reference,
            at=run.at,
            by=run.by,
            since=job.since,
            oldest=min((found.at for found in read), default=None),
            profile=profile.sha256 if profile else None,
            fields=len(read),
            slides=len({found.field.slide for found in read}),
            unreadable=unreadable,
            figures=fitted.figures,
            limits=self.limits,
            checks=check_in_words(fitted.figures, self.limits) if fitted.figures else (),
            refusals=fitted.refusals,
            examples=self._store_examples(_evenly(read), profile, run.id),
        )
        return _end(self._store(microscope, document, run.id))

    def _fit(self, fields: Sequence[CommissioningField]) -> _Fitted:
        # Whoever photographed too few is told before anything else, and the fit needs at least one.
        if missing := check_counts(len(fields), len({field.slide for field in fields}), self.limits):
            return _Fitted(None, None, tuple(refusal.message for refusal in missing))
        try:
            profile = fit_profile(fields, self.reference, self.classifier, self.limits)
        except CommissioningRefused as refused:
            return _Fitted(None, refused.figures, tuple(refusal.message for refusal in refused.refusals))
        except RejectedSmear:
            return _Fitted(None, None, (_TOO_NARROW,))
        return _Fitted(profile, profile.figures, ())

    def _store_examples(
        self, read: Sequence[_Read], profile: MicroscopeProfile | None, run_id: str
    ) -> tuple[ExamplePictures, ...]:
        examples = []
        for object_id, _, field in read:
            before, after = example_keys(object_id, run_id)
            if self.pictures.ledger.is_forgotten(object_id):
                continue
            shrunk = _shrink(field.picture)
            self.reports.write_once(before, encode_png(shrunk), "image/png")
            if profile:
                self.reports.write_once(after, encode_png(apply_profile(profile, shrunk)), "image/png")
            examples.append(ExamplePictures(before=before, after=after if profile else None))
        return tuple(examples)

    def _store(self, microscope: Microscope, document: CommissioningDocument, run_id: str) -> CommissioningDocument:
        key = commissioning_key(microscope.digest, run_id)
        if self.reports.write_once(key, document.to_json().encode(), _JSON):
            return document
        standing = self.reports.read(ObjectVersion(bucket=self.bucket, key=key), MAXIMUM_BYTES)
        return CommissioningDocument.model_validate_json(standing)


def _end(document: CommissioningDocument) -> Ended:
    if document.profile is None:
        return Ended("No profile was made. What to change at the microscope is listed below.", None, RunState.REFUSED)
    return Ended(
        f"A profile was fitted to {document.fields} fields of {document.slides} slides. Compare the pictures before and after.",
        document.profile,
        oldest=document.oldest,
    )


def _evenly(read: Sequence[_Read]) -> list[_Read]:
    places = np.linspace(0, len(read) - 1, min(_EXAMPLES, len(read)))
    return [read[int(place)] for place in places]


def _shrink(picture: Picture) -> Picture:
    scale = min(1.0, _EXAMPLE_SIDE / max(picture.shape[:2]))
    return np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
