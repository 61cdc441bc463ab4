"""Fields of a microscope -> the maps of colours that may bring it to the reference microscope."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hemascope.domain.profile import IDENTITY, ColourMap, MapName
from hemascope.imaging.colour import apply_colour_map
from hemascope.imaging.decode import Picture
from hemascope.microscopes.field_colours import FieldColours, pooled, shares
from hemascope.microscopes.likely_map import Affine, likeliest_map
from hemascope.microscopes.reference import MicroscopeReference

Array = NDArray[np.float64]
_RIDGES: dict[MapName, float] = {"mix-2": 2.0, "mix-15": 15.0, "mix-60": 60.0}


def candidates(fields: Sequence[FieldColours], reference: MicroscopeReference) -> tuple[ColourMap, ...]:
    """Maps to choose from, the identity first.

    ``mk`` and ``mkod`` bring the Gaussian of all pixels to the reference's, in RGB and in optical density, by the linear map of
    Monge and Kantorovich (Pitie and Kokaram, CVMP 2007); ``mk+quantiles`` then brings each channel's levels to the reference's;
    ``mix`` is the map under which the fields are likeliest (:mod:`hemascope.microscopes.likely_map`), with three ridges.
    """
    rgb = pooled([field.mean for field in fields], [field.covariance for field in fields])
    density = pooled([field.density_mean for field in fields], [field.density_covariance for field in fields])
    linear = monge_kantorovich(*rgb, *reference.pixels.arrays)
    starts = [Affine(np.eye(3), np.zeros(3)), linear]
    starts += [monge_kantorovich(*rgb, *found.arrays) for found in reference.class_pixels]
    mixes = (_as_map(name, likeliest_map(fields, reference, ridge, starts)) for name, ridge in _RIDGES.items())
    mk = _as_map("mk", linear)
    in_density = _as_map("mkod", monge_kantorovich(*density, *reference.density.arrays), density=True)
    quantiles = with_curves(mk, np.concatenate([field.levels for field in fields]), np.array(reference.shares))
    return IDENTITY, mk, in_density, quantiles, *mixes


def with_curves(colour_map: ColourMap, levels: Picture, to_shares: Array) -> ColourMap:
    """A map that goes on to bring the levels of each channel to those of the reference, share by share.

    Parameters
    ----------
    levels
        (n, 3), uint8: pixels of the microscope.
    to_shares
        (3, 256): share of the reference's pixels at or below each level.
    """
    own = shares(apply_colour_map(levels[None], colour_map)[0])
    curves = [_curve(*pair) for pair in zip(own, to_shares, strict=True)]
    return ColourMap.model_validate({**dict(colour_map), "name": "mk+quantiles", "curves": curves})


def _curve(own: Array, reference: Array) -> list[int]:
    """The level of the reference that stands where each own level stands in the order of all pixels."""
    places, to_places = (shares - 0.5 * np.diff(shares, prepend=0.0) for shares in (own, reference))
    occupied = np.diff(reference, prepend=0.0) > 0.0
    levels = np.interp(places, to_places[occupied], np.flatnonzero(occupied))
    return [int(level) for level in np.rint(levels)]


def monge_kantorovich(mean: Array, covariance: Array, to_mean: Array, to_covariance: Array) -> Affine:
    """The linear map that brings one Gaussian to another and moves colours the least.

    Examples
    --------
    >>> found = monge_kantorovich(np.zeros(3), np.eye(3), np.full(3, 7.0), 4.0 * np.eye(3))
    >>> found.matrix.round(6).tolist()[0], found.offset.tolist()
    ([2.0, 0.0, 0.0], [7.0, 7.0, 7.0])
    """
    root, inverse = _root(covariance), np.linalg.inv(_root(covariance))
    matrix = inverse @ _root(root @ to_covariance @ root) @ inverse
    return Affine(matrix, to_mean - matrix @ mean)


def _root(covariance: Array) -> Array:
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 1e-9))) @ vectors.T, np.float64)


def _as_map(name: MapName, affine: Affine, *, density: bool = False) -> ColourMap:
    return ColourMap(
        name=name,
        space="density" if density else "rgb",
        matrix=affine.matrix.round(6).tolist(),
        offset=affine.offset.round(4).tolist(),
    )
