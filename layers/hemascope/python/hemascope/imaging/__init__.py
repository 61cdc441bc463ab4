"""Pure functions on arrays: decode, measure, segment, draw. NumPy and OpenCV, no network, no disk."""
