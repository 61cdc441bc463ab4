import pytest

from hemascope.domain import errors
from hemascope.domain.errors import HemascopeError, RejectedSmear, RejectionReason
from hemascope.model.artifact import Artifact

OURS = [var for var in vars(errors).values() if isinstance(var, type) and issubclass(var, Exception)]


@pytest.mark.parametrize("error", OURS)
def test_every_error_of_ours_is_caught_as_one(error: type[Exception]) -> None:
    assert issubclass(error, HemascopeError)


def test_a_rejection_says_why_in_code_and_in_words() -> None:
    refusal = RejectedSmear(RejectionReason.TRUNCATED, "expected a whole JPEG file, received its first half")

    assert refusal.reason == "truncated"
    assert str(refusal) == "expected a whole JPEG file, received its first half"


@pytest.mark.parametrize("reason", RejectionReason)
def test_every_rejection_comes_with_advice(reason: RejectionReason, artifact: Artifact) -> None:
    advice = artifact.texts.advice[reason]

    assert len(advice.split()) >= 4
    assert advice.endswith(".")
