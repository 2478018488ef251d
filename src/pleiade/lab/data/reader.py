"""One reader for every source: files of several formats, Hugging Face datasets, installed Python packages.

What is wrong with single documents is counted, never loaded whole: a line longer than the limit costs no more memory
than the limit. What is wrong with a source (a missing field, a broken line) is an error that says where.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from pleiade.lab.data.addresses import DataFile, find_files, open_bytes
from pleiade.lab.data.lines import MAX_LINE_BYTES, bounded_lines, json_line
from pleiade.lab.data.python_sources import find_packages, read_package

HF, PYTHON = "hf:", "python:"
TEXT_PIECE_BYTES = 1 << 20  # a plain text file longer than this becomes several documents, cut at a line's end


@dataclass(frozen=True)
class Document:
    """A text, where it comes from (a file and line, a module), and its licence where the source says one for each."""

    text: str
    origin: str
    licence: str = ""


def list_inputs(address: str, root: Path) -> list[DataFile]:
    """What a source consists of, in a fixed order: files, packages, or the data set itself.

    Raises FileNotFoundError or ValueError if there is nothing there, saying what was looked for.
    """
    if address.startswith(PYTHON):
        return find_packages(address.removeprefix(PYTHON))
    if address.startswith(HF):
        name = address.removeprefix(HF)
        local = root / name.partition("?")[0]
        return [DataFile(f"{HF}{root / name}" if local.exists() else address, 0, "")]
    return find_files(address, root)


class Reader:
    """Iterates the documents of one input once. `position` tells stored bytes read, `counts` what was mended or left.

    Counts: invalid_utf8 (bytes replaced by U+FFFD), long_line (left out), empty.
    """

    def __init__(self, file: DataFile, field: str, max_line_bytes: int = MAX_LINE_BYTES) -> None:
        self.file, self.field, self.max_line_bytes = file, field, max_line_bytes
        self.position = 0
        self.counts: Counter[str] = Counter()

    def __iter__(self) -> Iterator[Document]:
        for document in self._documents():
            if document.text.strip():
                yield document
            else:
                self.counts["empty"] += 1

    def _documents(self) -> Iterator[Document]:
        address = self.file.address
        if address.startswith(HF):
            yield from self._rows(_hf_rows(address.removeprefix(HF)), address)
        elif address.startswith(PYTHON):
            for module in read_package(address.removeprefix(PYTHON)):
                self.position += len(module.text)
                yield Document(module.text, module.name, module.licence)
        elif self.file.format == ".parquet":
            yield from self._parquet()
        else:
            with open_bytes(self.file) as (stored, plain):
                lines = self._lines(stored, plain)
                yield from self._json_lines(lines) if self.file.format == ".jsonl" else self._text(lines)

    def _lines(self, stored: IO[bytes], plain: IO[bytes]) -> Iterator[tuple[int, str]]:
        """(number, decoded line), without those longer than the limit."""
        for number, line in bounded_lines(plain, self.max_line_bytes):
            self.position = stored.tell()
            if line is None:
                self.counts["long_line"] += 1
                continue
            try:
                yield number, line.decode("utf-8")
            except UnicodeDecodeError:
                self.counts["invalid_utf8"] += 1
                yield number, line.decode("utf-8", "replace")

    def _json_lines(self, lines: Iterable[tuple[int, str]]) -> Iterator[Document]:
        for number, line in lines:
            if not line.strip():
                continue
            where = f"{self.file.address} line {number}"
            row = json_line(line, where)
            if not isinstance(row, dict):
                raise ValueError(f"{where} is not a JSON object")
            yield self._document(row, where)

    def _text(self, lines: Iterable[tuple[int, str]]) -> Iterator[Document]:
        """The file, or pieces of it that end where a line does."""
        piece: list[str] = []
        size, first = 0, 1
        for number, line in lines:
            piece.append(line)
            size += len(line)
            if size >= TEXT_PIECE_BYTES:
                yield Document("".join(piece), f"{self.file.address} line {first}")
                piece, size, first = [], 0, number + 1
        yield Document("".join(piece), f"{self.file.address} line {first}")

    def _parquet(self) -> Iterator[Document]:
        import pyarrow.parquet

        with open_bytes(self.file) as (stored, plain):
            table = pyarrow.parquet.ParquetFile(plain)
            names = table.schema_arrow.names
            if self.field not in names:
                raise ValueError(_no_field(self.file.address, self.field, names))
            row = 0
            for batch in table.iter_batches(batch_size=256, columns=[self.field]):
                self.position = stored.tell()
                for value in batch.column(0).to_pylist():
                    row += 1
                    yield self._document({self.field: value}, f"{self.file.address} row {row}")

    def _rows(self, rows: Iterable[dict[str, Any]], address: str) -> Iterator[Document]:
        for number, row in enumerate(rows, start=1):
            yield self._document(row, f"{address} row {number}")

    def _document(self, row: dict[str, Any], where: str) -> Document:
        text = row.get(self.field)
        if text is None and self.field in row:
            return Document("", where)
        if not isinstance(text, str):
            raise ValueError(
                _no_field(where, self.field, [key for key, value in row.items() if isinstance(value, str)])
            )
        return Document(text, where)


def _no_field(where: str, field: str, fields: Iterable[str]) -> str:
    found = ", ".join(fields) or "none with text"
    return f"{where} has no text in field {field!r}: its fields are {found}; name one as the source's field"


def _hf_rows(name: str) -> Iterable[dict[str, Any]]:
    """Rows of a data set `org/name?config=…&split=…` (split train unless told), streamed."""
    from urllib.parse import parse_qs

    import datasets

    path, _, query = name.partition("?")
    options = {key: values[-1] for key, values in parse_qs(query).items()}
    rows: Iterable[dict[str, Any]] = datasets.load_dataset(
        path, options.get("config"), split=options.get("split", "train"), streaming=True
    )
    return rows
