"""Ports on loopback."""

import socket

from hemascope.domain.errors import HemascopeError


def check_port(port: int, option: str) -> None:
    """Check that a server may listen on a port of loopback; 0 stands for any free one.

    Raises
    ------
    HemascopeError
        Where another program listens there, or this user may not; it names the option that chooses another port.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers do: a closed connection may linger
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or "no such port"
            raise HemascopeError(
                f"port {port} of 127.0.0.1 can't be used ({reason}): stop the program that listens there, "
                f"which may be another 'hemascope serve', or choose another port with {option}"
            ) from error
