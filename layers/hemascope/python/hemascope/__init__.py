"""Hemascope: screening of peripheral blood smears for acute lymphoblastic leukemia."""

__version__ = "1.1.0"
"""Version of the package and the command line. pyproject.toml reads it from here; docs/release.md says when it changes."""
