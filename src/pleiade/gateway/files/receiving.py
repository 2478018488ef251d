"""A form with a file of any size: its texts are read, its file goes to where it shall be, piece by piece."""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from pleiade.gateway.body import ClientGoneError
from pleiade.gateway.call import Call
from pleiade.gateway.errors import ApiError, bad_request
from pleiade.gateway.form import is_form

PIECE = 1024 * 1024  # bytes that are written at once
_LONGEST_TEXT = 4096
_MOST_TEXTS = 32
_UNEXPECTED = "Send multipart/form-data, as the official clients do."


class Sink(Protocol):
    """Where a file goes. Methods block."""

    def write(self, data: bytes) -> None:
        """More of it."""
        ...

    def discard(self) -> None:
        """Nothing of it stays."""
        ...


OpenSink = Callable[[str, dict[str, str]], Sink]  # of the file's name, and the texts that came before it


class Received:
    """What a form held: texts by name, and the file's name where one came."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.filename: str | None = None
        self.sink: Sink | None = None


async def receive(call: Call, field: str, open_sink: OpenSink) -> Received:
    """Read the form of `call`, whose file is the part `field`. Raises ApiError, ClientGoneError, what the sink does.

    The call may take as long as bytes keep coming; whatever goes wrong, the sink is told to discard.
    """
    content_type = call.headers.get(b"content-type", b"")
    boundary = parse_options_header(content_type)[1].get(b"boundary", b"") if is_form(content_type) else b""
    if not boundary:
        raise bad_request(f"We could not find a form in the body of your request. {_UNEXPECTED}", param=field)
    reading = _Reading(field)
    parser = MultipartParser(boundary, reading.callbacks)  # type: ignore[arg-type]  # plain functions, as it takes
    patience_s = call.deadline - call.started_at
    try:
        more = True
        while more:
            message = await call.receive()
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            more = message.get("more_body", False)
            parser.write(message.get("body", b""))
            call.deadline = time.perf_counter() + patience_s
            if reading.waiting_bytes >= PIECE or not more:
                await _pass_on(reading, open_sink)
        parser.finalize()
        if not reading.complete:
            raise _malformed("it ends before its last boundary")
    except FormParserError as error:
        await _discard(reading)
        raise _malformed(str(error)) from error
    except BaseException:
        await _discard(reading)
        raise
    call.body_read = True
    return reading.found


async def _pass_on(reading: "_Reading", open_sink: OpenSink) -> None:
    found = reading.found
    if found.filename is None:
        return
    if found.sink is None:
        found.sink = await asyncio.to_thread(open_sink, found.filename, dict(found.texts))
    data = reading.take()
    if data:
        await asyncio.to_thread(found.sink.write, data)


async def _discard(reading: "_Reading") -> None:
    sink = reading.found.sink
    if sink is not None:
        await asyncio.shield(asyncio.to_thread(sink.discard))


class _Reading:
    """What the parser has told so far."""

    def __init__(self, field: str) -> None:
        self.found = Received()
        self.complete = False
        self.waiting_bytes = 0
        self._wanted = field
        self._waiting: list[bytes] = []
        self._headers: list[tuple[bytes, bytes]] = []
        self._field = self._value = b""
        self._name: str | None = None  # of the text that is being read; None: the file, or a file nobody wants
        self._text: list[bytes] = []
        self._in_file = False
        self.callbacks = {
            "on_part_begin": self._begin,
            "on_header_field": self._more_field,
            "on_header_value": self._more_value,
            "on_header_end": self._header,
            "on_headers_finished": self._headers_finished,
            "on_part_data": self._data,
            "on_part_end": self._end,
            "on_end": self._finish,
        }

    def take(self) -> bytes:
        """The file's bytes since the last time."""
        data, self._waiting, self.waiting_bytes = b"".join(self._waiting), [], 0
        return data

    def _begin(self) -> None:
        self._headers, self._text, self._name, self._in_file = [], [], None, False

    def _more_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _more_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header(self) -> None:
        self._headers.append((self._field, self._value))
        self._field = self._value = b""

    def _headers_finished(self) -> None:
        named = {field.lower(): value for field, value in self._headers}.get(b"content-disposition", b"")
        options = parse_options_header(named)[1]
        name = options.get(b"name", b"").decode("utf-8", "replace")
        if name == self._wanted:
            if self.found.filename is not None:
                raise _malformed(f"it has more than one '{name}'")
            self._in_file = True
            self.found.filename = options.get(b"filename", b"upload").decode("utf-8", "replace")
        elif b"filename" not in options:
            if len(self.found.texts) >= _MOST_TEXTS:
                raise _malformed(f"it has more than {_MOST_TEXTS} fields")
            self._name = name

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._in_file:
            self._waiting.append(data[start:end])
            self.waiting_bytes += end - start
        elif self._name is not None:
            self._text.append(data[start:end])
            if sum(map(len, self._text)) > _LONGEST_TEXT:
                raise _malformed(f"its field '{self._name[:40]}' is longer than {_LONGEST_TEXT} bytes")

    def _end(self) -> None:
        if self._name is not None:
            self.found.texts[self._name] = b"".join(self._text).decode("utf-8", "replace")

    def _finish(self) -> None:
        self.complete = True


def _malformed(detail: str) -> ApiError:
    return bad_request(f"We could not parse the form in the body of your request: {detail}. {_UNEXPECTED}")
