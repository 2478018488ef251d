"""Where data lies: local paths, s3://, gs:// and abfs:// (pyarrow's file systems), and whatever else fsspec knows.

One name for a file wherever it is, opened as a stream of bytes that is decompressed on the way.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

import fsspec
from fsspec.implementations.arrow import ArrowFSWrapper

from pleiade.lab.data.manifest import MANIFEST, DamagedError
from pleiade.lab.lock import LOCK

DATA_SUFFIXES = (".jsonl", ".txt", ".md", ".parquet")
REMOTE_BUFFER = 4 << 20
_ARROW_SCHEMES = ("s3", "gs", "abfs", "abfss")


def _open_xz(raw: IO[bytes]) -> IO[bytes]:
    return cast(IO[bytes], lzma.LZMAFile(raw))


def _open_gz(raw: IO[bytes]) -> IO[bytes]:
    return cast(IO[bytes], gzip.GzipFile(fileobj=raw))


def _open_bz2(raw: IO[bytes]) -> IO[bytes]:
    return cast(IO[bytes], bz2.BZ2File(raw))


def _open_zst(raw: IO[bytes]) -> IO[bytes]:
    # Not zstandard's own reader: it takes a file that was cut short for a whole one.
    from pyarrow import CompressedInputStream

    return io.BufferedReader(cast(io.RawIOBase, CompressedInputStream(raw, "zstd")), 1 << 20)


_DECOMPRESSORS: dict[str, Callable[[IO[bytes]], IO[bytes]]] = {
    ".xz": _open_xz,
    ".gz": _open_gz,
    ".bz2": _open_bz2,
    ".zst": _open_zst,
}


@dataclass(frozen=True)
class DataFile:
    """A file to read: its full address, its stored bytes, and a stamp that changes when it is written again."""

    address: str
    size: int
    stamp: str

    @property
    def format(self) -> str:
        """The suffix that says how to read it, without that of a compression: ".jsonl", ".txt", …"""
        return _format(self.address)


def find_files(address: str, root: Path) -> list[DataFile]:
    """The data files of a file or folder, in name order; a path without a scheme is below `root` (or absolute).

    Folders are searched to the bottom; files that are no data (SOURCE.txt, LICENSE.md, hidden ones) and the folders of
    runs are left out.
    Raises FileNotFoundError, naming what was looked for, if there is nothing to read.
    """
    system, path = _locate(address, root)
    try:  # not by fsspec's own exists(): it takes any error for "no", even Ctrl-C
        there = system.info(path)
    except FileNotFoundError as error:
        said = f"{address} does not exist{_below(address, root)}: mend its path in the recipe"
        raise FileNotFoundError(said) from error
    if there["type"] == "file":
        return [_data_file(system, address, path, there)]
    found = system.find(path, detail=True) if "://" in address else _local_files(system, path)
    files = [
        _data_file(system, address, name, info)
        for name, info in sorted(found.items())
        if _format(name) in DATA_SUFFIXES and not _is_about_the_data(PurePosixPath(name).name)
    ]
    if not files:
        wanted = ", ".join(DATA_SUFFIXES)
        raise FileNotFoundError(
            f"no data in {address}{_below(address, root)}: it needs {wanted} files (also .xz, .gz, .bz2, .zst)"
        )
    return files


@contextmanager
def open_bytes(file: DataFile) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """The stored stream (its `tell()` is the progress) and the decompressed one; both closed at the end.

    Reading in the block raises DamagedError, naming the file, where a compressed stream is cut or overwritten.
    """
    system, path = _locate(file.address, Path())
    with system.open(path, "rb") as raw:
        # pyarrow's files know no buffer: a line would be read in as many requests as it has bytes.
        arrow = isinstance(system, ArrowFSWrapper)
        stored = cast(IO[bytes], io.BufferedReader(raw.stream, REMOTE_BUFFER) if arrow else raw)
        open_compressed = _DECOMPRESSORS.get(PurePosixPath(path).suffix)
        if open_compressed is None:
            yield stored, stored
            return
        try:
            with open_compressed(stored) as plain:
                yield stored, plain
        except (lzma.LZMAError, zlib.error, EOFError, gzip.BadGzipFile) as error:
            raise DamagedError(_damaged(file.address, error)) from error
        except OSError as error:
            if type(error) is OSError and error.errno is None:  # bz2's and pyarrow's way to say so
                raise DamagedError(_damaged(file.address, error)) from error
            raise


def _damaged(address: str, error: Exception) -> str:
    return f"{address} is damaged or was cut short ({error}): put a whole copy in its place"


def _local_files(system: Any, folder: str) -> dict[str, dict[str, Any]]:
    # fsspec's own search does not go into linked folders, where people keep large data.
    found: dict[str, dict[str, Any]] = {}
    for place, folders, names in os.walk(folder, followlinks=True):
        folders[:] = [name for name in folders if not _is_run(Path(place, name))]
        found |= {name: system.info(name) for name in (os.path.join(place, each) for each in names)}
    return found


def _is_run(folder: Path) -> bool:
    """Whether a run writes there, or wrote: its records are no data. A built corpus has a manifest."""
    return (folder / LOCK).exists() and not (folder / MANIFEST).exists()


def _locate(address: str, root: Path) -> tuple[Any, str]:
    scheme, separator, rest = address.partition("://")
    if not separator:
        return fsspec.filesystem("file"), str(root / address)
    if scheme in _ARROW_SCHEMES:
        from pyarrow import fs

        system, path = fs.FileSystem.from_uri(address)
        return ArrowFSWrapper(system), path
    try:
        return fsspec.filesystem(scheme), rest
    except (ImportError, ValueError) as error:
        raise ValueError(f"{address} cannot be read: {error}") from error


def _data_file(system: Any, address: str, path: str, info: dict[str, Any]) -> DataFile:
    scheme, separator, rest = address.partition("://")
    # A query (s3://bucket/folder?region=…) says how to reach the place, so each of its files keeps it.
    query = "?" + rest.partition("?")[2] if separator and "?" in rest else ""
    full = f"{scheme}://{path.lstrip('/') if scheme in _ARROW_SCHEMES else path}{query}" if separator else path
    stamp = next((str(info[key]) for key in ("mtime", "ETag", "etag", "created") if info.get(key)), "")
    return DataFile(full, int(info.get("size") or 0), stamp)


def _format(name: str) -> str:
    path = PurePosixPath(name.partition("?")[0] if "://" in name else name)
    return PurePosixPath(path.stem).suffix if path.suffix in _DECOMPRESSORS else path.suffix


def _is_about_the_data(name: str) -> bool:
    return name.startswith(".") or name.split(".")[0].upper() in ("SOURCE", "LICENCE", "LICENSE", "LICENCES", "README")


def _below(address: str, root: Path) -> str:
    return "" if "://" in address or Path(address).is_absolute() else f" below {root}"
