"""Files that programs made and clients fetch: a folder by default, any store that fsspec knows beyond it.

Each object's name begins with the second at which it expires, so that sweeping needs nothing but names.
"""

import errno
import secrets
import time
from pathlib import Path
from typing import BinaryIO

from pleiade.store.object_backends import NAME, Backend, Folder, NoSpaceError, ObjectsError, Remote, Writer

__all__ = ["FOREVER", "NoSpaceError", "Objects", "ObjectsError", "Writer", "new_name"]

FOREVER = 9_999_999_999  # of objects whose row in the database says how long they stay


def new_name(suffix: str, expires: int = FOREVER) -> str:
    """A name for an object that expires at that second, if ever: nobody can guess it."""
    return f"{expires:010d}-{secrets.token_hex(16)}.{suffix}"


class Objects:
    """Objects in `root`: a path, or a URL of fsspec's such as s3://bucket/pictures. Opened at first use.

    Methods block, and may be called from any thread. All raise ObjectsError.
    """

    def __init__(self, root: str) -> None:
        self._root = root
        self._backend: Backend | None = None

    def put(self, data: bytes, suffix: str, expires: int) -> str:
        """Keep `data` until `expires` (Unix seconds); its name, which nobody can guess."""
        name = new_name(suffix, expires)
        self.write(name, data)
        return name

    def write(self, name: str, data: bytes) -> None:
        """Keep `data` under a name of `new_name`'s, which may have been written down before."""
        try:
            self._open().write(name, data)
        except OSError as error:
            raise ObjectsError(
                f"{len(data)} bytes cannot be kept in {self._root}: {error}. Make room there."
            ) from error

    def create(self, name: str) -> Writer:
        """Begin an object under a name of `new_name`'s, to be written piece by piece: it may be of any size."""
        try:
            return _Guarded(self._open().create(name), self._root)
        except OSError as error:
            raise _cannot_keep(self._root, error) from error

    def open(self, name: str) -> BinaryIO | None:
        """A stream of an object's bytes, to be closed by the caller; None where there is none."""
        try:
            return self._open().open(name)
        except OSError as error:
            raise ObjectsError(f"{name} cannot be read from {self._root}: {error}") from error

    def get(self, name: str) -> bytes | None:
        """The object of that name; None where there is none."""
        if NAME.fullmatch(name) is None:
            return None
        try:
            return self._open().read(name)
        except OSError as error:
            raise ObjectsError(f"{name} cannot be read from {self._root}: {error}") from error

    def delete(self, name: str) -> None:
        """Forget an object."""
        if NAME.fullmatch(name) is not None:
            try:
                self._open().remove(name)
            except OSError as error:
                raise ObjectsError(f"{name} cannot be removed from {self._root}: {error}") from error

    def sweep(self, now: float) -> int:
        """Remove what has expired; how many objects that were. What is not ours stays."""
        try:
            found = [(name, match) for name in self._open().names() if (match := NAME.fullmatch(name))]
        except OSError as error:
            raise ObjectsError(f"{self._root} cannot be listed: {error}") from error
        expired = [name for name, match in found if int(match[1]) <= now]
        for name in expired:
            self.delete(name)
        return len(expired)

    def clear_unfinished(self, older_than_s: float) -> None:
        """Remove what processes that died have left of objects that were never complete (in a folder)."""
        backend = self._open()
        if isinstance(backend, Folder):
            backend.clear_unfinished(time.time() - older_than_s)

    def _open(self) -> Backend:
        if self._backend is None:
            self._backend = Remote(self._root) if "://" in self._root else Folder(Path(self._root))
        return self._backend


def _cannot_keep(root: str, error: OSError) -> ObjectsError:
    kind = NoSpaceError if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) else ObjectsError
    return kind(f"nothing more can be kept in {root}: {error}. Make room there.")


class _Guarded:
    """A writer whose failures are ObjectsError; after one, nothing is left of the object."""

    def __init__(self, inner: Writer, root: str) -> None:
        self._inner = inner
        self._root = root

    def write(self, data: bytes) -> None:
        """More of it. Raises ObjectsError, NoSpaceError."""
        try:
            self._inner.write(data)
        except OSError as error:
            self._inner.discard()
            raise _cannot_keep(self._root, error) from error

    def commit(self) -> None:
        """It is complete. Raises ObjectsError, NoSpaceError."""
        try:
            self._inner.commit()
        except OSError as error:
            self._inner.discard()
            raise _cannot_keep(self._root, error) from error

    def discard(self) -> None:
        """It shall not be."""
        self._inner.discard()
