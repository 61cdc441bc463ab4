"""A hospital's microscopes: what is registered of one, which state it is in, and every change that is allowed.

The state is never stored. It follows from the row and from the model that serves, so a new model needs no write to close the
microscopes that it was not verified with.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hemascope.domain.drift import DriftAlarm
from hemascope.domain.microscope_refusal import IsReference, NoProfile, NothingChanges, OtherProfile
from hemascope.domain.microscope_run import Account, JobKind, JobRun
from hemascope.domain.profile import MicroscopeProfile
from hemascope.domain.report import Digest, MicroscopeState, ReportedMicroscope
from hemascope.domain.review import Comment, Label
from hemascope.domain.specimen import Segment, digest_of

DRIFT = "drift"  # stands for the account where the service suspended a microscope by itself


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Reason = Annotated[Comment, Field(min_length=1, max_length=500)]


class ProfileVersion(_Row):
    """When a profile became the current one, and by whom. The same profile may come back later.

    ``since``: it describes the microscope as it was from the oldest picture on that it was fitted to; None where nobody knows.
    """

    sha256: Digest
    at: datetime
    by: Account
    since: datetime | None = None


class Verification(_Row):
    """The proof that a microscope's answers are right: with this profile, under this model."""

    sha256: Digest  # of the proof
    at: datetime
    by: Account
    profile: Digest
    model: Digest  # sha256 of the model's weights


class Suspension(_Row):
    """Why a microscope gives no answers for now."""

    reason: Reason
    at: datetime
    by: Account


class Microscope(_Row):
    """One microscope of one hospital, as the registry holds it.

    Parameters
    ----------
    name
        Its id in keys. A device that uploads with a certificate is called by the name of its thing, ``{hospital}:{serial}``.
    make, objective
        For people: maker and model, and the objective that the pictures are taken with.
    is_reference
        It is the microscope of the artifact's own data. Only the operator says so.
    objective_since
        When its objective was changed last: pictures of before are of another optical path. None where it never was.
    profile
        The current profile; None before the first, and where the objective was changed since.
    profiles
        Every profile that was ever current, in order.
    alarm
        What has changed at it, where the chart of its drift went beyond a limit.
    charted_since
        Fields that were judged later count in the chart; None: all of the current profile.
    watched
        Whether its drift is watched. Not where drawn smears stand for its pictures, as in a demonstration.
    runs
        The newest run of each kind of job; those of another objective are forgotten.
    version
        Counts the changes, for conditional writes; 1 is the registration.
    """

    hospital: Segment
    name: Segment
    make: Label | None = None
    objective: Label | None = None
    objective_since: datetime | None = None
    is_reference: bool = False
    profile: Digest | None = None
    profiles: tuple[ProfileVersion, ...] = ()
    verification: Verification | None = None
    suspension: Suspension | None = None
    alarm: DriftAlarm | None = None
    charted_since: datetime | None = None
    watched: bool = True
    runs: dict[JobKind, JobRun] = {}
    version: Annotated[int, Field(ge=1)] = 1

    @model_validator(mode="after")
    def _consistent(self) -> "Microscope":
        if self.is_reference and self.profile:
            raise ValueError("expected no profile of a reference microscope")
        if self.profile and self.profile not in {version.sha256 for version in self.profiles}:
            raise ValueError("expected the current profile among the versions")
        return self

    @property
    def profile_since(self) -> datetime | None:
        """From when on its pictures are such as the current profile was fitted to; None where nobody knows."""
        return self.profiles[-1].since if self.profile else None

    @property
    def digest(self) -> str:
        """32 hex digits that identify the microscope among those of all hospitals, as in its specimens."""
        return digest_of(self.hospital, self.name)


def state_of(microscope: Microscope | None, model: str) -> MicroscopeState:
    """The state under a serving model.

    Parameters
    ----------
    microscope
        None where the registry has none of the name, or where a picture names none.
    model
        SHA-256 of the serving model's weights.
    """
    if microscope is None:
        return MicroscopeState.UNKNOWN
    if microscope.suspension:
        return MicroscopeState.SUSPENDED
    if microscope.is_reference:
        return MicroscopeState.VERIFIED
    if microscope.profile is None:
        return MicroscopeState.UNKNOWN
    proof = microscope.verification
    if proof and (proof.profile, proof.model) == (microscope.profile, model):
        return MicroscopeState.VERIFIED
    return MicroscopeState.PROFILED


