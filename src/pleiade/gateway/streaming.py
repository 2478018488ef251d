"""What happens to an engine's event stream on its way out, as a pure function of its bytes: no I/O in here.

An engine sends cumulative `usage` on every chunk, so that a cut stream can be settled; a client that did not
ask for it must not see it. The field is the last key of a chunk, so it is cut out of the bytes without
parsing the chunk. Streams that are framed or spelled differently (CRLF, comments, `event:` lines, spaces in
the JSON) take a slower path.
"""

from typing import Any

import msgspec

from pleiade.domain import Usage
from pleiade.gateway.choice_usage import ChoiceUsage

_USAGE_KEY = b',"usage":'
_GOES_ON = b'"finish_reason":null}]'
_DONE = b"data: [DONE]"
_MAX_EVENT = 64 * 1024 * 1024  # bytes; an upstream that never ends its event is broken


class _PromptDetails(msgspec.Struct):
    cached_tokens: int | None = None


class _CompletionDetails(msgspec.Struct):
    reasoning_tokens: int | None = None


class _WireUsage(msgspec.Struct):
    """OpenAI's `usage` object, as far as we count it."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    images: int | None = None  # of our own workers: finished so far
    prompt_tokens_details: _PromptDetails | None = None
    completion_tokens_details: _CompletionDetails | None = None


class _Carrier(msgspec.Struct):
    """Any object that may carry usage."""

    usage: _WireUsage | None = None


_usage_decoder = msgspec.json.Decoder(_WireUsage)
_carrier_decoder = msgspec.json.Decoder(_Carrier)
_fields_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])
_NULL = msgspec.Raw(b"null")


def _usage(wire: _WireUsage) -> Usage:
    details, more = wire.prompt_tokens_details, wire.completion_tokens_details
    return Usage(
        prompt_tokens=wire.prompt_tokens or 0,
        completion_tokens=wire.completion_tokens or 0,
        cached_tokens=(details.cached_tokens or 0) if details else 0,
        reasoning_tokens=(more.reasoning_tokens or 0) if more else 0,
        images=wire.images or 0,
    )


def usage_of(raw: bytes | msgspec.Raw) -> Usage:
    """A `usage` object alone. Raises msgspec.DecodeError where it is none."""
    return _usage(_usage_decoder.decode(raw))


def last_usage(body: bytes) -> Usage | None:
    """The `usage` of a whole JSON answer, None where it has none. Looks at the end first: mostly there."""
    found = _trailing_usage(body)
    if found is not None:
        return _usage(found[1])
    try:
        wire = _carrier_decoder.decode(body).usage
    except (msgspec.DecodeError, RecursionError):
        return None
    return None if wire is None else _usage(wire)


def replace_model(body: bytes, model: str) -> bytes:
    """A whole JSON answer with its `model` replaced; anything else comes back as it is."""
    try:
        fields: dict[str, Any] = _fields_decoder.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return body
    if "model" not in fields:
        return body
    return msgspec.json.encode({**fields, "model": model})


def _trailing_usage(data: bytes) -> tuple[int, _WireUsage] | None:
    """Offset and value of `,"usage":{…}}` at the end of a JSON object.

    Those bytes cannot lie inside a JSON string, where quotes are escaped; that it is a key of the outermost
    object is proved by what follows: one complete object and the closing brace.
    """
    start = data.rfind(_USAGE_KEY)
    if start < 0 or not data.endswith(b"}}"):
        return None
    try:
        return start, _usage_decoder.decode(data[start + len(_USAGE_KEY) : -1])
    except msgspec.DecodeError:
        return None


class EventFilter:
    """Takes an engine's bytes, cut anywhere, gives what the client may see, remembers how it went.

    `usage_wanted`: the client asked for `stream_options.include_usage`. `continuous_wanted`: it also asked
    for usage on every chunk (vLLM's extension). `model`: if set, what replaces the `model` of every chunk.
    `choices`: if set, what sums the usage of an engine that counts each choice for itself.
    """

    def __init__(
        self,
        *,
        usage_wanted: bool,
        continuous_wanted: bool = False,
        model: str = "",
        choices: ChoiceUsage | None = None,
    ) -> None:
        self._usage_wanted = usage_wanted
        self._continuous_wanted = continuous_wanted
        self._model = msgspec.Raw(msgspec.json.encode(model)) if model else None
        self._choices = choices
        self._common = not model and not continuous_wanted and choices is None
        self._tail = b',"usage":null}\n\n' if usage_wanted else b"}\n\n"
        self._rest = b""
        self._latest: _WireUsage | None = None
        self.done = False  # [DONE] came
        self.finish_seen = False  # a finish_reason came
        self.broken = ""  # why the rest of the stream cannot be passed on
        self.failure = b""  # JSON of the upstream's own error event, which is not passed on as it is

    @property
    def usage(self) -> Usage | None:
        """Tokens so far, as the upstream last told."""
        if self._choices is not None:
            return self._choices.usage
        return None if self._latest is None else _usage(self._latest)

    @property
    def completion_tokens(self) -> int:
        """Those of the answer, as the upstream last told."""
        if self._choices is not None:
            return self._choices.completion_tokens
        return 0 if self._latest is None else self._latest.completion_tokens or 0

    @property
    def complete(self) -> bool:
        """The stream ended as a stream must: with a finish_reason and [DONE]."""
        return self.done and self.finish_seen

    def feed(self, data: bytes) -> bytes:
        """What to send on for `data`; look at `broken` and `failure` after."""
        if b"\r" in data:
            data = data.replace(b"\r", b"")  # JSON has no raw CR, so these only end lines
        if self._rest:
            data = self._rest + data
        end = data.rfind(b"\n\n")
        if end < 0:
            if len(data) > _MAX_EVENT:
                self.broken = "an event of its stream has no end"
                return b""
            self._rest = data
            return b""
        self._rest = data[end + 2 :]
        if data.find(b"\n\n") == end:  # one event, as a paced stream has it
            return self._event(data[:end])
        return b"".join([self._event(event) for event in data[:end].split(b"\n\n")])

    def close(self) -> bytes:
        """What is left at the stream's end: an event whose blank line never came is an event all the same."""
        rest, self._rest = self._rest, b""
        return self._event(rest.rstrip(b"\n")) if rest.strip() else b""

    def _event(self, event: bytes) -> bytes:
        if event.startswith(b"data: {") and event.endswith(b"}") and b"\n" not in event:
            return (self._common and self._common_chunk(event)) or self._chunk(event)
        if event == _DONE:
            return self._end()
        # Comments and `event:` lines are dropped: clients of 2023 crash on them (wire-contract §11.6).
        lines = [line[5:].strip() for line in event.split(b"\n") if line.startswith(b"data:")]
        data = b" ".join(lines)
        if not data:
            return b""
        if data.startswith(b"[DONE]"):
            return self._end()
        if not (data.startswith(b"{") and data.endswith(b"}")):
            self.broken = self.broken or "an event of its stream is not a JSON object"
            return b""
        return self._chunk(b"data: " + data)

    def _common_chunk(self, event: bytes) -> bytes:
        """One token as our own engines send it: a choice that goes on, then its usage. b"" for all else.

        Nothing here that the long way would not do; it is the same in half the time, for nearly every event.
        """
        start = event.rfind(_USAGE_KEY)
        if event[start - len(_GOES_ON) : start] != _GOES_ON or b'"finish_reason":"' in event:  # of another choice
            return b""
        if self.done or self.failure or self.broken:
            return b""
        try:
            self._latest = _usage_decoder.decode(event[start + len(_USAGE_KEY) : -1])
        except msgspec.DecodeError:
            return b""
        return event[:start] + self._tail

    def _end(self) -> bytes:
        self.done = True
        # Without a finish_reason it is no end: the caller sees that it is not complete, and an error follows.
        return _DONE + b"\n\n" if self.finish_seen else b""

    def _chunk(self, event: bytes) -> bytes:
        """One `data: {…}` line; the way of every token, so it is bytes until something is unusual."""
        if self.done or self.failure or self.broken:
            return b""
        if b'"finish_reason":"' in event or b'"finish_reason": "' in event:
            self.finish_seen = True
        if event.startswith(b'data: {"error":') and event[15:].lstrip()[:4] != b"null":
            self.failure = event[6:]
            return b""
        if self._choices is not None:
            self._choices.add(event[6:])
        if self._model is not None:
            return self._slow(event)
        found = _trailing_usage(event)
        if found is None:
            return self._slow(event) if b'"usage"' in event else event + b"\n\n"
        start, self._latest = found
        if self._continuous_wanted:
            return event + b"\n\n"
        if b'"choices":[],' in event or b'"choices":[]}' in event:
            return event + b"\n\n" if self._usage_wanted else b""
        if self._usage_wanted:
            return event[:start] + b',"usage":null}\n\n'
        return event[:start] + b"}\n\n"

    def _slow(self, event: bytes) -> bytes:
        """Parse, change, write again: for upstreams that spell their chunks differently."""
        try:
            fields: dict[str, Any] = _fields_decoder.decode(event[6:])
        except (msgspec.DecodeError, RecursionError):
            self.broken = "an event of its stream is not JSON"
            return b""
        changed = False
        if self._model is not None and "model" in fields:
            fields["model"] = self._model
            changed = True
        raw = fields.get("usage")
        if raw is not None:
            no_choices = bytes(fields.get("choices", b"")).strip() == b"[]"
            if bytes(raw) != b"null":
                try:
                    self._latest = _usage_decoder.decode(raw)
                except msgspec.DecodeError:
                    self.broken = "the usage of its stream is not an object of numbers"
                    return b""
                if no_choices and not self._usage_wanted and not self._continuous_wanted:
                    return b""
                if not no_choices and self._usage_wanted and not self._continuous_wanted:
                    fields["usage"] = _NULL
                    changed = True
            if not self._usage_wanted and not self._continuous_wanted:
                del fields["usage"]
                changed = True
        return b"data: " + msgspec.json.encode(fields) + b"\n\n" if changed else event + b"\n\n"
