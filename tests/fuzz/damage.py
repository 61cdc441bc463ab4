"""Ways to damage a picture file, each from a seeded chance: what a network, a disk, a bad program or an attacker does."""

import re
import struct
import zlib
from collections.abc import Callable
from functools import partial
from itertools import pairwise

import numpy as np

from tests.fuzz.pictures import PNG_MAGIC, png_chunk, whole_files

SEED = 2026
BOMB_EVERY = 100  # each takes a second or two
Chance = np.random.Generator
Damage = Callable[[bytes, str, Chance], bytes]

# Numbers at which parsers of pictures have broken before.
_EDGES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
_SIDES = (0, 1, 63, 64, 9_999, 10_000, 20_000, 65_535, 1_000_000, 0x7FFFFFFF, 0xFFFFFFFF)
# How width and height are written, and where; a TIFF has no fixed place.
_SIZE_AT = {"PNG": (">I", 16, 20), "BMP": ("<I", 18, 22), "WebP": ("<H", 26, 28)}
_HEADER_BYTES = 200


def bit_flips(data: bytes, _: str, chance: Chance) -> bytes:
    """Some bits the other way round."""
    damaged = np.frombuffer(data, np.uint8).copy()
    for _ in range(int(chance.integers(1, 40))):
        damaged[chance.integers(damaged.size)] ^= 1 << chance.integers(8)
    return damaged.tobytes()


def truncation(data: bytes, _: str, chance: Chance) -> bytes:
    """The end is missing."""
    return data[: int(chance.integers(0, len(data)))]


def lost_middle(data: bytes, _: str, chance: Chance) -> bytes:
    """A piece out of the middle is missing."""
    start, end = sorted(int(integer) for integer in chance.integers(0, len(data), 2))
    return data[:start] + data[end:]


def zeroed_piece(data: bytes, _: str, chance: Chance) -> bytes:
    """A piece that the disk never wrote."""
    start, end = sorted(int(integer) for integer in chance.integers(0, len(data), 2))
    return data[:start] + bytes(end - start) + data[end:]


def header_field(data: bytes, _: str, chance: Chance) -> bytes:
    """Numbers of the header replaced by such as parsers break at."""
    damaged = bytearray(data)
    for _ in range(int(chance.integers(1, 4))):
        form = str(chance.choice(["B", "<H", ">H", "<I", ">I"]))
        place = int(chance.integers(2, max(3, min(_HEADER_BYTES, len(data)) - 4)))
        value = _EDGES[chance.integers(len(_EDGES))] & (256 ** struct.calcsize(form) - 1)
        struct.pack_into(form, damaged, place, value)
    return bytes(damaged)


def chunk_twice(data: bytes, kind: str, chance: Chance) -> bytes:
    """One chunk of the file again, somewhere else; a piece of any bytes where the format has no chunks."""
    edges = _chunk_edges(data, kind)
    if len(edges) < 3:
        edges = sorted({int(integer) for integer in chance.integers(2, len(data), 8)})
    which = int(chance.integers(len(edges) - 1))
    place = edges[int(chance.integers(len(edges)))]
    copies = int(chance.choice([1, 1, 2, 50]))
    return data[:place] + data[edges[which] : edges[which + 1]] * copies + data[place:]


def claimed_size(data: bytes, kind: str, chance: Chance) -> bytes:
    """A header that claims another width or height than there are pixels, checksum mended."""
    sides = [_SIDES[chance.integers(len(_SIDES))] for _ in range(2)]
    damaged = bytearray(data)
    if kind == "JPEG":
        frame = max(data.find(b"\xff\xc0"), data.find(b"\xff\xc2"))
        struct.pack_into(">HH", damaged, frame + 5, *(side & 0xFFFF for side in sides))
    elif kind == "TIFF":
        _claim_in_tiff(damaged, sides)
    elif kind in ("HEIC", "AVIF"):
        for found in re.finditer(rb"ispe....", data, re.DOTALL):
            struct.pack_into(">II", damaged, found.end(), *(side & 0xFFFFFFFF for side in sides))
    else:
        form, *places = _SIZE_AT[kind]
        for place, side in zip(places, sides, strict=True):
            struct.pack_into(form, damaged, place, side & (256 ** struct.calcsize(form) - 1))
    if kind == "PNG":
        damaged[8:33] = png_chunk(b"IHDR", bytes(damaged[16:29]))
    return bytes(damaged)


def with_care(data: bytes, kind: str, chance: Chance) -> bytes:
    """Damage behind what a decoder checks first: a field of a TIFF's directory, a PNG's chunk with its checksum mended."""
    if kind == "PNG":
        return _with_checksums(data, chance)
    if kind != "TIFF":
        return header_field(data, kind, chance)
    damaged = bytearray(data)
    entries = _tiff_entries(data)
    for _ in range(int(chance.integers(1, 3))):
        entry = entries[int(chance.integers(len(entries)))]
        value_at = 12 if 43 in data[2:4] else 8
        place, form = [(entry, "H"), (entry + 2, "H"), (entry + 4, "I"), (entry + value_at, "I")][chance.integers(4)]
        form = ("<" if data[:2] == b"II" else ">") + form
        value = _EDGES[chance.integers(len(_EDGES))] if chance.random() < 0.7 else int(chance.integers(0, len(data)))
        struct.pack_into(form, damaged, place, value & (256 ** struct.calcsize(form) - 1))
    return bytes(damaged)