@dataclass(frozen=True)
class MicroscopeUse:
    """How the pictures of one microscope are judged: its state, and with which profile they are corrected.

    Parameters
    ----------
    name
        None where the picture names no microscope.
    profile
        None where nothing is corrected; ``profile_sha256`` is its digest.
    verification_sha256
        Digest of the proof that its answers rest on.
    change
        Number of the registry's change that made it so; 0 where it is not registered.
    profile_since
        From when on its pictures are such as the profile was fitted to; None where nobody knows.
    """

    name: str | None
    state: MicroscopeState
    profile: MicroscopeProfile | None = None
    profile_sha256: str | None = None
    verification_sha256: str | None = None
    change: int = 0
    profile_since: datetime | None = None

    @property
    def is_verified(self) -> bool:
        """Whether an answer may be given."""
        return self.state is MicroscopeState.VERIFIED

    @property
    def reported(self) -> ReportedMicroscope:
        """What the report says of it."""
        return ReportedMicroscope(
            name=self.name, state=self.state, profile=self.profile_sha256, verification=self.verification_sha256
        )


def describe(microscope: Microscope, make: str | None, objective: str | None, at: datetime) -> Microscope:
    """Change what people read of it.

    A profile belongs to one objective, so another objective takes the current profile out of use; commission again. The proof
    goes with it: it would count once more if the same profile were adopted for the other objective. Pictures of before count
    neither for the next profile nor for its proof, unless the objective had no name yet.

    Raises
    ------
    IsReference
        Where the objective of a reference microscope would change.
    """
    if objective == microscope.objective:
        return changed(microscope, make=make)
    if microscope.is_reference:
        raise IsReference
    since = at if microscope.objective else microscope.objective_since
    out_of_use: dict[str, object] = {"profile": None, "verification": None, "alarm": None, "runs": {}}
    return changed(microscope, make=make, objective=objective, objective_since=since, **out_of_use)


def adopt_profile(microscope: Microscope, sha256: str, at: datetime, by: str, since: datetime | None = None) -> Microscope:
    """Make a profile the current one. A proof counts only while the profile that it names is current. The chart begins anew.

    Raises
    ------
    IsReference
    NothingChanges
        Where it is the current one already.
    """
    if microscope.is_reference:
        raise IsReference
    if sha256 == microscope.profile:
        raise NothingChanges("This profile is in use already.")
    version = ProfileVersion(sha256=sha256, at=at, by=by, since=since)
    profiles = (*microscope.profiles, version)
    return changed(microscope, profile=sha256, profiles=profiles, alarm=None, charted_since=at)


def verify(microscope: Microscope, verification: Verification) -> Microscope:
    """Record a proof. A suspended microscope stays suspended until somebody resumes it.

    Raises
    ------
    IsReference
    NoProfile
    OtherProfile
    """
    if microscope.is_reference:
        raise IsReference
    if microscope.profile is None:
        raise NoProfile
    if verification.profile != microscope.profile:
        raise OtherProfile
    return changed(microscope, verification=verification)


def suspend(microscope: Microscope, reason: str, at: datetime, by: str) -> Microscope:
    """Let it give no answers until somebody resumes it.

    Raises
    ------
    NothingChanges
        Where it is suspended; the first reason stands.
    """
    if microscope.suspension:
        raise NothingChanges("This microscope is suspended already.")
    return changed(microscope, suspension=Suspension(reason=reason, at=at, by=by))


def resume(microscope: Microscope, at: datetime) -> Microscope:
    """End a suspension, and an alarm. The microscope returns to the state that profile, proof and model give it.

    The chart of its drift begins anew, or the fields of before would suspend it again at once.

    Raises
    ------
    NothingChanges
        Where it is not suspended.
    """
    if microscope.suspension is None:
        raise NothingChanges("This microscope is not suspended.")
    return changed(microscope, suspension=None, alarm=None, charted_since=at)


def set_reference(microscope: Microscope, *, is_reference: bool) -> Microscope:
    """Make it a reference microscope, with the identity profile, or an ordinary one, which then has no profile.

    Raises
    ------
    NothingChanges
        Where it is that already.
    """
    if is_reference == microscope.is_reference:
        raise NothingChanges(f"This microscope is {'a' if is_reference else 'no'} reference already.")
    return changed(microscope, is_reference=is_reference, profile=None, alarm=None)


def changed(microscope: Microscope, **changes: object) -> Microscope:
    """A validated copy with the next version number."""
    fields = {name: getattr(microscope, name) for name in Microscope.model_fields}
    return Microscope.model_validate(fields | changes | {"version": microscope.version + 1})
