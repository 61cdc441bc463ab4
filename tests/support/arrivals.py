"""A picture that comes into a bucket of dicts."""

from hemascope.domain.events import CreatedObject
from hemascope.domain.specimen import ObjectVersion
from tests.support.fakes import World

KEY = "smears/st-mary/p-7/c-1/scope 1/field-1.jpg"


def arrive(world: World, data: bytes, key: str = KEY, version: str = "v1") -> CreatedObject:
    """Store it; return what S3 says of it."""
    created = CreatedObject(object=ObjectVersion(bucket="uploads", key=key, version_id=version), size=len(data))
    world.pictures.pictures[created.object] = data
    return created
