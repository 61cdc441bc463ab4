"""A real microscope that the model has never seen, with uneven light: flat field, profile, and what would be stated of it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from hemascope.domain.microscope import MicroscopeUse
from hemascope.domain.profile import IlluminationState, MicroscopeProfile
from hemascope.domain.report import MicroscopeState
from hemascope.imaging.decode import Picture
from hemascope.imaging.illumination import FIELDS_FOR_A_STATE, choose_state, fit_illumination, flatten, learn_states
from hemascope.imaging.overlay import encode_png
from hemascope.microscopes.profile import fit_profile, read_field
from hemascope.microscopes.reference import load_reference
from hemascope.microscopes.refusal import CommissioningRefused
from hemascope.model.classifier import Classifier
from hemascope.model.folder import ArtifactFolder
from hemascope.screening.pipeline import screen
from hemascope.screening.selfcheck import SPECIMEN
from training.evidence.commissioning_draws import OPEN, UNCOUNTED
from training.evidence.microscope_scale import strange_fields

_SHOWN = (360, 225)  # pixels in which the light is compared
_FITTED = (1, 5, FIELDS_FOR_A_STATE)


def measure_light(classifier: Classifier, white_cells: Path) -> dict[str, Any]:
    """Light and decisions of the Chula microscope.

    Returns
    -------
    dict
        ``spread``: rows of standard deviations of the background, in grey levels and in CIELAB's a and b together, by how the
        field was fitted; ``states``: how many all sessions need; ``unfamiliar``: decisions on its fields without a profile, and
        with one that was fitted on other slides though commissioning refuses it.
    """
    slides = strange_fields(white_cells)
    small = {slide: [_small(field) for field in fields] for slide, fields in slides.items()}
    learned: tuple[IlluminationState, ...] = ()
    for fields in small.values():
        learned = learn_states(learned, fields[:FIELDS_FOR_A_STATE])
    rows = [_spread(f"{count} of the slide's own", list(_own(small, count))) for count in _FITTED]
    rows.append(_spread("the states of other slides, picked by fit", list(_others(small))))
    return {"spread": rows, "states": len(learned), "unfamiliar": _unfamiliar_microscope(classifier, slides)}


def background_spread(picture: Picture, even: Picture) -> NDArray[np.float64]:
    """Standard deviations of the empty slide's pixels: of R, G, B, and of CIELAB's a and b together (root of the squares' sum).

    Parameters
    ----------
    picture
        (height, width, 3), uint8, RGB: what is measured.
    even
        The same in even light, in which the empty slide is found.
    """
    grey = np.asarray(cv2.cvtColor(even, cv2.COLOR_RGB2GRAY), np.uint8)
    threshold, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_OTSU)
    empty = cv2.erode((grey > threshold).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    chroma = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2LAB), np.float64)[empty][:, 1:]
    channels = picture[empty].astype(np.float64).std(axis=0)
    return np.append(channels, np.sqrt(chroma.var(axis=0).sum()))


def _small(field: Picture) -> Picture:
    return np.asarray(cv2.resize(field, _SHOWN, interpolation=cv2.INTER_AREA), np.uint8)


def _own(slides: dict[str, list[Picture]], count: int) -> Iterator[tuple[Picture, Picture]]:
    """Pictures of each slide that were not fitted on, as they are and flattened."""
    for fields in slides.values():
        state = fit_illumination(fields[:count])
        yield from ((field, flatten(field, state)) for field in fields[FIELDS_FOR_A_STATE:])


def _others(slides: dict[str, list[Picture]]) -> Iterator[tuple[Picture, Picture]]:
    """Pictures of each slide with the states of all other slides."""
    for slide, fields in slides.items():
        states = [fit_illumination(other[:FIELDS_FOR_A_STATE]) for name, other in slides.items() if name != slide]
        for field in fields[FIELDS_FOR_A_STATE:]:
            state = choose_state(field, states)
            yield field, field if state is None else flatten(field, state)


def _spread(name: str, pairs: Sequence[tuple[Picture, Picture]]) -> dict[str, Any]:
    before = np.median([background_spread(field, even) for field, even in pairs], axis=0)
    after = np.median([background_spread(even, even) for _, even in pairs], axis=0)
    return {"fitted": name, "pictures": len(pairs), "before": before.round(2).tolist(), "after": after.round(2).tolist()}


def _unfamiliar_microscope(classifier: Classifier, slides: dict[str, list[Picture]]) -> dict[str, Any]:
    names = sorted(slides)
    fitted, judged = names[::2], names[1::2]
    fields = [read_field(encode_png(field), slide) for slide in fitted for field in slides[slide][:FIELDS_FOR_A_STATE]]
    reference = load_reference(ArtifactFolder.open(classifier.artifact.folder))
    told: dict[str, Any] = {"fields": len(fields), "slides": len(fitted), "refused": []}
    try:
        fit_profile(fields, reference, classifier, UNCOUNTED)
    except CommissioningRefused as refused:
        told |= {"refused": [refusal.reason.value for refusal in refused.refusals], "message": str(refused)}
    profile = fit_profile(fields, reference, classifier, OPEN)
    others = [field for slide in judged for field in slides[slide]]
    return told | {
        "figures": profile.figures.model_dump() if profile.figures else None,
        "map": profile.colour.name,
        "red_cell": profile.ruler.red_cell if profile.ruler else None,
        "judged": len(others),
        "uncorrected": dict(Counter(_decision(classifier, field) for field in others)),
        "corrected": dict(Counter(_decision(classifier, field, profile) for field in others)),
    }


def _decision(classifier: Classifier, picture: Picture, profile: MicroscopeProfile | None = None) -> str:
    """What is said of a field if no verification is asked for."""
    use = MicroscopeUse(None, MicroscopeState.VERIFIED, profile) if profile else None
    result = screen(encode_png(picture), SPECIMEN, classifier, microscope=use, draw=False).report.result
    return result.decision.value if result else "rejected"
