"""A multipart form as text fields and files: what browsers, curl and OpenAI's clients send with pictures (RFC 7578)."""

from collections.abc import Iterator

import msgspec
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from pleiade.engines.wire.errors import ApiError, invalid

MAX_PARTS = 64
MAX_TEXT = 1 << 20  # bytes of one text field: 32,000 characters are 128,000 bytes at most


class Part(msgspec.Struct, frozen=True):
    """One part of a form: a text field or a file. Only its name says which, for clients type both as they like."""

    name: str
    data: bytes

    def text(self) -> str:
        """A text field's value. Raises ApiError 400 where it is longer than 1 MiB or not UTF-8."""
        if len(self.data) > MAX_TEXT:
            raise invalid(
                f"Invalid '{self.name}': a field may have {MAX_TEXT} bytes, but this one has {len(self.data)}.",
                self.name,
                "string_above_max_length",
            )
        try:
            return self.data.decode()
        except UnicodeDecodeError:
            raise invalid(f"Invalid '{self.name}': the text is not UTF-8.", self.name, "invalid_encoding") from None


class _Collector:
    """Gathers the parts of one body from the parser's callbacks."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.complete = False
        self._headers: dict[bytes, bytes] = {}
        self._name = b""
        self._value = b""
        self._data: list[bytes] = []

    def on_part_begin(self) -> None:
        if len(self.parts) == MAX_PARTS:
            raise invalid(f"The form has more than {MAX_PARTS} parts.", None, "invalid_form")
        self._headers, self._data = {}, []

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def on_header_end(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name = self._value = b""

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._data.append(data[start:end])

    def on_part_end(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition"))
        name = options.get(b"name", b"").decode("utf-8", "replace")
        if not name:
            raise invalid("A part of the form has no name. Give each a 'name'.", None, "invalid_form")
        self.parts.append(Part(name, b"".join(self._data)))

    def on_end(self) -> None:
        self.complete = True


def read_form(body: bytes, content_type: str) -> Iterator[Part]:
    """The parts of a `multipart/form-data` body in their order; empty ones, as blank form fields send them, included.

    Raises ApiError 400 for a type without boundary, a broken or cut body, or more than 64 parts.
    """
    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if not boundary:
        raise invalid(
            "The Content-Type has no boundary. Let your HTTP client write the Content-Type of a form itself.",
            None,
            "invalid_form",
        )
    found = _Collector()
    callbacks = {name: getattr(found, name) for name in dir(found) if name.startswith("on_")}
    try:
        parser = MultipartParser(boundary, callbacks)  # type: ignore[arg-type]
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise broken(str(error)) from error
    if not found.complete:
        raise broken("it ends before its last boundary")
    return iter(found.parts)


def broken(reason: str) -> ApiError:
    """400 for a body that is no form."""
    return invalid(f"We could not parse the form in the body of your request: {reason}.", None, "invalid_form")
