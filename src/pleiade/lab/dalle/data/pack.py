"""Reads drawings from a pack folder (xz-compressed JSON lines), or from a folder of SVG and picture files."""

from __future__ import annotations

import base64
import hashlib
import json
import lzma
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from pleiade.lab.dalle.data.pixels import Rgba
from pleiade.lab.dalle.data.render import is_one_colour, render_picture, render_svg

PICTURES = frozenset({".svg", ".png", ".webp", ".jpg", ".jpeg"})
LICENCE_FILES = ("LICENCE.txt", "LICENSE.txt")


class Source(msgspec.Struct, frozen=True):
    """A drawing as it was drawn: its names, its licence, and SVG text or the bytes of a picture file."""

    id: str
    concept: str
    set: str
    style: str
    name: str
    licence: str
    name_fr: str = ""
    keywords_en: tuple[str, ...] = ()
    keywords_fr: tuple[str, ...] = ()
    group: str = ""
    svg: str = ""
    image: bytes = b""


def render(source: Source, size: int) -> tuple[Rgba, bool]:
    """Its pixels, and whether it is a one-colour drawing (then black, its coverage in alpha).

    Raises ValueError when it cannot be rendered.
    """
    if not source.svg:
        return render_picture(source.image, size), False
    rgba = render_svg(source.svg, size)
    return rgba, "currentColor" in source.svg and is_one_colour(rgba)


def read_sources(folder: Path) -> Iterator[Source]:
    """Every drawing of a folder, in an order that does not change.

    Raises FileNotFoundError where there is none, ValueError naming the line that is no drawing.
    """
    packs = sorted(folder.glob("*.jsonl.xz"))
    if packs:
        for pack in packs:
            yield from _read_pack(pack)
        return
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICTURES)
    if not files:
        raise FileNotFoundError(
            f"no drawings in {folder}: give a folder with *.jsonl.xz packs, or with .svg, .png or .webp files"
        )
    licence = _folder_licence(folder)
    for path in files:
        yield _read_file(path, folder, licence)


def stamp(folder: Path) -> str:
    """What changes when a source folder does: names and sizes of its files, hashed."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    told = "\n".join(f"{path.relative_to(folder)} {path.stat().st_size}" for path in files)
    return hashlib.sha256(told.encode()).hexdigest()


def _read_pack(pack: Path) -> Iterator[Source]:
    with lzma.open(pack, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                row: dict[str, Any] = json.loads(line)
                if encoded := row.pop("image", None):
                    row["image"] = base64.b64decode(encoded)
                image = row.pop("image", b"")
                source = msgspec.convert(row, Source)
            except (ValueError, RecursionError) as error:
                raise ValueError(f"{pack.name} line {number} is no drawing ({error}): mend or remove it") from error
            yield msgspec.structs.replace(source, image=image)


def _read_file(path: Path, folder: Path, licence: str) -> Source:
    """A drawing named by its file (`red-rocket.svg`), or by the first line of `red-rocket.txt` beside it."""
    told = path.with_suffix(".txt")
    words = told.read_text(encoding="utf-8").strip().splitlines() if told.exists() else []
    name = words[0].strip() if words else path.stem.replace("-", " ").replace("_", " ")
    where = path.relative_to(folder)
    style = where.parts[0] if len(where.parts) > 1 else ""
    facts = {
        "id": f"{folder.name}/{where.with_suffix('')}",
        "concept": "-".join(name.lower().split()),
        "set": folder.name,
        "style": style,
        "name": name,
        "keywords_en": [word.strip() for line in words[1:] for word in line.split(",") if word.strip()],
        "licence": licence,
    }
    source = msgspec.convert(facts, Source)
    if path.suffix.lower() == ".svg":
        return msgspec.structs.replace(source, svg=path.read_text(encoding="utf-8"))
    return msgspec.structs.replace(source, image=path.read_bytes())


def _folder_licence(folder: Path) -> str:
    for name in LICENCE_FILES:
        if (folder / name).exists():
            return (folder / name).read_text(encoding="utf-8").strip().splitlines()[0].strip()
    raise FileNotFoundError(
        f"{folder} does not say under which licence its drawings are: write its SPDX id (such as CC0-1.0) into "
        f"{folder / LICENCE_FILES[0]}"
    )
