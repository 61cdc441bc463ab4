"""Errors that decide the exit status of a command."""

from hemascope.domain.errors import HemascopeError


class NothingToScreen(HemascopeError):
    """The arguments name no picture: a missing path, or a folder without pictures. Exit status 2 instead of 1."""
