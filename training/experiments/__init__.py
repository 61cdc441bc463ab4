"""The study's experiments, its predecessors' and what both left out: rows of one registry, run by one engine on cached features."""
