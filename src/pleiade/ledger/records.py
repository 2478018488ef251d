"""What stands in a journal: openings, reservations, marks and entries, as bytes and back.

An entry's hash is SHA-256 over the hash before it and the entry's own bytes, so that a writer's entries are a chain.
"""

import hashlib
from typing import NamedTuple

import msgspec

from pleiade.domain import Usage
from pleiade.domain.books import Entry, Reservation
from pleiade.ledger.errors import LedgerError

FORM = 1  # of Entry's array: what `entry_bytes` gives. It rises when fields are added
NO_HASH = bytes(32)  # before a chain's first entry

_OPENING, _RESERVED, _MARKED, _ENTERED = b"\x00", b"\x01", b"\x02", b"\x03"


class Opening(msgspec.Struct, frozen=True, array_like=True):
    """The first record of each segment: whose it is, and where its chain stands."""

    form: int
    writer: str
    number: int  # 1, 2, … of its writer's segments
    pid: int
    time_ms: int
    sequence: int  # of the last entry before this segment
    head: bytes  # that entry's hash


class Reserved(msgspec.Struct, frozen=True, array_like=True):
    """A call is about to be made."""

    time_ms: int
    reservation: Reservation


class Marked(msgspec.Struct, frozen=True, array_like=True):
    """What a running call has used by now."""

    time_ms: int
    call: str
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    reasoning_tokens: int
    images: int
    audio: int
    cost: int  # nano

    @property
    def usage(self) -> Usage:
        """What was counted by then."""
        return Usage(
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            cached_tokens=self.cached_tokens,
            reasoning_tokens=self.reasoning_tokens,
            images=self.images,
            audio=self.audio,
        )


class Entered(NamedTuple):
    """A settled call, with its link of the chain."""

    entry: Entry
    hash: bytes
    bytes: bytes  # that `hash` was computed over


Record = Opening | Reserved | Marked | Entered

_encoder = msgspec.msgpack.Encoder()
_opening = msgspec.msgpack.Decoder(Opening)
_reserved = msgspec.msgpack.Decoder(Reserved)
_marked = msgspec.msgpack.Decoder(Marked)
_entry = msgspec.msgpack.Decoder(Entry)


def entry_bytes(entry: Entry) -> bytes:
    """The bytes of an entry that its hash runs over: MessagePack of its fields in order."""
    return _encoder.encode(entry)


def chained(before: bytes, content: bytes) -> bytes:
    """The hash of a chain's next link: SHA-256 of the hash before it and the link's content (32 bytes)."""
    return hashlib.sha256(before + content).digest()


def encode_opening(opening: Opening) -> bytes:
    """The record as a frame's payload."""
    return _OPENING + _encoder.encode(opening)


def encode_reserved(reserved: Reserved) -> bytes:
    """The record as a frame's payload. Raises UnicodeEncodeError for text that is no Unicode."""
    return _RESERVED + _encoder.encode(reserved)


def encode_marked(marked: Marked) -> bytes:
    """The record as a frame's payload."""
    return _MARKED + _encoder.encode(marked)


def encode_entered(link: bytes, content: bytes) -> bytes:
    """An entry's bytes and its hash as a frame's payload."""
    return _ENTERED + link + content


def decode(payload: bytes) -> Record:
    """The record in a frame's payload. Raises LedgerError if it is none of ours."""
    kind, content = payload[:1], payload[1:]
    try:
        if kind == _ENTERED:
            content = payload[33:]
            return Entered(_entry.decode(content), payload[1:33], content)
        if kind == _RESERVED:
            return _reserved.decode(content)
        if kind == _MARKED:
            return _marked.decode(content)
        if kind == _OPENING:
            opening = _opening.decode(content)
            if opening.form <= FORM:  # entries of a later form have fields that would be lost here
                return opening
    except msgspec.MsgspecError as error:
        raise LedgerError(f"a record cannot be read ({error}): upgrade Pleiade, a newer one wrote it") from error
    raise LedgerError(f"a record of kind {kind.hex()}: upgrade Pleiade, a newer one wrote it")
