"""Fakes, builders and helpers that several test modules share."""
