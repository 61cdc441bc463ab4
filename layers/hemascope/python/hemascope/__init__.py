"""Hemascope: screening of peripheral blood smears."""

__version__ = "1.1.0"
"""Version of the package and the command line. pyproject.toml reads it from here; docs/release.md says when it changes."""
