"""Why a microscope could not be commissioned, and what to change at it."""

from collections.abc import Sequence

from hemascope.domain.commissioning import Refusal, RefusalReason
from hemascope.domain.errors import HemascopeError
from hemascope.domain.profile import FittedFigures, ProfileLimits

_CHANNELS = ("red", "green", "blue")


class CommissioningRefused(HemascopeError):
    """No profile can be trusted for these fields. ``figures`` is None where there were too few to measure."""

    def __init__(self, refusals: Sequence[Refusal], figures: FittedFigures | None) -> None:
        super().__init__(" ".join(refusal.message for refusal in refusals))
        self.refusals = tuple(refusals)
        self.figures = figures


def check_figures(figures: FittedFigures, limits: ProfileLimits) -> list[Refusal]:
    """The limits that measured fields are beyond."""
    checks = (
        (RefusalReason.CLIPPED, max(figures.clipped) > limits.largest_clipped, _tell_clipped),
        (RefusalReason.UNLIKE, figures.uncorrected_score > limits.largest_uncorrected_score, _tell_unlike),
        (RefusalReason.NOT_CORRECTED, figures.corrected_score > limits.largest_corrected_score, _tell_not_corrected),
        (RefusalReason.POOR_QUALITY, figures.quality_passed < limits.smallest_quality_passed, _tell_poor_quality),
    )
    return [Refusal(reason, tell(figures, limits)) for reason, is_beyond, tell in checks if is_beyond]


def _tell_clipped(figures: FittedFigures, limits: ProfileLimits) -> str:
    shares = zip(_CHANNELS, figures.clipped, strict=True)
    beyond = [f"{name} in {100 * share:.0f} %" for name, share in shares if share > limits.largest_clipped]
    return (
        f"The camera records the lowest or highest possible level of {', of '.join(beyond)} of the pixels, and no correction "
        f"brings back what is lost there; {100 * limits.largest_clipped:.0f} % is the limit. Lower the exposure or the lamp "
        "until an empty part of the slide is just below white, set the white balance there, and photograph again."
    )


def _tell_unlike(figures: FittedFigures, limits: ProfileLimits) -> str:
    return (
        f"The pictures are {figures.uncorrected_score:.1f} times the accepted distance from those that the model knows, and at "
        f"most {limits.largest_uncorrected_score:g} can be corrected. Check that they are stained blood smears in focus, the "
        "objective, and the camera's white balance."
    )


def _tell_not_corrected(figures: FittedFigures, limits: ProfileLimits) -> str:
    return (
        f"With the best correction the pictures are {figures.corrected_score:.2f} times the accepted distance from those that "
        f"the model knows; {limits.largest_corrected_score:g} is the limit. Set exposure and white balance on an empty part of "
        "the slide, check focus and objective, and compare the stain with the laboratory's protocol."
    )


def _tell_poor_quality(figures: FittedFigures, limits: ProfileLimits) -> str:
    return (
        f"{100 * figures.quality_passed:.0f} % of the corrected fields pass the quality gate, and "
        f"{100 * limits.smallest_quality_passed:.0f} % must. Check focus, lamp and objective, and choose fields with white "
        "cells."
    )
