"""JSON lines, one at a time in constant memory; whatever is wrong is told with the number of its line.

A byte order mark at the beginning, Windows' line ends and empty lines are passed over: editors put them there.
"""

from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from pleiade.files.errors import InvalidError
from pleiade.files.nouns import MB

LONGEST_LINE = 16 * MB  # with pictures in it; the gateway takes a request of this size, and no reader needs more memory
PIECE = MB
_BOM = b"\xef\xbb\xbf"
_objects = msgspec.json.Decoder(dict[str, msgspec.Raw])
_anything = msgspec.json.Decoder()


class LineReader:
    """Feed it bytes as they come; it gives whole lines, with their numbers."""

    def __init__(self) -> None:
        self._rest: list[bytes] = []
        self._waiting = 0  # bytes of an unfinished line
        self.number = 0  # of the last line that was given, or passed over

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """The lines that `data` completes. Raises InvalidError for one that is too long."""
        start = 0
        while (end := data.find(b"\n", start)) >= 0:
            yield from self._line(data[start:end])
            start = end + 1
        self._rest.append(data[start:])
        self._waiting += len(data) - start
        self._check(self._waiting)

    def close(self) -> Iterator[tuple[int, bytes]]:
        """The last line, where no line end follows it."""
        yield from self._line(b"")

    def _line(self, end: bytes) -> Iterator[tuple[int, bytes]]:
        self._check(self._waiting + len(end))
        line = b"".join([*self._rest, end])
        self._rest, self._waiting = [], 0
        self.number += 1
        if self.number == 1:
            line = line.removeprefix(_BOM)
        line = line.strip(b" \t\r")
        if line:
            yield self.number, line

    def _check(self, size: int) -> None:
        if size > LONGEST_LINE:
            raise wrong_line(
                self.number + 1, f"is longer than {LONGEST_LINE // MB} MB: cut it up, or send pictures by URL"
            )


def lines(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Numbers and bytes of the lines of a file. Raises InvalidError, and what reading raises."""
    reader = LineReader()
    while data := stream.read(PIECE):
        yield from reader.feed(data)
    yield from reader.close()


def parse_line(number: int, line: bytes) -> dict[str, msgspec.Raw]:
    """The fields of a line. Raises InvalidError where it is no JSON object in good Unicode."""
    try:
        str(line, "utf-8")
    except UnicodeDecodeError as error:
        raise wrong_line(
            number, f"is not UTF-8 (byte {error.start + 1}): save the file as UTF-8 and send it again"
        ) from error
    try:
        _anything.decode(line)  # to the bottom: half a surrogate in a string must not wait for the engine
        return _objects.decode(line)
    except msgspec.ValidationError as error:
        raise wrong_line(number, "is not a JSON object: write {…} on each line") from error
    except msgspec.DecodeError as error:
        raise wrong_line(number, f"is not valid JSON: {error}") from error
    except RecursionError as error:
        raise wrong_line(number, "is nested too deeply") from error


class JsonlCheck:
    """Checks a file while it arrives: every line is a JSON object, and there is at least one."""

    def __init__(self) -> None:
        self._reader = LineReader()
        self._found = 0

    def feed(self, data: bytes) -> None:
        """More of the file. Raises InvalidError."""
        for number, line in self._reader.feed(data):
            parse_line(number, line)
            self._found += 1

    def close(self) -> None:
        """The file is complete. Raises InvalidError."""
        for number, line in self._reader.close():
            parse_line(number, line)
            self._found += 1
        if not self._found:
            raise InvalidError("The file is empty: write one JSON object a line.", param="file", code="empty_file")


def wrong_line(number: int, problem: str, code: str = "invalid_jsonl") -> InvalidError:
    """About one line of a file."""
    return InvalidError(f"Line {number} {problem}.", param="file", code=code, line=number)
