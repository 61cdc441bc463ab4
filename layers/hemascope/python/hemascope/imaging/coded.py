"""The coded pictures inside WebP and HEIC files, whose decoders fill in what is lost and say nothing.

Coded samples are as good as random: a run of one value among them was lost or never written. (A lossy WebP picture with
black bars has runs of some hundred bytes, so only longer ones count there.) What was overwritten by other data doesn't show;
of all formats that are accepted, only these two and uncompressed ones can't show it.

Sources: WebP container specification (Google), ISO/IEC 14496-12 (boxes).
"""

from collections.abc import Iterable, Iterator

HEIC_RUN, WEBP_RUN = 512, 2048  # bytes


def has_run(coded: Iterable[bytes], length: int) -> bool:
    """Whether a coded picture holds that many zeros or ones in a row."""
    return any(lost in part for part in coded for lost in (bytes(length), b"\xff" * length))


def webp_pictures(data: bytes) -> Iterator[bytes]:
    """The coded pictures of a WebP file, lossy and lossless."""
    position = 12
    while position + 8 <= len(data):
        size = int.from_bytes(data[position + 4 : position + 8], "little")
        if data[position : position + 4] in (b"VP8 ", b"VP8L"):
            yield data[position + 8 : position + 8 + size]
        position += 8 + size + size % 2


def heic_pictures(data: bytes) -> Iterator[bytes]:
    """The media data of a HEIC file."""
    position = 0
    while position + 8 <= len(data):
        size = int.from_bytes(data[position : position + 4], "big")
        if size == 1:  # its size has 8 bytes
            size = int.from_bytes(data[position + 8 : position + 16], "big")
        if size < 8:  # up to the end
            size = len(data) - position
        if data[position + 4 : position + 8] == b"mdat":
            yield data[position + 8 : position + size]
        position += size
