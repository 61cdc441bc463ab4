"""Notifications about terminal states: who gets which message, and each channel once."""
