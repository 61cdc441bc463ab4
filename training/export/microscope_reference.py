"""Statistics of the training pictures that other microscopes are fitted to, as a file of the model artifact."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hemascope.domain.manifest import MANIFEST, MICROSCOPE_REFERENCE, Manifest
from hemascope.domain.preprocessing import PreprocessingSpec
from hemascope.imaging.decode import Picture
from hemascope.microscopes.field_colours import FieldColours, figures_of, measure_field, pooled, shares, stacked
from hemascope.microscopes.reference import Gaussian, MicroscopeReference


def fit_reference(
    pictures: Sequence[Picture] | Picture, labels: NDArray[np.int64], spec: PreprocessingSpec, split: str
) -> MicroscopeReference:
    """Measure working pictures of the training part.

    Parameters
    ----------
    pictures
        (n, working_size, working_size, 3), uint8, RGB.
    labels
        (n,), class indices.
    split
        Digest of the split whose training part it is.
    """
    fields = [measure_field(picture, spec) for picture in pictures]
    by_class = [[field for field, own in zip(fields, labels, strict=True) if own == label] for label in np.unique(labels)]
    return MicroscopeReference(
        pixels=_pixels(fields),
        density=Gaussian.of(*pooled([field.density_mean for field in fields], [field.density_covariance for field in fields])),
        shares=shares(np.concatenate([field.levels for field in fields])).round(6).tolist(),
        classes=[_figures(chosen) for chosen in by_class],
        class_pixels=[_pixels(chosen) for chosen in by_class],
        data=split,
    )


def add_reference(folder: Path, reference: MicroscopeReference) -> Path:
    """Write the reference into an artifact's folder, and its digest into the manifest."""
    return add_file(folder, MICROSCOPE_REFERENCE, reference.model_dump_json() + "\n")


def add_file(folder: Path, name: str, content: str) -> Path:
    """Write a file that serving reads into an artifact's folder, and its digest into the manifest."""
    file = folder / name
    file.write_text(content)
    manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    files = manifest.files | {name: hashlib.sha256(file.read_bytes()).hexdigest()}
    signed = manifest.model_copy(update={"files": files})
    (folder / MANIFEST).write_text(signed.model_dump_json(by_alias=True, indent=1) + "\n")
    return file


def _pixels(fields: Sequence[FieldColours]) -> Gaussian:
    return Gaussian.of(*pooled([field.mean for field in fields], [field.covariance for field in fields]))


def _figures(fields: Sequence[FieldColours]) -> Gaussian:
    figures = figures_of(*stacked(fields))
    return Gaussian.of(figures.mean(axis=0), np.cov(figures.T))
