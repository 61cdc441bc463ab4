"""Microscopes: whether a model may be used with one, how its pictures are corrected, and whether answers are right. Pure."""
