"""What frames the choices of an answer, whole or streamed: id, kind, time, model, and the count at its end."""

import time
import uuid
from collections.abc import Sequence
from typing import Any

import msgspec

from pleiade.engines.wire.requests import GenerationFields
from pleiade.engines.wire.sse import StreamEncoder, UsageCounter


class Kind(msgspec.Struct, frozen=True):
    """What an answer is called: the beginning of its id, its `object` whole, and in chunks."""

    prefix: str
    whole: str
    chunk: str


CHAT = Kind("chatcmpl", "chat.completion", "chat.completion.chunk")
COMPLETION = Kind("cmpl", "text_completion", "text_completion")


class Frame:
    """One answer's frame, made when its request has been understood."""

    def __init__(self, kind: Kind, *, model: str, fingerprint: str, usage: UsageCounter) -> None:
        """`usage` goes on counting while the answer is made."""
        self._kind = kind
        self._id = f"{kind.prefix}-{uuid.uuid4().hex}"
        self._created = int(time.time())
        self._model = model
        self._fingerprint = fingerprint
        self._usage = usage

    def encoder(self, request: GenerationFields) -> StreamEncoder:
        """Makes the chunks of the stream that `request` asks for."""
        options = request.stream_options
        return StreamEncoder(
            id=self._id,
            object=self._kind.chunk,
            created=self._created,
            model=self._model,
            fingerprint=self._fingerprint,
            usage=self._usage,
            include_usage=bool(options and options.include_usage),
            continuous_usage=bool(options and options.continuous_usage_stats),
        )

    def whole(self, choices: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """The whole answer; `usage` is its last key."""
        return {
            "id": self._id,
            "object": self._kind.whole,
            "created": self._created,
            "model": self._model,
            "system_fingerprint": self._fingerprint,
            "choices": list(choices),
            "usage": self._usage.as_object(),
        }
