"""Whole picture files to damage: one drawn smear in every format and variant that the decoder takes."""

import struct
import zlib
from functools import cache

import cv2
import numpy as np
from PIL import Image

from hemascope.imaging.synthetic import draw_synthetic_smear
from tests.support.picture_declarations import PROFILES, as_tiff, exif, saved, to_lab, with_chunks
from tests.unit.picture_files import ANIMATED_PNG, ANIMATED_WEBP, CMYK_JPEG, CMYK_TIFF

SIDE = 128
RGB_CHANNELS = {"axes": "CYX", "Channel": {"Name": ["R", "G", "B"]}}
PNG_MAGIC = b"\x89PNG\r\n\x1a\n"


def _file(extension: str, picture: np.ndarray, *parameters: int) -> bytes:
    done, encoded = cv2.imencode(extension, picture, list(parameters))
    assert done, extension
    return bytes(encoded)


def png_chunk(name: bytes, content: bytes) -> bytes:
    """A chunk with the checksum that it should have."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def _with_exif(jpeg: bytes) -> bytes:
    thumbnail = jpeg[:400]
    directory = b"II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00" + bytes(4)
    content = b"Exif\x00\x00" + directory + thumbnail
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content + jpeg[2:]


def _with_palette(picture: np.ndarray) -> bytes:
    height, width = picture.shape[:2]
    colours = bytes(range(256)) * 3
    rows = b"".join(b"\x00" + row.tobytes() for row in picture[..., 1])
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    chunks = (
        (b"IHDR", header),
        (b"PLTE", colours),
        (b"tEXt", b"Comment\x00drawn"),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    )
    return PNG_MAGIC + b"".join(png_chunk(*chunk) for chunk in chunks)


@cache
def whole_files() -> dict[str, tuple[bytes, ...]]:
    """Files by format."""
    picture = draw_synthetic_smear(5, side=SIDE, cells=4)[..., ::-1].copy()
    grey, deep = picture[..., 1].copy(), picture.astype(np.uint16) * 257
    clear = cv2.cvtColor(picture, cv2.COLOR_BGR2BGRA)
    clear[:20, :, 3] = 90
    seen, image = picture[..., ::-1].copy(), Image.fromarray(picture[..., ::-1])
    seen16, linear = seen.astype(np.uint16) * 257, PROFILES["linear"]
    lab = to_lab(seen)
    jpeg = _file(".jpg", picture, cv2.IMWRITE_JPEG_QUALITY, 90)
    _, pages = cv2.imencodemulti(".tiff", [picture, picture])
    return {
        "JPEG": (
            jpeg,
            _file(".jpg", picture, cv2.IMWRITE_JPEG_PROGRESSIVE, 1, cv2.IMWRITE_JPEG_OPTIMIZE, 1),
            _file(".jpg", picture, cv2.IMWRITE_JPEG_RST_INTERVAL, 4),
            _with_exif(jpeg),
            _file(".jpg", grey),
            CMYK_JPEG,
            saved(seen, "JPEG", icc_profile=PROFILES["a table"]),
            saved(seen, "JPEG", exif=b"Exif\x00\x00" + exif(2, b"R03\x00")),
            saved(image, "MPO", save_all=True, append_images=[image]),
        ),
        "PNG": (
            _file(".png", picture),
            _file(".png", clear),
            _file(".png", deep),
            _file(".png", grey),
            _with_palette(picture),
            ANIMATED_PNG,
            saved(seen, "PNG", icc_profile=linear),
            with_chunks(_file(".png", deep), png_chunk(b"gAMA", struct.pack(">I", 100_000)), png_chunk(b"sBIT", b"\x0c" * 3)),
        ),
        "TIFF": (
            _file(".tiff", picture, cv2.IMWRITE_TIFF_COMPRESSION, 1),
            _file(".tiff", picture, cv2.IMWRITE_TIFF_COMPRESSION, 5),
            _file(".tiff", picture, cv2.IMWRITE_TIFF_COMPRESSION, 8),
            _file(".tiff", picture, cv2.IMWRITE_TIFF_COMPRESSION, 32773),
            _file(".tiff", deep, cv2.IMWRITE_TIFF_COMPRESSION, 5),
            _file(".tiff", clear),
            _file(".tiff", picture.astype(np.float32)),
            bytes(pages),
            CMYK_TIFF,
            as_tiff(seen, bigtiff=True),
            as_tiff(seen, planarconfig="separate", compression="lzw"),
            as_tiff(seen16, planarconfig="separate", tile=(32, 32)),
            as_tiff(seen, tile=(64, 64)),
            as_tiff(seen, tile=(64, 64), compression="jpeg"),
            as_tiff(seen, compression="webp"),
            as_tiff(seen16, compression="zlib", predictor=True, iccprofile=linear),
            as_tiff(np.dstack([seen16, seen16[..., :1]]), extrasamples=["assocalpha"], iccprofile=linear),
            as_tiff(lab, photometric="cielab"),
            as_tiff((lab.astype(np.uint16) * 256), photometric="icclab", byteorder=">"),
            as_tiff(grey, photometric="miniswhite", compression="packbits", bigtiff=True, byteorder=">"),
            as_tiff(np.moveaxis(seen, -1, 0), photometric="minisblack", ome=True, metadata=RGB_CHANNELS),
        ),
        "BMP": (_file(".bmp", picture), _file(".bmp", grey), _file(".bmp", clear)),
        "WebP": (
            _file(".webp", picture, cv2.IMWRITE_WEBP_QUALITY, 90),
            _file(".webp", picture, cv2.IMWRITE_WEBP_QUALITY, 101),  # above 100: lossless
            _file(".webp", clear, cv2.IMWRITE_WEBP_QUALITY, 80),
            ANIMATED_WEBP,
            saved(seen, "WEBP", icc_profile=linear),
        ),
        "HEIC": (
            saved(seen, "HEIF", quality=80),
            saved(seen, "HEIF", quality=80, icc_profile=linear),
            saved(clear[..., [2, 1, 0, 3]].copy(), "HEIF", quality=80),
            saved(grey, "HEIF", quality=80),
            saved(image, "HEIF", quality=50, save_all=True, append_images=[image]),
        ),
        "AVIF": (saved(seen, "AVIF", quality=60),),
    }
