"""Where the bytes of objects are: a folder, or any file system that fsspec knows."""

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

NAME = re.compile(r"(\d{10})-[0-9a-f]{32}\.[a-z0-9]{1,8}", re.ASCII)  # of an object, and when it expires


class ObjectsError(Exception):
    """The store cannot be used; the message says what to do, and may name paths: for logs, not for clients."""


class NoSpaceError(ObjectsError):
    """The store is full. What was written of an object is gone."""


class Writer(Protocol):
    """An object in the making; nobody sees it before `commit`, and nothing stays of it after `discard`."""

    def write(self, data: bytes) -> object:
        """More of it."""
        ...

    def commit(self) -> None:
        """It is complete."""
        ...

    def discard(self) -> None:
        """It shall not be."""
        ...


class Backend(Protocol):
    """Where the bytes are."""

    def create(self, name: str) -> Writer:
        """Begin an object of any size."""
        ...

    def open(self, name: str) -> BinaryIO | None:
        """A stream of the object's bytes; None where there is no such object."""
        ...

    def write(self, name: str, data: bytes) -> None:
        """All of it or nothing."""
        ...

    def read(self, name: str) -> bytes | None:
        """None where there is no such object."""
        ...

    def remove(self, name: str) -> None:
        """Nothing happens where there is no such object."""
        ...

    def names(self) -> Iterable[str]:
        """Of all objects."""
        ...


class _FolderWriter:
    """A file under a name of its own, renamed once it is complete and on the disk."""

    def __init__(self, trial: Path, path: Path) -> None:
        self._trial, self._path = trial, path
        self._file = os.fdopen(os.open(trial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb", buffering=0)

    def write(self, data: bytes) -> None:
        """All of `data`: an unbuffered file may take a part only."""
        rest = memoryview(data)
        while rest:
            rest = rest[self._file.write(rest) :]

    def commit(self) -> None:
        """Durable, and visible."""
        os.fsync(self._file.fileno())  # a full disk may say so only now
        self._file.close()
        self._trial.rename(self._path)

    def discard(self) -> None:
        """Gone."""
        self._file.close()
        self._trial.unlink(missing_ok=True)


class Folder:
    """A folder that only its owner reads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def write(self, name: str, data: bytes) -> None:
        trial = self._path / f".{name}"
        try:
            descriptor = os.open(trial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            trial.rename(self._path / name)
        except OSError:
            trial.unlink(missing_ok=True)
            raise

    def create(self, name: str) -> Writer:
        return _FolderWriter(self._path / f".{name}", self._path / name)

    def open(self, name: str) -> BinaryIO | None:
        try:
            return (self._path / name).open("rb")
        except FileNotFoundError:
            return None

    def clear_unfinished(self, before: float) -> None:
        for path in self._path.glob(".*"):
            if NAME.fullmatch(path.name[1:]) and path.stat().st_mtime < before:
                path.unlink(missing_ok=True)

    def read(self, name: str) -> bytes | None:
        try:
            return (self._path / name).read_bytes()
        except FileNotFoundError:
            return None

    def remove(self, name: str) -> None:
        (self._path / name).unlink(missing_ok=True)

    def names(self) -> Iterable[str]:
        return os.listdir(self._path)


class _RemoteWriter:
    """A file of fsspec's that is not there before it is committed: stores of objects send it in parts."""

    def __init__(self, files: Any, path: str) -> None:
        self._files, self._path = files, path
        self._file: Any = files.open(path, "wb", autocommit=False)

    def write(self, data: bytes) -> None:
        """More of it; what is not a whole part yet waits in memory."""
        self._file.write(data)

    def commit(self) -> None:
        """Send the last part."""
        self._file.close()
        self._file.commit()

    def discard(self) -> None:
        """Let the store forget the parts; one that knows no parts has the object already."""
        self._file.discard()
        if self._files.exists(self._path):
            self._files.rm_file(self._path)


class Remote:
    """A folder of any file system that fsspec knows. Its errors are those of OSError, as fsspec asks of them."""

    def __init__(self, url: str) -> None:
        try:
            import fsspec
        except ImportError as error:
            raise ObjectsError(
                f"for {url} install fsspec and the package that it names for this kind of URL"
            ) from error
        try:
            self._files: Any
            self._files, self._path = fsspec.core.url_to_fs(url)
        except (ValueError, ImportError) as error:
            raise ObjectsError(f"{url} cannot be opened: {error}") from error

    def write(self, name: str, data: bytes) -> None:
        self._files.makedirs(self._path, exist_ok=True)
        self._files.pipe_file(f"{self._path}/{name}", data)

    def create(self, name: str) -> Writer:
        self._files.makedirs(self._path, exist_ok=True)
        return _RemoteWriter(self._files, f"{self._path}/{name}")

    def open(self, name: str) -> BinaryIO | None:
        try:
            return cast(BinaryIO, self._files.open(f"{self._path}/{name}", "rb"))
        except FileNotFoundError:
            return None

    def read(self, name: str) -> bytes | None:
        try:
            data: bytes = self._files.cat_file(f"{self._path}/{name}")
        except FileNotFoundError:
            return None
        return data

    def remove(self, name: str) -> None:
        try:
            self._files.rm_file(f"{self._path}/{name}")
        except FileNotFoundError:
            return

    def names(self) -> Iterable[str]:
        if not self._files.exists(self._path):
            return []
        self._files.invalidate_cache(self._path)
        return [str(path).rpartition("/")[2] for path in self._files.ls(self._path, detail=False)]
