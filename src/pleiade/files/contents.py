"""The bytes of files: written once as they come, read as one stream from however many objects hold them."""

import hashlib
import io
import logging
from collections.abc import Sequence
from typing import BinaryIO, cast

from pleiade.files.errors import InvalidError
from pleiade.files.jsonl import JsonlCheck
from pleiade.files.nouns import JSONL_PURPOSES, MB, PURPOSE_MB, Kept
from pleiade.store.object_storage import Objects, ObjectsError

logger = logging.getLogger(__name__)


class Arrival:
    """An object that arrives piece by piece: counted, hashed, and refused as soon as it is too large.

    Where its purpose asks for JSON lines, it is refused at the first line that is none.
    """

    def __init__(self, objects: Objects, name: str, largest: int, *, purpose: str | None = None) -> None:
        self.name = name
        self.bytes = 0
        self.sha256 = hashlib.sha256()
        self._purpose = purpose
        self._most = most_bytes(purpose, largest)
        self.checked = purpose in JSONL_PURPOSES
        self._check = JsonlCheck() if self.checked else None
        self._writer = objects.create(name)

    def write(self, data: bytes) -> None:
        """More of it. Raises InvalidError, ObjectsError; nothing is kept then."""
        self.bytes += len(data)
        try:
            if self.bytes > self._most:
                raise too_large(self._most, self._purpose)
            if self._check is not None:
                self._check.feed(data)
        except BaseException:
            self.discard()
            raise
        self.sha256.update(data)
        self._writer.write(data)

    def commit(self) -> None:
        """It is complete. Raises InvalidError, ObjectsError; nothing is kept then."""
        if self._check is not None:
            try:
                self._check.close()
            except BaseException:
                self.discard()
                raise
        self._writer.commit()

    def discard(self) -> None:
        """Nothing of it stays."""
        self._writer.discard()


class GoneError(ObjectsError):
    """A file's row is there, and its bytes are not."""


class Contents:
    """The store of files' bytes at `root`: a path, or a URL of fsspec's."""

    def __init__(self, root: str) -> None:
        self.objects = Objects(root)

    def open(self, kept: Kept) -> BinaryIO:
        """A file's bytes as one stream, to be closed. Raises ObjectsError where some of them are gone."""
        return cast(BinaryIO, io.BufferedReader(_Joined(self.objects, kept.objects), MB))

    def remove(self, names: Sequence[str]) -> None:
        """Remove objects. Raises ObjectsError."""
        for name in names:
            self.objects.delete(name)


class _Joined(io.RawIOBase):
    """Several objects, one after the other."""

    def __init__(self, objects: Objects, names: Sequence[str]) -> None:
        self._objects = objects
        self._names = list(names)
        self._current: BinaryIO | None = None

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: object) -> int:
        """Fill `buffer` as far as the current object goes; 0 at the end of all."""
        view = memoryview(cast(bytearray, buffer))
        while True:
            if self._current is None:
                if not self._names:
                    return 0
                self._current = self._begin(self._names.pop(0))
            data = self._current.read(len(view))
            if data:
                view[: len(data)] = data
                return len(data)
            self._current.close()
            self._current = None

    def close(self) -> None:
        """Let go of the object that is being read."""
        if self._current is not None:
            self._current.close()
            self._current = None
        super().close()

    def _begin(self, name: str) -> BinaryIO:
        stream = self._objects.open(name)
        if stream is None:
            raise GoneError(f"{name} is gone from the store of files")
        return stream


def most_bytes(purpose: str | None, largest: int) -> int:
    """How large a file of a purpose may be where the server takes files of `largest` bytes."""
    return min(largest, PURPOSE_MB.get(purpose or "", largest // MB + 1) * MB)


def too_large(most: int, purpose: str | None, *, param: str = "file") -> InvalidError:
    """About a file above its limit: its purpose's, or else the server's."""
    if PURPOSE_MB.get(purpose or "") == most // MB:
        said = f"A file for '{purpose}' has at most {most // MB} MB, and this one is larger: cut it up."
    else:
        said = (
            f"The file is larger than {most // MB} MB, the most that this server takes: cut it up, or "
            "ask the operator to raise PLEIADE_FILE_MB."
        )
    return InvalidError(said, param=param, code="file_too_large")
