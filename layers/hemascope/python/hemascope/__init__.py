"""Hemascope: screening of peripheral blood smears for acute lymphoblastic leukemia."""

__version__ = "1.1.0"
"""The version of package and command line. It stands here alone: pyproject.toml reads it, docs/release.md says when it changes."""
