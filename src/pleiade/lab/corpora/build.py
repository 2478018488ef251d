"""Builds a corpus: clean every block, choose what is no copy, write shards, manifest and reports.

The same recipe and inputs give the same bytes, whatever the number of processes and however often it was stopped:
blocks are cut by the reader alone, choices depend on their order alone, and what is finished is found on disk.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from pleiade.lab.corpora.choose import choose
from pleiade.lab.corpora.clean import Block, clean_block
from pleiade.lab.corpora.decontaminate import EvaluationRuns, open_evaluation_runs, write_evaluation_runs
from pleiade.lab.corpora.finish import Sourced, finish_corpus
from pleiade.lab.corpora.recipe import CorpusSource, Recipe
from pleiade.lab.corpora.write import Chosen, read_written, write_source
from pleiade.lab.data.addresses import DataFile
from pleiade.lab.data.crew import Crew, crew
from pleiade.lab.data.lines import MAX_LINE_BYTES
from pleiade.lab.data.manifest import MANIFEST, Manifest, read_manifest
from pleiade.lab.data.progress import Progress
from pleiade.lab.data.reader import Document, Reader, list_inputs
from pleiade.lab.lock import LOCK, hold

FORMAT = 1  # raise it when the same recipe would give other bytes
BLOCK_CHARACTERS, BLOCK_DOCUMENTS = 4_000_000, 4_000
WORK, BUILT = ".work", ".built"


class PartRecord(msgspec.Struct, frozen=True):
    """A part that was read to its end: its number of blocks, and what the reader mended or left out."""

    blocks: int
    counts: dict[str, int]


@dataclass(frozen=True)
class Part:
    """One input of a source, and the folder for its cleaned blocks."""

    source: CorpusSource
    file: DataFile
    folder: Path

    def block(self, number: int) -> Path:
        """Where a block's results go, without suffix."""
        return self.folder / f"{number:06}"

    @property
    def record(self) -> Path:
        """Where it is written that the part is finished."""
        return self.folder / "part.json"


def build_corpus(
    recipe: Recipe, root: Path, out: Path, workers: int = 1, max_line_bytes: int = MAX_LINE_BYTES
) -> Manifest:
    """Build `recipe`, whose paths are below `root`, into the folder `out`; goes on where an earlier call was ended.

    Returns the manifest, at once if `out` holds this very build. Raises FileNotFoundError for a source that is not
    there, ValueError for one that can't be read or if nothing is left, FileExistsError if `out` is something else.
    """
    parts = [
        Part(source, file, out / WORK / "clean" / f"{number:03}" / f"{place:06}")
        for number, source in enumerate(recipe.sources)
        for place, file in enumerate(list_inputs(source.path, root))
    ]
    fingerprint = _fingerprint(recipe, parts, max_line_bytes)
    if _is_built(out, fingerprint):
        return read_manifest(out)
    _refuse_foreign(out)
    with hold(out):
        work = _work_folder(out, fingerprint)
        with crew(workers) as hands:
            evaluation = _evaluation_runs(recipe, root, work / "evaluation")
            _clean_all(recipe, root, parts, hands, work / "evaluation", max_line_bytes)
            sourced = [_sourced(source, parts) for source in recipe.sources]
            reasons = choose(recipe, sourced, work / "keep.npy")
            _write_all(recipe, root, sourced, out, hands)
        written = [read_written(_written(out, source)) for source in recipe.sources]
        manifest = finish_corpus(recipe, root, sourced, reasons, [w for w in written if w is not None], evaluation, out)
        (out / BUILT).write_text(fingerprint, "utf-8")
        shutil.rmtree(work)
    return manifest


def blocks_of(reader: Reader) -> Iterator[tuple[Document, ...]]:
    """The reader's documents in blocks, cut by size and number only."""
    waiting: list[Document] = []
    size = 0
    for document in reader:
        waiting.append(document)
        size += len(document.text)
        if size >= BLOCK_CHARACTERS or len(waiting) == BLOCK_DOCUMENTS:
            yield tuple(waiting)
            waiting, size = [], 0
    if waiting:
        yield tuple(waiting)


