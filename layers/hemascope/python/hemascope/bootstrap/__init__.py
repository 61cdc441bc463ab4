"""One composition root for each function."""
