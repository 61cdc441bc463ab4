"""Reads format and dimensions from a picture's first bytes, so that limits hold before anything is decoded."""

import struct
from dataclasses import dataclass, replace

from hemascope.contracts.errors import RejectedSmear, RejectionReason

_JPEG_FRAMES = {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
_TIFF_TYPE_SIZE = {1: 1, 3: 2, 4: 4, 16: 8}  # BYTE, SHORT, LONG, LONG8: all that dimensions and strips may use


@dataclass(frozen=True)
class Header:
    """What the first bytes of a picture say: format name, width and height in pixels, number of pictures, alpha.

    ``pixel_bytes`` is what decoding takes at most for each pixel, buffers of the decoder included.
    """

    format: str
    width: int
    height: int
    pictures: int = 1
    has_alpha: bool = False
    pixel_bytes: int = 8


def read_header(data: bytes) -> Header:
    """Read the header of a JPEG, PNG, TIFF, BMP or WebP file.

    Raises
    ------
    RejectedSmear
        ``unsupported_format`` where the bytes are none of these, ``truncated`` where the file ends before its end
        marker, ``corrupt`` where the header contradicts itself.
    """
    for magic, reader in _READERS:
        if data.startswith(magic):
            try:
                return reader(data)
            except (struct.error, IndexError) as error:
                raise _truncated(reader.__name__[1:].upper(), "its header is cut off") from error
    raise RejectedSmear(
        RejectionReason.UNSUPPORTED_FORMAT,
        f"expected a JPEG, PNG, TIFF, BMP or WebP picture, received a file that begins with {data[:4].hex()}",
    )


def _truncated(name: str, detail: str) -> RejectedSmear:
    return RejectedSmear(RejectionReason.TRUNCATED, f"expected a whole {name} file, received one that ends early: {detail}")


def _corrupt(name: str, detail: str) -> RejectedSmear:
    return RejectedSmear(RejectionReason.CORRUPT, f"expected a readable {name} file, received a damaged one: {detail}")


def _jpeg(data: bytes) -> Header:
    position, size, components, progressive = 2, None, 3, False
    while True:
        while data[position] == 0xFF and data[position + 1] == 0xFF:
            position += 1
        if data[position] != 0xFF:
            raise _corrupt("JPEG", "a segment marker is missing")
        marker = data[position + 1]
        if marker in _JPEG_FRAMES:
            height, width, components = struct.unpack_from(">HHB", data, position + 5)
            size, progressive = (width, height), marker not in (0xC0, 0xC1)
        if marker == 0xDA:
            break
        (length,) = struct.unpack_from(">H", data, position + 2)
        position += 2 + length
    if size is None:
        raise _corrupt("JPEG", "the scan has no frame header")
    # libjpeg fills what is missing with grey and says nothing; a smear that is grey below is not a smear.
    if data.rfind(b"\xff\xd9", position) < 0:
        raise _truncated("JPEG", "the end marker is missing")
    # Where a pixel comes in several scans, the decoder keeps every coefficient: two bytes for each component.
    scans = progressive or data[position + 4] < components
    return Header("JPEG", *size, pixel_bytes=6 + 2 * components if scans else 6)


def _png(data: bytes) -> Header:
    width, height, depth, colour_type = struct.unpack_from(">IIBB", data, 16)
    if data[12:16] != b"IHDR":
        raise _corrupt("PNG", "the first chunk is not IHDR")
    position, pictures, has_alpha, ended = 8, 1, colour_type in (4, 6), False
    while position + 12 <= len(data) and not ended:
        (length,) = struct.unpack_from(">I", data, position)
        name = data[position + 4 : position + 8]
        if name == b"acTL":
            (pictures,) = struct.unpack_from(">I", data, position + 8)
        has_alpha = has_alpha or name == b"tRNS"
        ended = name == b"IEND"
        position += 12 + length
    if not ended or position > len(data):
        raise _truncated("PNG", "the end chunk is missing")
    return Header("PNG", width, height, pictures, has_alpha, 8 if depth <= 8 else 16 if has_alpha else 12)


def _bmp(data: bytes) -> Header:
    pixels, info_size = struct.unpack_from("<II", data, 10)
    if info_size == 12:
        width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
        compression = 0
    else:
        width, height, _, bits, compression = struct.unpack_from("<iiHHI", data, 18)
    height = abs(height)
    if width <= 0 or height == 0:
        raise _corrupt("BMP", f"its size is {width} x {height}")
    row = (width * bits + 31) // 32 * 4
    if compression in (0, 3) and len(data) < pixels + row * height:
        raise _truncated("BMP", f"{pixels + row * height} bytes expected, {len(data)} received")
    return Header("BMP", width, height)


def _webp(data: bytes) -> Header:
    if data[8:12] != b"WEBP":
        raise RejectedSmear(RejectionReason.UNSUPPORTED_FORMAT, "expected a WebP picture, received another RIFF file")
    (size,) = struct.unpack_from("<I", data, 4)
    if len(data) < size + 8:
        raise _truncated("WebP", f"{size + 8} bytes expected, {len(data)} received")
    kind = data[12:16]
    if kind == b"VP8X":
        flags = data[20]
        width = 1 + int.from_bytes(data[24:27], "little")
        height = 1 + int.from_bytes(data[27:30], "little")
        frames = max(1, data.count(b"ANMF")) if flags & 0x02 else 1
        return Header("WebP", width, height, 2 if flags & 0x02 and frames == 1 else frames, bool(flags & 0x10))
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return Header("WebP", 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF), 1, bool(bits >> 28 & 1))
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return Header("WebP", width & 0x3FFF, height & 0x3FFF)
    raise _corrupt("WebP", "its first chunk is unknown")


