"""Why a change of a microscope is refused."""

from hemascope.domain.errors import HemascopeError


class TransitionRefused(HemascopeError):
    """The microscope's state doesn't allow a change. The message is a sentence for the administrator."""


class IsReference(TransitionRefused):
    """A reference microscope has the identity profile and the artifact's own evidence, and neither can be replaced."""

    def __init__(self) -> None:
        super().__init__("This is a reference microscope. The operator has to make it an ordinary one first.")


class NoProfile(TransitionRefused):
    """There is nothing that a proof could be of."""

    def __init__(self) -> None:
        super().__init__("This microscope has no profile. Commission it first.")


class OtherProfile(TransitionRefused):
    """The proof was made with a profile that is not the current one."""

    def __init__(self) -> None:
        super().__init__("The proof was made with another profile. Verify the microscope again with the current one.")


class NothingChanges(TransitionRefused):
    """The microscope is already what it is asked to become."""
