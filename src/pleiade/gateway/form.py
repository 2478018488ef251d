"""Multipart forms, as the routes of pictures take them: read into parts, changed in single fields, written again."""

from collections.abc import Mapping

import msgspec
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from pleiade.gateway.call import Body
from pleiade.gateway.errors import ApiError, bad_request

MOST_PARTS = 128  # 16 pictures, their masks and every field there is, several times over
_LONGEST_FIELD = 256 * 1024  # bytes of a part that is a text: 32,000 characters of a prompt, four bytes each, doubled
_NUMBERS = frozenset({"n", "partial_images", "output_compression"})  # what the gateway reads as a number
_BOOLEANS = frozenset({"stream", "store"})
_TRUTHS = {"true": b"true", "false": b"false"}


class Part(msgspec.Struct, frozen=True):
    """One part of a form."""

    head: bytes  # its header lines as they came
    name: str
    file: bool  # it has a file's name
    data: bytes


class Form(msgspec.Struct, frozen=True):
    """A whole form. `raw` are the bytes that say it."""

    content_type: bytes
    boundary: bytes
    parts: tuple[Part, ...]
    raw: bytes

    def changed(self, fields: Mapping[str, str | None]) -> "Form":
        """The same form with those text fields set, or left out (None); files stay as they are."""
        kept = [part for part in self.parts if part.file or part.name not in fields]
        return self.with_parts([*kept, *(_text(name, value) for name, value in fields.items() if value is not None)])

    def with_parts(self, parts: "list[Part]") -> "Form":
        """A form of these parts, under the same boundary."""
        pieces = []
        for part in parts:
            pieces += [b"--", self.boundary, b"\r\n", part.head, b"\r\n\r\n", part.data, b"\r\n"]
        raw = b"".join([*pieces, b"--", self.boundary, b"--\r\n"])
        return msgspec.structs.replace(self, parts=tuple(parts), raw=raw)

    @property
    def fields(self) -> Body:
        """Its texts by name, as the JSON that the same request would have as an object: numbers and truths are such."""
        texts = [part for part in self.parts if not part.file and len(part.data) <= _LONGEST_FIELD]
        return {part.name: value for part in texts if (value := _json(part)) is not None}


def is_form(content_type: bytes) -> bool:
    """Whether a request with that content type is a form."""
    return content_type.lower().startswith(b"multipart/form-data")


def parse_form(raw: bytes, content_type: bytes) -> Form:
    """The form that `raw` is. Raises ApiError 400 for anything else (RFC 7578)."""
    boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
    if not boundary:
        raise _malformed("its content-type names no boundary")
    reading = _Reading()
    try:
        parser = MultipartParser(boundary, reading.callbacks)  # type: ignore[arg-type]  # plain functions, as it takes
        parser.write(raw)
        parser.finalize()
    except FormParserError as error:
        raise _malformed(str(error)) from error
    if not reading.complete:
        raise _malformed("it ends before its last boundary")
    return Form(content_type, boundary, tuple(reading.parts), raw)


class _Reading:
    """What the parser has told so far."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.complete = False
        self._headers: list[tuple[bytes, bytes]] = []
        self._field = self._value = b""
        self._data: list[bytes] = []
        self.callbacks = {
            "on_part_begin": self._begin,
            "on_header_field": self._more_field,
            "on_header_value": self._more_value,
            "on_header_end": self._header,
            "on_part_data": self._more_data,
            "on_part_end": self._end,
            "on_end": self._finish,
        }

    def _begin(self) -> None:
        if len(self.parts) >= MOST_PARTS:
            raise _malformed(f"it has more than {MOST_PARTS} parts")
        self._headers, self._data = [], []

    def _more_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _more_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header(self) -> None:
        self._headers.append((self._field, self._value))
        self._field = self._value = b""

    def _more_data(self, data: bytes, start: int, end: int) -> None:
        self._data.append(data[start:end])

    def _end(self) -> None:
        named = {field.lower(): value for field, value in self._headers}.get(b"content-disposition", b"")
        options = parse_options_header(named)[1]
        if b"name" not in options:
            raise _malformed("one of its parts has no name")
        head = b"\r\n".join(field + b": " + value for field, value in self._headers)
        name = options[b"name"].decode("utf-8", "replace")
        self.parts.append(Part(head, name, b"filename" in options, b"".join(self._data)))

    def _finish(self) -> None:
        self.complete = True


def _text(name: str, value: str) -> Part:
    return Part(f'content-disposition: form-data; name="{name}"'.encode(), name, False, value.encode())


def _json(part: Part) -> msgspec.Raw | None:
    try:
        text = part.data.decode()
    except UnicodeDecodeError:
        return None  # a file without a name, which is the engine's to judge
    if part.name in _BOOLEANS and text.lower() in _TRUTHS:
        return msgspec.Raw(_TRUTHS[text.lower()])
    if part.name in _NUMBERS and text.isascii() and text.isdecimal() and len(text) < 16:
        return msgspec.Raw(str(int(text)).encode())
    return msgspec.Raw(msgspec.json.encode(text))


def _malformed(detail: str) -> ApiError:
    return bad_request(
        f"We could not parse the form in the body of your request: {detail}. Send multipart/form-data, as the official "
        "clients do."
    )