def _fingerprint(recipe: Recipe, parts: Sequence[Part], max_line_bytes: int) -> str:
    inputs = [(part.file.address, part.file.size, part.file.stamp) for part in parts]
    return hashlib.sha256(msgspec.json.encode([FORMAT, recipe, inputs, max_line_bytes])).hexdigest()


def _is_built(out: Path, fingerprint: str) -> bool:
    built = out / BUILT
    if not built.exists() or built.read_text("utf-8") != fingerprint or not (out / MANIFEST).exists():
        return False
    shards = [shard for source in read_manifest(out).sources for shard in source.shards]
    return all((out / s.path).exists() and (out / s.path).stat().st_size == s.stored_bytes for s in shards)


def _refuse_foreign(out: Path) -> None:
    ours = any((out / name).exists() for name in (WORK, BUILT, LOCK))
    if out.exists() and not ours and any(out.iterdir()):
        raise FileExistsError(f"{out} holds other files: give --out a new folder")


def _work_folder(out: Path, fingerprint: str) -> Path:
    """The folder of what is finished so far; emptied if it belongs to another recipe or other inputs."""
    work, plan = out / WORK, out / WORK / "plan"
    if not plan.exists() or plan.read_text("utf-8") != fingerprint:
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        plan.write_text(fingerprint, "utf-8")
    return work


def _evaluation_runs(recipe: Recipe, root: Path, path: Path) -> EvaluationRuns:
    if path.with_suffix(".json").exists():
        return open_evaluation_runs(path)
    return write_evaluation_runs(recipe.decontaminate, root, path)


def _clean_all(
    recipe: Recipe, root: Path, parts: Sequence[Part], hands: Crew, evaluation: Path, max_line_bytes: int
) -> None:
    total = sum(part.file.size for part in parts) if all(part.file.size for part in parts) else 0
    progress = Progress("cleaned", "MB", 1e6)
    before = 0
    for part in parts:
        if not part.record.exists():
            reader = Reader(part.file, part.source.field, max_line_bytes)
            number = -1
            for number, documents in enumerate(blocks_of(reader)):
                if not part.block(number).with_suffix(".json").exists():
                    named = tuple(Document(d.text, _below(d.origin, root), d.licence) for d in documents)
                    seed = recipe.near_duplicates.seed
                    hands.run(
                        clean_block,
                        Block(part.block(number), named, part.source, recipe.decontaminate, evaluation, seed),
                    )
                done = (before + reader.position) / total if total else 0.0
                progress.add(sum(len(d.text) for d in documents), done, part.source.name)
            hands.finish()  # a part is finished when its blocks are
            part.folder.mkdir(parents=True, exist_ok=True)
            unfinished = part.record.with_suffix(".part")
            unfinished.write_bytes(msgspec.json.encode(PartRecord(number + 1, dict(reader.counts))))
            unfinished.replace(part.record)
        before += part.file.size
    progress.end()


def _below(origin: str, root: Path) -> str:
    # Where the data lie on this machine is nobody's business, and would make two machines' builds differ.
    return origin.removeprefix(f"{root}/")


def _sourced(source: CorpusSource, parts: Sequence[Part]) -> Sourced:
    blocks: list[Path] = []
    counts: dict[str, int] = {}
    for part in parts:
        if part.source == source:
            record = msgspec.json.decode(part.record.read_bytes(), type=PartRecord)
            blocks += [part.block(number) for number in range(record.blocks)]
            for name, count in record.counts.items():
                counts[name] = counts.get(name, 0) + count
    return Sourced(source, tuple(blocks), counts)


def _written(out: Path, source: CorpusSource) -> Path:
    return out / WORK / "written" / f"{source.name}.json"


def _write_all(recipe: Recipe, root: Path, sourced: Sequence[Sourced], out: Path, hands: Crew) -> None:
    (out / WORK / "written").mkdir(exist_ok=True)
    place = 0
    progress = Progress("written", "sources")
    for item in sourced:
        record = _written(out, item.source)
        if not record.exists():
            licence = item.licence(root)
            folder = out / item.source.name
            hands.run(write_source, Chosen(item.blocks, out / WORK / "keep.npy", place, folder, record, licence))
        place += item.num_rows()
        progress.add(1, 0.0, item.source.name)
    hands.finish()
    progress.end()
