"""A fake of the registry of microscopes: a dict."""

from hemascope.domain.microscope import Microscope

# The microscope of the artifact's own data, in the hospital of most tests: its answers may be read.
REFERENCE = Microscope(hospital="st-mary", name="scope 1", is_reference=True)
UNWATCHED = REFERENCE.model_copy(update={"watched": False})  # it may send any number of drawn smears


class FakeMicroscopes:
    """A MicroscopeRegistry: a dict."""

    def __init__(self, *microscopes: Microscope) -> None:
        self.kept = {(microscope.hospital, microscope.name): microscope for microscope in microscopes}

    def find(self, hospital: str, name: str) -> Microscope | None:
        return self.kept.get((hospital, name))

    def of_hospital(self, hospital: str) -> tuple[Microscope, ...]:
        mine = (microscope for microscope in self.kept.values() if microscope.hospital == hospital)
        return tuple(sorted(mine, key=lambda microscope: microscope.name.encode()))

    def store(self, microscope: Microscope) -> bool:
        place = microscope.hospital, microscope.name
        stored = self.kept.get(place)
        if (stored.version if stored else 0) == microscope.version - 1:
            self.kept[place] = microscope
        return self.kept.get(place) == microscope
