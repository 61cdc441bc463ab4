"""Microscopes that are not the data set's: shifts combined, and changes of light, sensor and stain computed another way.

The second kind shares no code with what profiles are fitted by: it works in linear light, in wavelengths and in amounts of
dye. The optical density of faded stain is defined as that of the map ``mkod``; the others share no formula either.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hemascope.imaging.decode import Picture
from training.data.augment import recompress
from training.data.colour import apply_gamma, scale_channels, scale_saturation, turn_hue
from training.data.shifts import Shift

Array = NDArray[np.float64]
_JPEG = 60  # quality
_TUNGSTEN, _DAYLIGHT = 2856.0, 6504.0  # kelvin
_BALANCED = 0.85  # of the lamp's cast that the camera's white balance takes out
_WAVELENGTHS = np.linspace(400.0, 700.0, 31)  # nanometres
_SENSOR = ((600.0, 540.0, 460.0), 40.0)  # peaks and width of a camera's three filters
_CROSSTALK = np.array([[0.86, 0.11, 0.03], [0.09, 0.83, 0.08], [0.02, 0.12, 0.86]])  # of another sensor, rows sum to 1
# Optical density of azure (nuclei) and eosin (red cells), and of what neither of them absorbs (Ruifrok and Johnston 2001).
_DYES = np.array([[0.59, 0.70, 0.40], [0.17, 0.86, 0.48], [0.57, -0.42, 0.70]])
_FADED = np.array([0.75, 0.85, 1.0])  # what is left of each


def gamma_by_channel(picture: Picture, red: float = 0.88, green: float = 1.0, blue: float = 1.15) -> Picture:
    """A tone curve of its own for each channel."""
    channels = [apply_gamma(picture[..., channel], gamma) for channel, gamma in enumerate((red, green, blue))]
    return np.ascontiguousarray(np.stack(channels, axis=-1))


def tungsten(picture: Picture) -> Picture:
    """The same slide under a tungsten lamp instead of daylight, by spectra; the camera's white balance is a little off."""
    peaks, width = _SENSOR
    filters = np.exp(-0.5 * ((_WAVELENGTHS - np.array(peaks)[:, None]) / width) ** 2)
    hills = np.exp(-0.5 * ((_WAVELENGTHS - np.array([620.0, 545.0, 450.0])[:, None]) / 55.0) ** 2)  # smooth transmittances
    seen = {lamp: (filters * _black_body(lamp)) @ hills.T for lamp in (_TUNGSTEN, _DAYLIGHT)}
    matrix = seen[_TUNGSTEN] @ np.linalg.inv(seen[_DAYLIGHT])
    cast = matrix.sum(axis=1)
    balanced = matrix / (cast / cast[1])[:, None] ** _BALANCED / cast[1]
    return _from_linear(_to_linear(picture) @ balanced.T)


def other_sensor(picture: Picture) -> Picture:
    """A sensor whose filters let through more of each other's light, in linear light."""
    return _from_linear(_to_linear(picture) @ _CROSSTALK.T)


def faded_stain(picture: Picture) -> Picture:
    """A slide whose dyes have faded: three quarters of the azure and 85 % of the eosin are left."""
    density = -np.log((picture.astype(np.float64) + 1.0) / 256.0)
    faded = density @ np.linalg.inv(_DYES) @ np.diag(_FADED) @ _DYES
    return _rounded(256.0 * np.exp(-faded) - 1.0)


def vignetted(picture: Picture) -> Picture:
    """Light that falls off from a point beside the middle, more so in red: to 70 % in the farthest corner."""
    height, width = picture.shape[:2]
    down, across = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    distance = ((across - 0.2) ** 2 + (down + 0.1) ** 2) / 2.65
    falloff = 1.0 - distance[..., None] * np.array([0.30, 0.20, 0.24])
    return _rounded(picture * falloff)


def _black_body(kelvin: float) -> Array:
    """Relative power of a glowing body at each wavelength (Planck)."""
    metres = _WAVELENGTHS * 1e-9
    power = metres**-5 / (np.exp(1.4388e-2 / (metres * kelvin)) - 1.0)
    return np.asarray(power / power.mean(), np.float64)


def _to_linear(picture: Picture) -> Array:
    """Levels of sRGB -> light, 0-1 (IEC 61966-2-1)."""
    share = picture.astype(np.float64) / 255.0
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def _from_linear(light: Array) -> Picture:
    light = np.clip(light, 0.0, 1.0)
    return _rounded(255.0 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1.0 / 2.4) - 0.055))


def _rounded(values: Any) -> Picture:
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)


def _then_jpeg(shift: Shift) -> Shift:
    return Shift(f"{shift.name}, JPEG quality {_JPEG}", lambda picture: recompress(shift.apply(picture), _JPEG))


COMBINATIONS = (
    Shift("hue +15, saturation x 0.7", lambda picture: scale_saturation(turn_hue(picture, 15.0), 0.7)),
    Shift("hue -15, gamma 1.25", lambda picture: apply_gamma(turn_hue(picture, -15.0), 1.25)),
    Shift(
        "hue +10, saturation x 1.3, brightness -10 %", lambda picture: _darker(scale_saturation(turn_hue(picture, 10.0), 1.3))
    ),
    Shift("hue -10, red -10 %, blue -5 %", lambda picture: scale_channels(turn_hue(picture, -10.0), 0.90, 1.0, 0.95)),
    Shift("saturation x 1.3, red -12 %, gamma 1.15", lambda picture: _without_red(scale_saturation(picture, 1.3))),
)


def _darker(picture: Picture) -> Picture:
    return scale_channels(picture, 0.9, 0.9, 0.9)


def _without_red(picture: Picture) -> Picture:
    return apply_gamma(scale_channels(picture, 0.88, 1.0, 1.0), 1.15)


_DEVICES: Sequence[Shift] = (
    Shift("gamma by channel (0.88, 1, 1.15)", gamma_by_channel),
    Shift("tungsten lamp, by spectra", tungsten),
    Shift("another sensor's filters", other_sensor),
    Shift("faded stain", faded_stain),
    Shift("vignetting", vignetted),
)
INDEPENDENT = (*_DEVICES, *(_then_jpeg(shift) for shift in _DEVICES))
