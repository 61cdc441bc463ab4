"""libvips as it is used here: quiet, one thread a picture, nothing remembered.

Quiet, because its warnings repeat what the sender wrote and end up in a log. One thread, because starting more takes longer
than a small picture (a JPEG of 224 x 224 pixels: 0.9 instead of 7 ms), and large ones gain little. Nothing remembered, because
no picture is decoded twice.
"""

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

os.environ.setdefault("VIPS_WARNING", "0")
os.environ.setdefault("VIPS_CONCURRENCY", "1")

import pyvips

pyvips.cache_set_max(0)
pyvips.block_untrusted_set(True)

Image: Any = pyvips.Image
SourceCustom = pyvips.SourceCustom
Error = pyvips.Error
WHITE = {"uchar": 255, "ushort": 65535}  # of the formats of samples that are decoded
BLOB = pyvips.GValue.blob_type

_SMALL = 1024 * 1024  # bytes


def to_array(picture: Image) -> NDArray[np.uint8]:
    """Pixels of a picture of 8 bits, of shape (height, width, bands).

    Those of a small one are fetched in this thread: libvips' own way starts another, which takes as long as decoding it.
    """
    width, height, bands = picture.width, picture.height, picture.bands
    if width * height * bands > _SMALL:
        return np.asarray(picture.numpy()).reshape(height, width, bands)
    return np.frombuffer(pyvips.Region.new(picture).fetch(0, 0, width, height), np.uint8).reshape(height, width, bands)
