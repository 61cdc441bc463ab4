"""Applies the profile of a microscope: the one place in which pictures are corrected, before anything else sees them."""

from hemascope.domain.profile import MicroscopeProfile
from hemascope.imaging.colour import apply_colour_map
from hemascope.imaging.decode import Picture
from hemascope.imaging.illumination import choose_state, flatten


def apply_profile(profile: MicroscopeProfile, picture: Picture) -> Picture:
    """Even out the light, then map the colours.

    Parameters
    ----------
    picture
        (height, width, 3), uint8, RGB: a whole frame of the microscope, shrunk first, since each step costs time a pixel.

    Returns
    -------
    array of the same shape, uint8, RGB; the picture itself where the profile leaves it as it is
    """
    state = choose_state(picture, profile.illumination) if profile.illumination else None
    return apply_colour_map(picture if state is None else flatten(picture, state), profile.colour)
