"""Notifications about terminal states: who gets which message, each channel once."""
