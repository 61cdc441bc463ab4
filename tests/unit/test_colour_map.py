import numpy as np
import pytest

from hemascope.domain.profile import IDENTITY, ColourMap, MicroscopeProfile
from hemascope.imaging.colour import apply_colour_map
from hemascope.imaging.synthetic import draw_synthetic_smear
from hemascope.microscopes.colour_fit import monge_kantorovich, with_curves
from hemascope.microscopes.field_colours import shares


def test_the_identity_returns_the_picture_itself() -> None:
    smear = draw_synthetic_smear(3, side=224)

    assert apply_colour_map(smear, IDENTITY) is smear


def test_a_map_in_density_scales_what_is_absorbed() -> None:
    doubled = ColourMap(name="mkod", space="density", matrix=((2, 0, 0), (0, 1, 0), (0, 0, 1)))
    grey = np.full((1, 1, 3), 127, np.uint8)  # half of the light

    assert apply_colour_map(grey, doubled)[0, 0].tolist() == [63, 127, 127]  # a quarter in red


def test_curves_are_applied_after_the_matrix_and_channel_by_channel() -> None:
    plain = tuple(range(256))
    curves = (tuple(range(255, -1, -1)), plain, tuple(min(255, 2 * level) for level in range(256)))
    chosen = ColourMap(name="mk+quantiles", matrix=((0.5, 0, 0), (0, 1, 0), (0, 0, 1)), curves=curves)

    assert apply_colour_map(np.full((2, 3, 3), 100, np.uint8), chosen)[1, 2].tolist() == [205, 100, 200]


def test_the_linear_map_gives_pixels_the_mean_and_covariance_of_the_reference() -> None:
    chance = np.random.default_rng(1)
    own = chance.normal(size=(4000, 3)) @ np.array([[9, 2, 1], [0, 7, 3], [0, 0, 4]]) + (150, 120, 180)
    wanted = np.array([[60.0, 20, 10], [20, 50, 15], [10, 15, 40]])

    matrix, offset = monge_kantorovich(own.mean(axis=0), np.cov(own.T), np.array([200.0, 180, 220]), wanted)

    moved = own @ matrix.T + offset
    assert moved.mean(axis=0) == pytest.approx([200, 180, 220])
    assert np.cov(moved.T) == pytest.approx(wanted)
    assert matrix == pytest.approx(matrix.T)  # it moves colours the least


def test_quantiles_bring_each_channel_to_the_shares_of_the_reference() -> None:
    chance = np.random.default_rng(2)
    reference = np.clip(np.rint(chance.normal((200, 180, 220), (20, 25, 10), (9000, 3))), 0, 255).astype(np.uint8)
    own = np.clip(np.rint(255 * (reference / 255.0) ** 1.6), 0, 255).astype(np.uint8)

    chosen = with_curves(ColourMap(name="mk"), own, shares(reference))

    moved = apply_colour_map(own[None], chosen)[0].astype(int)
    assert chosen.name == "mk+quantiles"
    assert np.abs(moved - reference).max() <= 2


def test_a_profile_keeps_its_digest_and_is_small() -> None:
    profile = MicroscopeProfile(colour=ColourMap(name="mk", offset=(1.5, 0.0, 0.0)))

    assert MicroscopeProfile.model_validate_json(profile.to_json()).sha256 == profile.sha256
    assert profile.sha256 != MicroscopeProfile().sha256
    assert len(profile.to_json()) < 2000


@pytest.mark.parametrize(
    "changed", [{"schema": "hemascope.microscope-profile/2"}, {"surprise": 1}, {"colour": {"offset": [0]}}]
)
def test_a_profile_of_other_fields_is_refused(changed: dict) -> None:
    with pytest.raises(ValueError, match="validation error"):
        MicroscopeProfile.model_validate(MicroscopeProfile().model_dump(by_alias=True) | changed)


def test_a_profile_of_too_many_fields_is_refused() -> None:
    field = {"slide": "slide", "sha256": "0" * 64}

    with pytest.raises(ValueError, match="at most 200000 bytes"):
        MicroscopeProfile.model_validate({"fitted_on": [field] * 2500})
