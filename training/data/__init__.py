"""Smears: reading, splitting, augmenting, shifting."""
