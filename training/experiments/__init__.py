"""The study's experiments, its predecessors' and what both left out: one registry of rows, one engine, cached features."""
