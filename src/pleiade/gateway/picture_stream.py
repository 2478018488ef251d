"""What happens to an engine's stream of pictures on its way out: as `streaming.py`, a pure function of its bytes.

`event:` and `data:` lines, a partial picture or a complete one an event, no [DONE] (OpenAI's image streaming).
"""

import msgspec

from pleiade.domain import Usage
from pleiade.gateway.metering import MARK_TOKENS

_MAX_EVENT = 256 * 1024 * 1024  # bytes; an upstream that never ends its event is broken


class _Event(msgspec.Struct):
    type: str = ""
    error: msgspec.Raw = msgspec.Raw()


class _Pictures(msgspec.Struct):
    data: list[msgspec.Raw] | None = None


_event_decoder = msgspec.json.Decoder(_Event)
_pictures_decoder = msgspec.json.Decoder(_Pictures)


def pictures_in(body: bytes) -> int:
    """How many pictures a whole answer holds. Raises msgspec.DecodeError for what is no answer of pictures."""
    return len(_pictures_decoder.decode(body).data or ())


def is_complete(kind: str) -> bool:
    """Whether an event of that type carries a finished picture: `image_edit.completed`, say."""
    return kind.endswith(".completed")


class PictureEvents:
    """Takes an engine's bytes, cut anywhere, gives whole events, counts the pictures that are finished."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._searched = 0  # bytes of the rest that hold no end of an event
        self.pictures = 0
        self.broken = ""  # why the rest of the stream cannot be passed on
        self.failure = b""  # JSON of the upstream's own error event, which is not passed on as it is

    @property
    def usage(self) -> Usage:
        """The pictures so far: what is not finished is not sold."""
        return Usage(images=self.pictures)

    @property
    def completion_tokens(self) -> int:
        """A picture stands for as many tokens as make a mark in the ledger, so that each is marked as it comes."""
        return self.pictures * MARK_TOKENS

    @property
    def complete(self) -> bool:
        """The stream ended as a stream must: with a picture."""
        return self.pictures > 0

    def feed(self, data: bytes) -> bytes:
        """What to send on for `data`; look at `broken` and `failure` after."""
        self._rest += data.replace(b"\r", b"")
        out = []
        while (end := self._rest.find(b"\n\n", self._searched)) >= 0:
            out.append(self._event(bytes(self._rest[:end])))
            del self._rest[: end + 2]
            self._searched = 0
        self._searched = max(0, len(self._rest) - 1)
        if len(self._rest) > _MAX_EVENT:
            self.broken = "an event of its stream has no end"
        return b"".join(out)

    def close(self) -> bytes:
        """What is left at the stream's end: an event whose blank line never came is an event all the same."""
        rest, self._rest = bytes(self._rest).strip(b"\n"), bytearray()
        return self._event(rest) if rest else b""

    def _event(self, event: bytes) -> bytes:
        data = b"\n".join(line[5:].strip() for line in event.split(b"\n") if line.startswith(b"data:"))
        if self.broken or self.failure or not data or data.startswith(b"[DONE]"):
            return b""
        try:
            told = _event_decoder.decode(data)
        except (msgspec.DecodeError, RecursionError):
            self.broken = "an event of its stream is not a JSON object"
            return b""
        if bytes(told.error) not in (b"", b"null"):
            self.failure = data
            return b""
        if not told.type.isprintable():
            self.broken = "an event of its stream has a type that is none"
            return b""
        self.pictures += is_complete(told.type)
        return b"event: " + told.type.encode() + b"\ndata: " + data + b"\n\n"
