"""Other runtimes than the shipped one, for ``benchmarks.serving`` alone."""
