"""Which microscope took a picture, in which state it is, and with which profile its pictures are corrected."""

from collections import OrderedDict
from dataclasses import dataclass, field

from hemascope.domain.errors import ArtifactError, MissingObject, RejectedSmear
from hemascope.domain.microscope import Microscope, MicroscopeUse, state_of
from hemascope.domain.microscope_keys import profile_key
from hemascope.domain.profile import LARGEST_PROFILE, MicroscopeProfile
from hemascope.domain.report import MicroscopeState
from hemascope.domain.specimen import ObjectVersion, Specimen
from hemascope.ports import MicroscopeRegistry, ObjectStore

_PROFILES = 16  # that one process keeps: each is at most 200 kB


@dataclass(frozen=True)
class MicroscopeLookup:
    """Finds the microscope that a specimen names. The registry is asked for every picture: a suspension counts at once.

    Parameters
    ----------
    files, bucket
        Where profiles are stored.
    model
        SHA-256 of the serving model's weights.
    """

    registry: MicroscopeRegistry
    files: ObjectStore
    bucket: str
    model: str
    _kept: OrderedDict[str, MicroscopeProfile] = field(default_factory=OrderedDict, init=False, repr=False, compare=False)

    def find(self, specimen: Specimen) -> MicroscopeUse:
        """Say how a specimen is judged. A microscope that is not registered is ``unknown``, as is none.

        Raises
        ------
        TransientError
            Where the registry or the bucket did not answer.
        ArtifactError
            Where the current profile is missing, altered or none.
        """
        name = specimen.microscope
        microscope = self.registry.find(specimen.hospital, name) if name is not None else None
        state = state_of(microscope, self.model)
        if microscope is None or microscope.profile is None:
            return MicroscopeUse(name, state, change=microscope.version if microscope else 0)
        proof = microscope.verification if state is MicroscopeState.VERIFIED else None
        profile = self.load(microscope, microscope.profile)
        return MicroscopeUse(
            name,
            state,
            profile,
            microscope.profile,
            proof.sha256 if proof else None,
            microscope.version,
            microscope.profile_since,
        )

    def load(self, microscope: Microscope, sha256: str) -> MicroscopeProfile:
        """The profile of this digest, from the cache where it is there: the digest stands for the content.

        Raises
        ------
        TransientError
            Where the bucket did not answer.
        ArtifactError
            Where the profile is missing, altered or none.
        """
        if sha256 not in self._kept:
            self._kept[sha256] = self._read(microscope, sha256)
            while len(self._kept) > _PROFILES:
                self._kept.popitem(last=False)
        self._kept.move_to_end(sha256)
        return self._kept[sha256]

    def _read(self, microscope: Microscope, sha256: str) -> MicroscopeProfile:
        version = ObjectVersion(bucket=self.bucket, key=profile_key(microscope.digest, sha256))
        try:
            content = self.files.read(version, LARGEST_PROFILE)
        except (MissingObject, RejectedSmear) as error:
            raise ArtifactError(f"expected the profile {sha256[:12]} of a microscope, it is missing or empty") from error
        return MicroscopeProfile.parse(content, sha256)
