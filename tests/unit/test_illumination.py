import numpy as np
import pytest

from hemascope.domain.profile import ILLUMINATION_TERMS, ColourMap, IlluminationState, MicroscopeProfile
from hemascope.imaging.correction import apply_profile
from hemascope.imaging.decode import Picture
from hemascope.imaging.illumination import choose_state, fit_illumination, flatten, learn_states, unevenness
from hemascope.imaging.synthetic import draw_synthetic_smear

SIDE = 224


def shaded(picture: Picture, row: float = 0.0, column: float = 0.0, red: float = 0.4) -> Picture:
    """Light that falls off from a point (-1 to 1), most in red."""
    down, across = np.mgrid[-1 : 1 : picture.shape[0] * 1j, -1 : 1 : picture.shape[1] * 1j]
    distance = ((down - row) ** 2 + (across - column) ** 2) / 2.0
    return np.asarray(picture * np.exp(-distance[..., None] * np.array([red, 0.5 * red, 0.6 * red])), np.uint8)


@pytest.fixture(scope="module")
def smears() -> list[Picture]:
    return [draw_synthetic_smear(seed, side=SIDE, cells=4) for seed in range(24)]


def test_a_flat_field_from_ten_pictures_evens_out_others(smears: list[Picture]) -> None:
    state = fit_illumination([shaded(smear) for smear in smears[:10]])

    for smear in smears[10:]:
        before, after = unevenness(shaded(smear), [state])
        assert after < 0.65 * before
        assert after < unevenness(smear)[0] + 0.01  # what cells leave stays


def test_a_flattened_picture_keeps_its_level(smears: list[Picture]) -> None:
    state = fit_illumination([shaded(smear) for smear in smears[:10]])
    picture = shaded(smears[11])

    flat = flatten(picture, state)

    assert flat.shape == picture.shape
    assert flat.dtype == np.uint8
    assert np.log(flat[picture.min(axis=2) > 0].mean() / picture.mean()) == pytest.approx(0.0, abs=0.05)


def test_the_state_of_the_session_is_picked_without_labels(smears: list[Picture]) -> None:
    left, right = (fit_illumination([shaded(smear, column=side) for smear in smears[:10]]) for side in (-0.6, 0.6))

    for smear in smears[10:]:
        assert choose_state(shaded(smear, column=-0.6), [left, right]) is left
        assert choose_state(shaded(smear, column=0.6), [left, right]) is right
        assert choose_state(smear, [left, right]) is None


def test_even_light_and_few_pictures_teach_no_state(smears: list[Picture]) -> None:
    assert learn_states((), smears[:10]) == ()
    assert learn_states((), [shaded(smear) for smear in smears[:9]]) == ()


def test_a_new_session_teaches_a_new_state_and_a_known_one_does_not(smears: list[Picture]) -> None:
    once = learn_states((), [shaded(smear, column=-0.6) for smear in smears[:10]])
    again = learn_states(once, [shaded(smear, column=-0.6) for smear in smears[10:20]])
    moved = learn_states(once, [shaded(smear, column=0.6) for smear in smears[10:20]])

    assert (len(once), len(again), len(moved)) == (1, 1, 2)
    assert moved[0] is once[0]


def test_a_profile_evens_out_light_before_it_maps_colours(smears: list[Picture]) -> None:
    state = fit_illumination([shaded(smear) for smear in smears[:10]])
    colour = ColourMap(name="mk", matrix=((0.8, 0, 0), (0, 1, 0), (0, 0, 1)), offset=(10.0, 0.0, 0.0))
    picture = shaded(smears[12])

    corrected = apply_profile(MicroscopeProfile(illumination=(state,), colour=colour), picture)

    expected = np.rint(flatten(picture, state)[..., 0] * 0.8 + 10.0)
    assert np.abs(corrected[..., 0] - expected).max() <= 1
    assert (corrected[..., 1:] == flatten(picture, state)[..., 1:]).all()


def test_a_profile_without_corrections_returns_the_picture_itself(smears: list[Picture]) -> None:
    assert apply_profile(MicroscopeProfile(), smears[0]) is smears[0]


def test_a_state_of_another_degree_is_refused() -> None:
    with pytest.raises(ValueError, match="validation error"):
        IlluminationState(red=(0.0,) * (ILLUMINATION_TERMS - 1), green=(0.0,) * 15, blue=(0.0,) * 15, fields=10)
