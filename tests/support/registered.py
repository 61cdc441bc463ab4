"""A registered microscope with a profile, and with a proof where a test wants one."""

from typing import Any

from hemascope.domain.microscope import Microscope, ProfileVersion, Verification
from hemascope.domain.microscope_keys import profile_key
from hemascope.domain.profile import ColourMap, MicroscopeProfile
from hemascope.domain.specimen import ObjectVersion
from tests.support.fakes import START, World

PROFILE = MicroscopeProfile(colour=ColourMap(name="mk", offset=(0.0, 5.0, 0.0)))
PROOF = "c" * 64
KEY = "smears/st-mary/p-7/c-1/scope 2/field-1.jpg"


def scope(model: str = "", **changed: Any) -> Microscope:
    """The microscope ``scope 2`` with a profile; verified under a model where its sha256 is given."""
    fields: dict[str, Any] = {
        "hospital": "st-mary",
        "name": "scope 2",
        "profile": PROFILE.sha256,
        "profiles": (ProfileVersion(sha256=PROFILE.sha256, at=START, by="8f0c"),),
    }
    if model:
        proof = Verification(sha256=PROOF, at=START, by="8f0c", profile=PROFILE.sha256, model=model)
        fields["verification"] = proof
    return Microscope.model_validate(fields | changed)


def register(world: World, microscope: Microscope, content: bytes | None = PROFILE.to_json().encode()) -> None:
    """Put a microscope into the registry, and the file of its profile where there is to be one."""
    world.microscopes.kept[microscope.hospital, microscope.name] = microscope
    if content is not None:
        store_profile(world, PROFILE.sha256, content)


def store_profile(world: World, sha256: str, content: bytes) -> None:
    """Put a file where the profile of this digest is looked for."""
    version = ObjectVersion(bucket="reports", key=profile_key(scope().digest, sha256))
    world.reports.pictures[version] = content
