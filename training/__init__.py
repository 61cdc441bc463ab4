"""The laboratory: everything that needs TensorFlow. It imports hemascope, never the other way round."""
