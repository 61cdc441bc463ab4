"""libvips as it is used here: quiet, one thread a picture, nothing remembered.

Quiet, because its warnings repeat what the sender wrote and end up in a log. One thread, because starting more takes longer
than a small picture (a JPEG of 224 x 224 pixels: 0.9 instead of 7 ms), and large ones gain little. Nothing remembered, because
no picture is decoded twice.
"""

import os

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
