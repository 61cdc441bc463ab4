import hashlib

import numpy as np
import pytest

from hemascope.domain.commissioning import RefusalReason, check_counts
from hemascope.domain.microscope import MicroscopeUse
from hemascope.domain.profile import FittedFigures, MicroscopeProfile, ProfileLimits
from hemascope.domain.report import MicroscopeState
from hemascope.imaging.decode import Picture
from hemascope.imaging.model_input import to_working_picture
from hemascope.imaging.overlay import encode_png
from hemascope.imaging.synthetic import draw_synthetic_smear
from hemascope.microscopes.profile import CommissioningField, fit_profile, read_field
from hemascope.microscopes.reference import MicroscopeReference, load_reference
from hemascope.microscopes.refusal import CommissioningRefused, check_figures
from hemascope.model.artifact import Artifact
from hemascope.model.classifier import Classifier
from hemascope.model.folder import ArtifactFolder
from hemascope.screening.pipeline import screen
from training.export.microscope_reference import fit_reference

GOOD = FittedFigures(
    fields=60, slides=30, clipped=(0.1, 0.2, 0.0), uncorrected_score=5.0, corrected_score=0.52, quality_passed=0.9
)
OPEN = ProfileLimits(
    minimum_fields=1, minimum_slides=1, largest_uncorrected_score=1000, largest_corrected_score=1000, smallest_quality_passed=0
)


def warm(picture: Picture) -> Picture:
    """A lamp of another colour, without clipping."""
    return np.asarray(np.rint(picture * np.array([0.98, 0.88, 0.72])), np.uint8)


def read(pictures: list[Picture], square: bool = False) -> list[CommissioningField]:
    return [
        read_field(encode_png(picture), f"slide-{place // 2}", square_pixels=square) for place, picture in enumerate(pictures)
    ]


@pytest.fixture(scope="module")
def smears() -> list[Picture]:
    return [draw_synthetic_smear(seed, side=224, cells=3 + seed % 9) for seed in range(12)]


@pytest.fixture(scope="module")
def drawn(artifact: Artifact) -> MicroscopeReference:
    """A reference microscope that photographs drawn smears."""
    spec = artifact.manifest.preprocessing
    pictures = [to_working_picture(draw_synthetic_smear(seed, side=224, cells=3 + seed % 9), spec) for seed in range(50, 90)]
    return fit_reference(pictures, np.array([place % 2 for place in range(len(pictures))]), spec, "0" * 64)


def test_figures_at_the_limits_are_accepted() -> None:
    assert check_figures(GOOD, ProfileLimits()) == []
    assert check_counts(30, 20, ProfileLimits()) == []


@pytest.mark.parametrize(
    ("changed", "reason", "said"),
    [
        ({"clipped": (0.1, 0.31, 0.9)}, RefusalReason.CLIPPED, "of green in 31 %, of blue in 90 % of the pixels"),
        ({"uncorrected_score": 5.1}, RefusalReason.UNLIKE, "5.1 times the accepted distance"),
        ({"corrected_score": 0.53}, RefusalReason.NOT_CORRECTED, "0.53 times the accepted distance"),
        ({"quality_passed": 0.89}, RefusalReason.POOR_QUALITY, "89 % of the corrected fields pass"),
    ],
)
def test_a_figure_beyond_its_limit_is_refused_in_words_that_name_the_remedy(
    changed: dict, reason: RefusalReason, said: str
) -> None:
    (refusal,) = check_figures(GOOD.model_copy(update=changed), ProfileLimits())

    assert refusal.reason is reason
    assert said in refusal.message
    assert any(word in refusal.message for word in ("Lower the exposure", "Check", "Set exposure"))


def test_too_few_fields_and_slides_are_told_together_before_anything_is_fitted(
    smears: list[Picture], drawn: MicroscopeReference, classifier: Classifier
) -> None:
    with pytest.raises(CommissioningRefused) as caught:
        fit_profile(read(smears[:4]), drawn, classifier)

    assert [refusal.reason for refusal in caught.value.refusals] == ["too_few_fields", "too_few_slides"]
    assert "Photograph 26 more." in str(caught.value)
    assert "Photograph 18 more slides" in str(caught.value)
    assert caught.value.figures is None


def test_a_microscope_under_another_lamp_is_brought_back(
    smears: list[Picture], drawn: MicroscopeReference, classifier: Classifier
) -> None:
    fields = read([warm(smear) for smear in smears])

    profile = fit_profile(fields, drawn, classifier, OPEN)

    spec = classifier.artifact.manifest.preprocessing
    seen = [to_working_picture(smear, spec).astype(int) for smear in smears]
    before = [to_working_picture(warm(smear), spec) for smear in smears]
    after = [to_working_picture(warm(smear), spec, profile) for smear in smears]
    assert profile.colour.name != "identity"
    assert np.mean([np.abs(own - other).mean() for own, other in zip(seen, before, strict=True)]) > 20
    assert np.mean([np.abs(own - other).mean() for own, other in zip(seen, after, strict=True)]) < 6
    assert [field.sha256 for field in profile.fitted_on] == [hashlib.sha256(encode_png(warm(s))).hexdigest() for s in smears]
    assert profile.model == classifier.artifact.reference
    assert len(profile.to_json()) < 50_000


def test_an_overexposed_microscope_is_refused(
    smears: list[Picture], drawn: MicroscopeReference, classifier: Classifier
) -> None:
    bright = [np.asarray(np.minimum(smear * 1.2, 255), np.uint8) for smear in smears]

    with pytest.raises(CommissioningRefused, match="Lower the exposure") as caught:
        fit_profile(read(bright), drawn, classifier, OPEN)

    assert [refusal.reason for refusal in caught.value.refusals] == [RefusalReason.CLIPPED]
    assert caught.value.figures is not None


def test_the_ruler_is_in_pixels_of_the_file() -> None:
    large = draw_synthetic_smear(5, side=2000)

    (field,) = read([large], square=True)

    assert max(field.picture.shape) == 1600
    assert (field.width, field.height) == (2000, 2000)
    if field.reading.diameter is not None:
        assert 130 <= field.reading.diameter <= 175  # drawn with radii of 15 to 19 at 448


def test_a_profile_that_changes_nothing_gives_the_same_report(smear: bytes, classifier: Classifier) -> None:
    profile = MicroscopeProfile()
    identity = MicroscopeUse("scope 2", MicroscopeState.VERIFIED, profile, profile.sha256)

    without, with_identity = (
        screen(smear, None, classifier, microscope=microscope, draw=False).report for microscope in (None, identity)
    )

    assert with_identity.model_copy(update={"microscope": None}) == without


def test_the_shipped_artifact_names_its_reference_microscope(artifact: Artifact) -> None:
    reference = load_reference(ArtifactFolder.open(artifact.folder))

    assert reference.data == artifact.manifest.data["split_sha256"]
    assert len(reference.classes) == len(artifact.manifest.disease.classes)
