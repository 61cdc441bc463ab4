"""Layout of a data set of smears on disk, for training and for the export of reviews."""

ORIGINAL = "Original"  # holds one folder a class; the manifest names it