def two_heads(data: bytes, _: str, chance: Chance) -> bytes:
    """The beginning of one file and the end of another one, of whatever format."""
    files = [file for group in whole_files().values() for file in group]
    other = files[int(chance.integers(len(files)))]
    return data[: int(chance.integers(4, len(data)))] + other[int(chance.integers(0, len(other))) :]


def noise_inside(data: bytes, _: str, chance: Chance) -> bytes:
    """Random bytes pushed in."""
    place = int(chance.integers(2, len(data)))
    return data[:place] + chance.bytes(int(chance.integers(1, 3000))) + data[place:]


DAMAGES: tuple[Damage, ...] = (
    bit_flips,
    truncation,
    lost_middle,
    zeroed_piece,
    header_field,
    chunk_twice,
    claimed_size,
    with_care,
    two_heads,
    noise_inside,
)


def damaged_file(number: int) -> tuple[str, bytes]:
    """Format and content of the n-th damaged file; the same ones each time."""
    chance = np.random.default_rng([SEED, number])
    if number % BOMB_EVERY == BOMB_EVERY - 1:
        return bomb(chance)
    kinds = tuple(whole_files())
    kind = kinds[number % len(kinds)]
    files = whole_files()[kind]
    data = files[int(chance.integers(len(files)))]
    damage = DAMAGES[number // len(kinds) % len(DAMAGES)]
    return kind, damage(data, kind, chance)


def bomb(chance: Chance) -> tuple[str, bytes]:
    """A small and sound PNG of up to a hundred megapixels: squares, so that it is not refused as blank."""
    width, height = (int(integer) for integer in chance.integers(3_000, 10_001, 2))
    channels, depth = int(chance.choice([1, 3, 4])), int(chance.choice([8, 16]))
    header = struct.pack(">IIBBBBB", width, height, depth, {1: 0, 3: 2, 4: 6}[channels], 0, 0, 0)
    pixel, square = channels * depth // 8, 64
    colours = [chance.bytes(pixel) * square for _ in range(4)]
    rows = [b"\x00" + (b"".join(pair) * (width // (2 * square) + 1))[: width * pixel] for pair in (colours[:2], colours[2:])]
    packer = zlib.compressobj(1)
    packed = b"".join([packer.compress(rows[line // square % 2]) for line in range(height)]) + packer.flush()
    chunks = ((b"IHDR", header), (b"IDAT", packed), (b"IEND", b""))
    return "bomb", PNG_MAGIC + b"".join(png_chunk(*chunk) for chunk in chunks)


def _with_checksums(data: bytes, chance: Chance) -> bytes:
    """A PNG with some bytes of its chunks changed, before or behind the compression, and right checksums."""
    chunks = [(data[start + 4 : start + 8], data[start + 8 : end - 4]) for start, end in pairwise(_chunk_edges(data, "PNG"))]
    if chance.integers(2):
        pixels = bytearray(zlib.decompress(b"".join(content for name, content in chunks if name == b"IDAT")))
        for _ in range(int(chance.integers(1, 4))):
            pixels[int(chance.integers(len(pixels)))] = int(chance.integers(256))
        packed = zlib.compress(bytes(pixels[: int(len(pixels) * chance.choice([1, 1, 0.7]))]), 1)
        before, behind = chunks[:1], [chunk for chunk in chunks[1:] if chunk[0] != b"IDAT"]
        chunks = [*before, *behind[:-1], (b"IDAT", packed), behind[-1]]
    else:
        which = int(chance.integers(len(chunks)))
        name, content = chunks[which]
        if content:
            place = int(chance.integers(len(content)))
            chunks[which] = (name, content[:place] + chance.bytes(1) + content[place + 1 :])
    return PNG_MAGIC + b"".join(png_chunk(*chunk) for chunk in chunks)


def _chunk_edges(data: bytes, kind: str) -> list[int]:
    walk = {
        "PNG": partial(_walk, start=8, form=">I", length_at=0, extra=12),
        "WebP": partial(_walk, start=12, form="<I", length_at=4, extra=8),
    }
    if kind in walk:
        return walk[kind](data)
    return [place for place in range(2, len(data) - 1) if kind == "JPEG" and data[place] == 0xFF and data[place + 1] >= 0xC0]


def _walk(data: bytes, start: int, form: str, length_at: int, extra: int) -> list[int]:
    edges = [start]
    while edges[-1] + 8 <= len(data):
        (length,) = struct.unpack_from(form, data, edges[-1] + length_at)
        edges.append(edges[-1] + extra + length)
    return [edge for edge in edges if edge <= len(data)]


def _tiff_entries(data: bytes) -> list[int]:
    order = "<" if data[:2] == b"II" else ">"
    big = 43 in data[2:4]
    (directory,) = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)
    (count,) = struct.unpack_from(order + ("Q" if big else "H"), data, directory)
    return [directory + (8 if big else 2) + (20 if big else 12) * number for number in range(count)]


def _claim_in_tiff(damaged: bytearray, sides: list[int]) -> None:
    order, value_at = "<" if damaged[:2] == b"II" else ">", 12 if 43 in damaged[2:4] else 8
    for entry in _tiff_entries(bytes(damaged)):
        (tag,) = struct.unpack_from(f"{order}H", damaged, entry)
        if tag in (256, 257):
            struct.pack_into(f"{order}H", damaged, entry + 2, 4)
            struct.pack_into(f"{order}I", damaged, entry + value_at, sides[tag - 256])
