"""What an accuracy is worth: metrics, intervals, probes, shifts, trust."""
