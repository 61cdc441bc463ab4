"""Microscopes: whether a model may be used with one, how its pictures are corrected, and the proof that answers are right. Pure."""
