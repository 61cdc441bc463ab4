"""Data sets: reading, splitting, duplicates, augmentation, shifts, batches, cached features."""
