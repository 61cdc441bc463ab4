"""Pictures of a microscope's commissioning set -> its baseline, by judging them as the service will."""

from collections.abc import Iterable

from hemascope.domain.drift import Baseline
from hemascope.domain.field_figures import figures_of
from hemascope.domain.microscope import MicroscopeUse
from hemascope.domain.profile import MicroscopeProfile
from hemascope.domain.report import MicroscopeState
from hemascope.microscopes.drift import fit_baseline
from hemascope.model.classifier import Classifier
from hemascope.screening.pipeline import screen


def measure_baseline(
    pictures: Iterable[tuple[str, bytes]], profile: MicroscopeProfile | None, classifier: Classifier
) -> Baseline | None:
    """Judge each picture and fit the baseline to their figures.

    Parameters
    ----------
    pictures
        Slide and file of each field.
    profile
        Of the microscope; None for the reference microscope.

    Returns
    -------
    Baseline or None
        None where no picture could be measured.
    """
    use = MicroscopeUse(None, MicroscopeState.VERIFIED, profile)
    reports = ((slide, screen(data, None, classifier, microscope=use, draw=False).report) for slide, data in pictures)
    measured = [(slide, figures) for slide, report in reports if (figures := figures_of(report))]
    return fit_baseline(measured, classifier.artifact.reference.name) if measured else None


def with_baseline(
    profile: MicroscopeProfile, pictures: Iterable[tuple[str, bytes]], classifier: Classifier
) -> MicroscopeProfile:
    """The profile with the baseline of the pictures that it was fitted on."""
    return profile.model_copy(update={"baseline": measure_baseline(pictures, profile, classifier)})
