"""Files that programs made and clients fetch: a folder by default, any store that fsspec knows beyond it.

Each object's name begins with the second at which it expires, so that sweeping needs nothing but names.
"""

import os
import re
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

_NAME = re.compile(r"(\d{10})-[0-9a-f]{32}\.[a-z0-9]{1,8}", re.ASCII)


class ObjectsError(Exception):
    """The store cannot be used; the message says what to do, and may name paths: for logs, not for clients."""


class Backend(Protocol):
    """Where the bytes are."""

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


class Objects:
    """Objects in `root`: a path, or a URL of fsspec's such as s3://bucket/pictures. Opened at first use.

    Methods block, and may be called from any thread. All raise ObjectsError.
    """

    def __init__(self, root: str) -> None:
        self._root = root
        self._backend: Backend | None = None

    def put(self, data: bytes, suffix: str, expires: int) -> str:
        """Keep `data` until `expires` (Unix seconds); its name, which nobody can guess."""
        name = f"{expires:010d}-{secrets.token_hex(16)}.{suffix}"
        try:
            self._open().write(name, data)
        except OSError as error:
            raise ObjectsError(
                f"{len(data)} bytes cannot be kept in {self._root}: {error}. Make room there."
            ) from error
        return name

    def get(self, name: str) -> bytes | None:
        """The object of that name; None where there is none."""
        if _NAME.fullmatch(name) is None:
            return None
        try:
            return self._open().read(name)
        except OSError as error:
            raise ObjectsError(f"{name} cannot be read from {self._root}: {error}") from error

    def delete(self, name: str) -> None:
        """Forget an object."""
        if _NAME.fullmatch(name) is not None:
            try:
                self._open().remove(name)
            except OSError as error:
                raise ObjectsError(f"{name} cannot be removed from {self._root}: {error}") from error

    def sweep(self, now: float) -> int:
        """Remove what has expired; how many objects that were. What is not ours stays."""
        try:
            found = [(name, match) for name in self._open().names() if (match := _NAME.fullmatch(name))]
        except OSError as error:
            raise ObjectsError(f"{self._root} cannot be listed: {error}") from error
        expired = [name for name, match in found if int(match[1]) <= now]
        for name in expired:
            self.delete(name)
        return len(expired)

    def _open(self) -> Backend:
        if self._backend is None:
            self._backend = _Remote(self._root) if "://" in self._root else _Folder(Path(self._root))
        return self._backend


class _Folder:
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

    def read(self, name: str) -> bytes | None:
        try:
            return (self._path / name).read_bytes()
        except FileNotFoundError:
            return None

    def remove(self, name: str) -> None:
        (self._path / name).unlink(missing_ok=True)

    def names(self) -> Iterable[str]:
        return os.listdir(self._path)


class _Remote:
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
