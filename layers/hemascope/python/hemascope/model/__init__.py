"""A model version on disk and the network in it."""
