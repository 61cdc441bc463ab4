"""Networks, their weights, and hand-made features."""
