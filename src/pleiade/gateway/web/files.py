"""The files of a built web app: a list made once, so that no path of a request ever reaches the disk."""

import hashlib
import mimetypes
import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

# What `pip install pleiade` brings, and what `make web` builds in a checkout.
BUILT = Path(__file__).parents[2] / "web" / "dist"
INDEX = "index.html"
_IMMUTABLE = "assets/"  # their names hold a hash of their content
_CODINGS = {"br": ".br", "gzip": ".gz"}  # the best first
# Not every machine's table knows these.
_TYPES = {".js": "text/javascript", ".woff2": "font/woff2", ".svg": "image/svg+xml", ".json": "application/json"}
_TEXT = ("text/", "application/json", "image/svg+xml")


class WebFile(msgspec.Struct, frozen=True):
    """A file to serve: where its bytes are, in which codings, and how long they stay true."""

    path: Path
    content_type: bytes
    etag: str  # without quotes; each coding adds its name
    immutable: bool
    codings: tuple[str, ...]

    def read(self, coding: str = "") -> bytes:
        """The bytes in that coding; "" = as they are. Blocks. Raises OSError."""
        return Path(f"{self.path}{_CODINGS.get(coding, '')}").read_bytes()


class WebFiles(msgspec.Struct, frozen=True):
    """The files by their path below `/`, and the version of the build they belong to."""

    by_name: Mapping[str, WebFile]
    version: int  # of index.html, in ns; 0 = there is no build

    @property
    def index(self) -> WebFile | None:
        """The page of every space; None where the web app is not built."""
        return self.by_name.get(INDEX)


def list_files(folder: Path) -> WebFiles:
    """Everything to serve of the build in `folder`. Blocks. Raises OSError."""
    files: dict[str, WebFile] = {}
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    for name in sorted(names):
        # What begins with a dot is about the build (its manifest, its source's hash), not of it.
        if name.startswith(".") or (name.endswith(tuple(_CODINGS.values())) and name.rpartition(".")[0] in names):
            continue
        path = folder / name
        files[name] = WebFile(
            path=path,
            content_type=_type_of(path),
            etag=hashlib.sha256(path.read_bytes()).hexdigest()[:32],
            immutable=name.startswith(_IMMUTABLE),
            codings=tuple(coding for coding, ending in _CODINGS.items() if name + ending in names),
        )
    return WebFiles(files, version_of(folder))


def version_of(folder: Path) -> int:
    """Changes with every build; 0 where there is none."""
    try:
        return os.stat(folder / INDEX).st_mtime_ns
    except FileNotFoundError:
        return 0


def _type_of(path: Path) -> bytes:
    known = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return (f"{known}; charset=utf-8" if known.startswith(_TEXT) else known).encode()
