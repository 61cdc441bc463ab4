"""libvips as it is used here: quiet, one thread a picture, nothing remembered.

Quiet, because its warnings repeat what the sender wrote and end up in a log. One thread, because starting more takes longer
than a small picture (a JPEG of 224 x 224 pixels: 0.9 instead of 7 ms), and large ones gain little. Nothing remembered, because
no picture is decoded twice.
"""

import os

import numpy as np
from numpy.typing import NDArray

os.environ.setdefault("VIPS_WARNING", "0")
os.environ.setdefault("VIPS_CONCURRENCY", "1")

import pyvips

pyvips.cache_set_max(0)
pyvips.block_untrusted_set(True)

Image = pyvips.Image
SourceCustom = pyvips.SourceCustom
Error = pyvips.Error
WHITE = {"uchar": 255, "ushort": 65535}  # of the formats of samples that are decoded
BLOB = pyvips.GValue.blob_type

_STRIP_BYTES = 128 * 1024  # what the C library gives and takes back without asking the system


def to_array(picture: Image) -> NDArray[np.uint8]:
    """Pixels of a picture of 8 bits, of shape (height, width, bands).

    They are fetched strip by strip in this thread: libvips' own way starts another, which takes as long as a small picture.
    """
    width, height, bands = picture.width, picture.height, picture.bands
    rows = max(8, _STRIP_BYTES // (width * bands) // 8 * 8)
    pixels = np.empty((height, width, bands), np.uint8)
    region = pyvips.Region.new(picture)
    for top in range(0, height, rows):
        strip = pixels[top : top + rows]
        strip[:] = np.frombuffer(region.fetch(0, top, width, len(strip)), np.uint8).reshape(strip.shape)
    return pixels
