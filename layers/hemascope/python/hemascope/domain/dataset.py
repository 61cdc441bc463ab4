"""Layout of a data set of smears on disk, for training and for the export of reviews."""

ORIGINAL = "Original"  # holds one folder a class; the manifest names it
# Format as a picture's header names it -> suffix of the file.
SUFFIXES = {"JPEG": ".jpg", "PNG": ".png", "TIFF": ".tif", "BMP": ".bmp", "WebP": ".webp"}
