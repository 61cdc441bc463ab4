"""Networks and hand-made features."""
