"""Pictures on disk: given ones read, made ones written under names that are free."""

import re
import sys
import unicodedata
from collections.abc import Iterator, Mapping
from itertools import chain
from itertools import count as count_from
from pathlib import Path

from pleiade.cli.common import fail

SUFFIXES = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp", ".svg": "svg"}
LARGEST = 50 << 20  # bytes of a given picture, as OpenAI's limit


def read_picture(path: Path) -> bytes:
    """The bytes of a given file; fails where it is none, or larger than 50 MB. Whether it is a picture, servers say."""
    try:
        if path.stat().st_size > LARGEST:
            fail(f"{path} is larger than {LARGEST >> 20} MB: make it smaller")
        return path.read_bytes()
    except OSError as error:
        fail(f"{path}: {error.strerror}")


def padded(data: bytes, sides: Mapping[str, int], size: str) -> bytes:
    """A picture on a larger, transparent canvas, as PNG: what `edits` paints the rest of.

    `sides`: pixels on the left, right, top and bottom; else `size` (WxH), the picture centred. Fails for no picture.
    """
    import io

    from PIL import Image, ImageOps

    try:
        with Image.open(io.BytesIO(data)) as opened:
            picture = ImageOps.exif_transpose(opened).convert("RGBA")
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        fail(f"the picture cannot be read ({error}): send a PNG, JPEG or WebP file")
    left, right, top, bottom = (sides.get(side, 0) for side in ("left", "right", "top", "bottom"))
    width, height = picture.width + left + right, picture.height + top + bottom
    if size:
        found = re.fullmatch(r"(\d{1,5})x(\d{1,5})", size)
        if found is None or int(found[1]) < picture.width or int(found[2]) < picture.height:
            fail(f"--size {size}: write WxH, at least the picture's {picture.width}x{picture.height}")
        width, height = int(found[1]), int(found[2])
        left, top = (width - picture.width) // 2, (height - picture.height) // 2
    canvas = Image.new("RGBA", (width, height))
    canvas.paste(picture, (left, top))
    file = io.BytesIO()
    canvas.save(file, "PNG")
    return file.getvalue()


def wanted_format(format: str, out: Path | None) -> str:
    """--format, or what the suffix of --out means, or "" for the server's own; fails where they disagree."""
    meant = SUFFIXES.get(out.suffix.lower(), "") if out else ""
    if format and meant and format != meant:
        fail(f"--out {out} is a name for {meant}, but --format is {format}: change one of them")
    return format or meant


class UnkeptError(Exception):
    """A picture could not be written; the message says where and why."""


class Names:
    """Where the pictures of one command go, one after the other; what is wrong with `out` fails at once.

    With `out` "-": stdout. With `out` a file: itself, or NAME-1, NAME-2, …; fails where one is there, without `force`.
    With `out` a folder, or none: by the first `words` of the prompt, each with the next number that is free.
    """

    def __init__(self, out: Path | None, count: int, words: str, format: str, *, force: bool) -> None:
        self._automatic = out is None or out.is_dir()
        self._force = force and not self._automatic
        self._names: Iterator[Path]
        suffix = f".{'jpg' if format == 'jpeg' else format or 'png'}"
        if out is None or out.is_dir():
            folder, stem = out or Path(), slug(words)
            numbers = chain([""], (f"-{k}" for k in count_from(2)))
            self._names = (folder / f"{stem}{number}{suffix}" for number in numbers)
        elif str(out) == "-":
            self._names = iter([out]) if count == 1 else fail("only one picture goes to stdout: leave --n out")
        else:
            self._names = iter(_named(out, count, suffix, force=force))

    def write(self, data: bytes) -> Path:
        """Write all of it or nothing under the next name, and over an existing file only by force. UnkeptError."""
        for path in self._names:
            if str(path) == "-":
                sys.stdout.buffer.write(data)
                return path
            try:
                _write(path, data, force=self._force)
            except OSError as error:
                if self._automatic and isinstance(error, FileExistsError):
                    continue  # an earlier picture, or one of a command beside this one
                raise UnkeptError(f"{path}: {error.strerror}; the picture is not kept") from error
            return path
        raise UnkeptError("the server sent more pictures than it was asked for; one is not kept")


def _named(out: Path, count: int, suffix: str, *, force: bool) -> list[Path]:
    if not out.parent.is_dir():
        fail(f"{out.parent} is no folder: make it first")
    named = out if out.suffix else out.with_suffix(suffix)
    names = [named] if count == 1 else [named.with_stem(f"{named.stem}-{k}") for k in range(1, count + 1)]
    taken = [str(name) for name in names if name.exists()]
    if taken and not force:
        fail(f"{', '.join(taken)} is there already: choose another --out, or give --force")
    return names


def _write(path: Path, data: bytes, *, force: bool) -> None:
    with path.open("wb" if force else "xb") as file:
        try:
            file.write(data)
            file.flush()
        except BaseException:
            path.unlink(missing_ok=True)
            raise


def slug(words: str) -> str:
    """The first words as a file name: "Un château, la nuit" becomes "un-chateau-la-nuit"."""
    plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode()
    parts = re.findall(r"[a-z0-9]+", plain.lower())
    return "-".join(parts[:6])[:60] or "picture"
