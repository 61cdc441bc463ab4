"""Microscopes: whether a model may be used with one. Pure."""
