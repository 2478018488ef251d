"""Texts in a PNG file: chunks put in and read out, with not a byte of the picture touched (PNG 3rd edition §11.3.3)."""

import struct
import zlib
from collections.abc import Iterator, Mapping

MAGIC = b"\x89PNG\r\n\x1a\n"
HEADER_END = len(MAGIC) + 25  # IHDR is the first chunk and always has 13 bytes


def add_texts(png: bytes, texts: Mapping[str, str]) -> bytes:
    """The same file with `texts` by keyword (Latin letters, up to 79) right after its header."""
    return png[:HEADER_END] + b"".join(_text(key, text) for key, text in texts.items()) + png[HEADER_END:]


def read_texts(png: bytes) -> dict[str, str]:
    """The uncompressed texts of a PNG by keyword; those that cannot be read are left out."""
    texts = {}
    for kind, body, _ in _chunks(png):
        key, _, rest = body.partition(b"\0")
        if kind == b"tEXt":
            texts[key.decode("latin-1")] = rest.decode("latin-1")
        elif kind == b"iTXt" and rest[:1] == b"\0":  # not compressed
            texts[key.decode("latin-1")] = rest[2:].split(b"\0", 2)[-1].decode("utf-8", "replace")
    return texts


def is_whole(png: bytes) -> bool:
    """Whether every chunk has the checksum that it tells, up to the last one and no byte more."""
    kind, place = b"", len(MAGIC)
    for kind, body, checksum in _chunks(png):
        place += 12 + len(body)
        if zlib.crc32(kind + body) != checksum:
            return False
    return kind == b"IEND" and place == len(png)


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes, int]]:
    """Kind, body and told checksum of each chunk, as far as the file goes."""
    place = len(MAGIC)
    while place + 12 <= len(png):
        length, kind = struct.unpack_from(">I4s", png, place)
        end = place + 8 + length
        if end + 4 > len(png):
            return
        yield kind, png[place + 8 : end], struct.unpack_from(">I", png, end)[0]
        place = end + 4


def _text(key: str, text: str) -> bytes:
    """A chunk tEXt where Latin-1 can say it, else iTXt."""
    text = text.replace("\0", "")
    try:
        kind, body = b"tEXt", key.encode("latin-1") + b"\0" + text.encode("latin-1")
    except UnicodeEncodeError:
        kind, body = b"iTXt", key.encode("latin-1") + b"\0\0\0\0\0" + text.encode("utf-8", "replace")
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
