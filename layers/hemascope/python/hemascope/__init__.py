"""Hemascope: screening of peripheral blood smears."""
