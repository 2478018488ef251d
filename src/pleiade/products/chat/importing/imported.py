"""A chat as it came out of an export: a tree in an order in which each message follows its parent."""

import hashlib
import heapq
from collections.abc import Iterable

import msgspec

from pleiade.products.chat.documents.bounds import MESSAGE_CHARACTERS, MESSAGES, UnreadableError

_LATEST = 4_102_444_800  # seconds: the year 2100; a later time is no time


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """One message, by the names that its export uses."""

    key: str
    parent: str  # "" = it opens the chat
    role: str
    content: str
    created: float = 0.0  # Unix seconds; 0 = not told
    model: str = ""


class ImportedChat(msgspec.Struct, frozen=True, kw_only=True):
    """One chat; `source` is the same at each import of it."""

    source: str
    title: str
    created: float = 0.0
    updated: float = 0.0
    archived: bool = False
    pinned: bool = False
    folder: str = ""  # its name
    pieces: list[Piece]
    current: str = ""  # key of the last message that was shown; "" = the newest


class Skipped(msgspec.Struct, frozen=True):
    """A chat that is not imported."""

    title: str
    reason: str


class Imported(msgspec.Struct, frozen=True):
    """All that was found in an export."""

    chats: list[ImportedChat]
    skipped: list[Skipped]


def in_order(pieces: Iterable[Piece]) -> list[Piece]:
    """The pieces as they grew: oldest first, each after its parent. What hangs on nothing, or on itself, is left out.

    Raises UnreadableError where a chat is larger than chats are.
    """
    known = {piece.key: piece for piece in pieces}
    below: dict[str, list[Piece]] = {}
    for piece in known.values():
        if len(piece.content) > MESSAGE_CHARACTERS:
            raise UnreadableError(f"one of its messages is longer than {MESSAGE_CHARACTERS:,} characters")
        below.setdefault(piece.parent if piece.parent in known else "", []).append(piece)
    if len(known) > MESSAGES:
        raise UnreadableError(f"it has more than {MESSAGES:,} messages")
    told = {key: number for number, key in enumerate(known)}  # what decides among equals
    order: list[Piece] = []
    waiting: list[tuple[float, int, Piece]] = []
    opened = below.get("", [])
    while True:
        for piece in opened:
            heapq.heappush(waiting, (piece.created, told[piece.key], piece))
        if not waiting:
            return order
        _, _, piece = heapq.heappop(waiting)
        order.append(msgspec.structs.replace(piece, parent=piece.parent if piece.parent in known else ""))
        opened = below.get(piece.key, [])


def source_of(program: str, identifier: object, pieces: Iterable[Piece]) -> str:
    """The name of a chat in the program that it comes from; where it has none, one made of what it says."""
    if isinstance(identifier, str) and 0 < len(identifier) <= 100 and "\0" not in identifier:
        return f"{program}:{identifier}"
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(f"{piece.role}\n{piece.content}\n".encode("utf-8", "replace"))
    return f"{program}:sha256:{digest.hexdigest()}"


def moment(value: object) -> float:
    """Unix seconds out of what programs write: seconds, or milliseconds; 0.0 for what is no time."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < _LATEST * 1000:
        return 0.0
    return value / 1000 if value > _LATEST else float(value)


def line(value: object, length: int = 200) -> str:
    """A title or a name: one line, of a string only."""
    return " ".join(value.split())[:length].replace("\0", "") if isinstance(value, str) else ""


def key_of(value: object) -> str:
    """A reference to a message or a folder; "" for null and for what is none."""
    return value if isinstance(value, str) else ""


def text(value: object) -> str:
    """What a message says, as databases keep it."""
    return value.replace("\0", "\ufffd") if isinstance(value, str) else ""
