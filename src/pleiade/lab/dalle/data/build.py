"""Renders a folder of drawings once, for training to read; stopped, it goes on where it was."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import msgspec

from pleiade.lab.dalle.data.colours import palette
from pleiade.lab.dalle.data.drawings import ATTRIBUTION, DONE, LICENCES, ROWS, Done, Drawing, pixels_file
from pleiade.lab.dalle.data.licences import NOTICE, attribution, attribution_lines, left_out
from pleiade.lab.dalle.data.pack import Source, read_sources, render, stamp
from pleiade.lab.dalle.data.parts import count_parts
from pleiade.lab.dalle.data.pixels import Rgba
from pleiade.lab.dalle.data.splits import Splits, read_splits, unit_hash
from pleiade.lab.data.progress import Progress
from pleiade.lab.lock import hold

PLACE = "place.json"
BATCH = 256  # drawings between two notes of the place
LARGE, ENLARGED = "large", 4  # folder of the drawings that the enlarger learns from, and how much larger they are


class Place(msgspec.Struct):
    """How far a build is: drawings read and kept, bytes of rows, and what was left out and why."""

    source: str
    size: int
    read: int = 0
    kept: int = 0
    row_bytes: int = 0
    left_out: dict[str, int] = msgspec.field(default_factory=dict)


def build_large(source: Path, out: Path, *, size: int, share: float) -> Done:
    """Render a share of the SVG drawings of a built folder four times as large, for the enlarger to learn from.

    They go into `out`/large. Raises what `build_pictures` does.
    """
    return build_pictures(source, out / LARGE, size=ENLARGED * size, share=share)


def build_pictures(source: Path, out: Path, *, size: int, share: float = 1.0) -> Done:
    """Render every drawing of `source` that may be trained on into `out`, at size x size pixels.

    Writes pixels, rows, licences.json and ATTRIBUTION.md, and last the marker with their hashes; a finished folder is
    left as it is. The same command goes on after a stop. A `share` below 1 takes only so many of the SVG drawings,
    chosen by hash. Raises ValueError when `out` holds pictures of another source
    or size, FileNotFoundError when there is nothing to read.
    """
    with hold(out):
        if (out / DONE).exists():
            done = msgspec.json.decode((out / DONE).read_bytes(), type=Done)
            _refuse_other(out, done.source, done.size, _stamp(source, share), size)
            return done
        place = _place(_stamp(source, share), out, size)
        _render_all(_chosen(source, share), read_splits(source), out, place)
        return _finish(source, out, place)


def _stamp(source: Path, share: float) -> str:
    return stamp(source) if share == 1 else f"{stamp(source)} {share}"


def _chosen(source: Path, share: float) -> Iterator[Source]:
    for drawing in read_sources(source):
        if share == 1 or (drawing.svg and unit_hash("large", drawing.id) < share):
            yield drawing


def _place(now: str, out: Path, size: int) -> Place:
    if not (out / PLACE).exists():
        return Place(now, size)
    place = msgspec.json.decode((out / PLACE).read_bytes(), type=Place)
    _refuse_other(out, place.source, place.size, now, size)
    return place


def _refuse_other(out: Path, source: str, size: int, wanted_source: str, wanted_size: int) -> None:
    if (source, size) != (wanted_source, wanted_size):
        what = f"pictures of {size} px" if size != wanted_size else "pictures of another source, or one that changed"
        raise ValueError(f"{out} holds {what}: name another --out, or remove the folder to build it anew")


def _render_all(chosen: Iterator[Source], splits: Splits, out: Path, place: Place) -> None:
    progress = Progress("render", "drawings")
    sources = islice(chosen, place.read, None)
    with open(out / pixels_file(place.size), "ab") as pixels, open(out / ROWS, "ab") as rows:
        # What was written after the last note of the place is written again.
        pixels.truncate(place.kept * place.size**2 * 4)
        rows.truncate(place.row_bytes)
        while some := tuple(islice(sources, BATCH)):
            reasons = Counter(place.left_out)
            for row, rgba in _rendered(some, splits, place.size, reasons):
                pixels.write(rgba.tobytes())
                place.row_bytes += rows.write(msgspec.json.encode(row) + b"\n")
                place.kept += 1
            for file in (pixels, rows):
                file.flush()
                os.fsync(file.fileno())
            place.read += len(some)
            place.left_out = dict(reasons)
            _write(out / PLACE, msgspec.json.encode(place))
            progress.add(len(some))
    progress.end()


def _rendered(
    sources: tuple[Source, ...], splits: Splits, size: int, reasons: Counter[str]
) -> Iterator[tuple[Drawing, Rgba]]:
    for source in sources:
        if reason := left_out(source.set, source.licence):
            reasons[reason] += 1
            continue
        try:
            rgba, mono = render(source, size)
        except ValueError:
            reasons["cannot be rendered"] += 1
            continue
        if not rgba[..., 3].any():
            reasons["empty"] += 1
            continue
        yield _row(source, splits, rgba, mono), rgba


def _row(source: Source, splits: Splits, rgba: Rgba, mono: bool) -> Drawing:
    facts = {name: getattr(source, name) for name in Source.__struct_fields__ if name not in ("svg", "image")}
    split = splits.split_of(source.id, source.concept, source.style)
    if mono:
        return Drawing(**facts, split=split, mono=True, parts=count_parts(rgba[..., 3] > 127))
    return Drawing(**facts, split=split, mono=False, palette=palette(rgba))


def _finish(source: Path, out: Path, place: Place) -> Done:
    notice = source / NOTICE
    lines = attribution_lines(notice) if notice.exists() else {}
    sets: dict[str, dict[str, object]] = {}
    for row in msgspec.json.Decoder(Drawing).decode_lines((out / ROWS).read_bytes()):
        facts = sets.setdefault(row.set, {"licence": row.licence, "drawings": Counter()})
        counts = facts["drawings"]
        assert isinstance(counts, Counter)
        counts[row.split] += 1
        facts["attribution"] = lines.get(row.set, f"{row.set}, {row.licence}.")
    _write(out / LICENCES, msgspec.json.format(msgspec.json.encode({"sets": sets, "left_out": place.left_out})))
    _write(out / ATTRIBUTION, attribution(sets).encode())
    if notice.exists():
        _write(out / NOTICE, notice.read_bytes())
    names = (pixels_file(place.size), ROWS, LICENCES, ATTRIBUTION)
    done = Done(place.size, place.kept, place.source, {name: _sha256(out / name) for name in names})
    _write(out / DONE, msgspec.json.format(msgspec.json.encode(done)))
    (out / PLACE).unlink(missing_ok=True)
    return done


def _write(path: Path, data: bytes) -> None:
    partial = path.with_suffix(path.suffix + ".partial")
    partial.write_bytes(data)
    partial.replace(path)


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
