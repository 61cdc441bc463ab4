"""Training, evaluation and export of models: everything that needs TensorFlow. It imports hemascope, never the reverse."""
