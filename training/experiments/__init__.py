"""Training: pretraining, heads, fine-tuning; the experiments of the study and its predecessors, cross-validation and search."""