def _tiff(data: bytes) -> Header:
    order = "<" if data[:2] == b"II" else ">"
    (offset,) = struct.unpack_from(order + "I", data, 4)
    header, pages, seen = None, 0, set()
    while offset:
        if offset in seen:
            raise _corrupt("TIFF", "its directories form a circle")
        seen.add(offset)
        tags, offset = _tiff_directory(data, order, offset)
        if not tags.get(254, [0])[0] & 1:  # bit 0: a reduced copy of another page (a thumbnail), not a picture
            pages += 1
        header = header or _tiff_page(data, tags)
    if header is None:
        raise _corrupt("TIFF", "it holds no picture")
    return replace(header, pictures=max(pages, 1))


def _tiff_page(data: bytes, tags: dict[int, list[int]]) -> Header:
    if 256 not in tags or 257 not in tags:
        raise _corrupt("TIFF", "its size is missing")
    for offsets, counts in ((273, 279), (324, 325)):  # strips, tiles
        ends = [start + length for start, length in zip(tags.get(offsets, []), tags.get(counts, []), strict=False)]
        if ends and max(ends) > len(data):
            raise _truncated("TIFF", f"{max(ends)} bytes expected, {len(data)} received")
    samples = tags.get(277, [1])[0]
    photometric = tags.get(262, [1])[0]
    colours = {2: 3, 5: 4, 6: 3}.get(photometric, 1)  # RGB, CMYK, YCbCr; else one grey or palette sample
    # A strip may be the whole picture, and is decoded into a buffer of its own.
    sample_bytes = (max(tags.get(258, [1])) + 7) // 8
    return Header("TIFF", tags[256][0], tags[257][0], 1, samples > colours, max(8, 2 * max(samples, 3) * sample_bytes))


def _tiff_directory(data: bytes, order: str, offset: int) -> tuple[dict[int, list[int]], int]:
    (count,) = struct.unpack_from(order + "H", data, offset)
    tags: dict[int, list[int]] = {}
    for entry in range(offset + 2, offset + 2 + 12 * count, 12):
        tag, kind, number = struct.unpack_from(order + "HHI", data, entry)
        size = _TIFF_TYPE_SIZE.get(kind)
        if size is None:
            continue
        if number * size > len(data):
            raise _corrupt("TIFF", f"tag {tag} is longer than the file")
        where = entry + 8 if number * size <= 4 else struct.unpack_from(order + "I", data, entry + 8)[0]
        tags[tag] = list(struct.unpack_from(f"{order}{number}{ {1: 'B', 2: 'H', 4: 'I', 8: 'Q'}[size] }", data, where))
    (following,) = struct.unpack_from(order + "I", data, offset + 2 + 12 * count)
    return tags, following


_READERS = (
    (b"\xff\xd8\xff", _jpeg),
    (b"\x89PNG\r\n\x1a\n", _png),
    (b"II*\x00", _tiff),
    (b"MM\x00*", _tiff),
    (b"BM", _bmp),
    (b"RIFF", _webp),
)
