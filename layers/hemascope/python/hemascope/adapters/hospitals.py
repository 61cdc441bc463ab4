"""Settings of hospitals where none can set any."""

from hemascope.contracts.errors import HemascopeError
from hemascope.contracts.hospital import HospitalSettings


class SameForAll:
    """A :class:`~hemascope.ports.HospitalBook` of the defaults."""

    def settings_of(self, hospital: str) -> HospitalSettings:
        """The defaults."""
        return HospitalSettings()

    def change(self, hospital: str, settings: HospitalSettings) -> None:
        """Refuse."""
        raise HemascopeError("expected a deployment whose hospitals have settings of their own, received one of defaults")
