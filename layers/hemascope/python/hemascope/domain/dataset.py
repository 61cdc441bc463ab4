"""How a data set of smears lies on disk, for training and for the export of reviews."""

# Class -> its folder below ``Original``, in the order of the classes' indices, as in the Kaggle archive.
CLASS_FOLDERS = {"Benign": "Benign", "Early Pre-B": "Early", "Pre-B": "Pre", "Pro-B": "Pro"}
ORIGINAL = "Original"
# Format as a picture's header names it -> suffix of the file.
SUFFIXES = {"JPEG": ".jpg", "PNG": ".png", "TIFF": ".tif", "BMP": ".bmp", "WebP": ".webp"}
