"""Tokenizes a corpus once into a flat uint16 file beside an index of document boundaries."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from pleiade.lab.data.corpus import Source, read_documents, source_stamp
from pleiade.lab.data.crew import crew
from pleiade.lab.data.manifest import DamagedError, file_sha256

EDGE_BYTES = 1 << 16


@dataclass(frozen=True)
class Shard:
    """A tokenized source: `tokens` (all documents end to end) and `starts` (num_documents + 1 offsets)."""

    name: str
    tokens: NDArray[np.uint16]
    starts: NDArray[np.int64]
    num_bytes: int

    @property
    def num_tokens(self) -> int:
        """Tokens of all documents."""
        return int(self.starts[-1])


def tokenizer_fingerprint(tokenizer: Tokenizer) -> str:
    """A short hash of the tokenizer, so that tokens are never read with another one."""
    return hashlib.sha256(tokenizer.to_str().encode()).hexdigest()[:16]


def write_shard(texts: Iterable[str], tokenizer: Tokenizer, path: Path, name: str, stamp: str = "") -> Shard:
    """Tokenize texts into `path`.bin, `path`.npy and `path`.json (which comes last: without it nothing is there).

    `stamp` tells the version of the source. Raises ValueError for an empty corpus or a vocabulary that does not fit
    16 bits.
    """
    if tokenizer.get_vocab_size() > 2**16:
        raise ValueError(f"{tokenizer.get_vocab_size()} tokens do not fit 16 bits: use a vocabulary of at most 65,536")
    path.parent.mkdir(parents=True, exist_ok=True)
    starts, num_bytes = [0], 0
    with open(_file(path, "bin"), "wb") as out:
        # One by one: encode_batch's threads share one cache and were 3 times slower here than a single thread.
        for text in texts:
            ids = tokenizer.encode(text, add_special_tokens=False).ids
            out.write(np.asarray(ids, dtype=np.uint16).tobytes())
            starts.append(starts[-1] + len(ids))
            num_bytes += len(text.encode("utf-8"))
    if starts[-1] == 0:
        raise ValueError(f"{name}: the corpus is empty, there is nothing to train on: give it text or take it out")
    np.save(_file(path, "npy"), np.asarray(starts, dtype=np.int64))
    index = {
        "name": name,
        "tokenizer": tokenizer_fingerprint(tokenizer),
        "num_bytes": num_bytes,
        "source": stamp,
        "edges": _edges(_file(path, "bin")),
        "sha256": {suffix: file_sha256(_file(path, suffix)) for suffix in ("bin", "npy")},
    }
    waiting = _file(path, "json.part")
    waiting.write_text(json.dumps(index) + "\n", "utf-8")
    waiting.replace(_file(path, "json"))
    return open_shard(path)


def open_shard(path: Path, check_all: bool = False) -> Shard:
    """Map a written shard into memory.

    Size, boundaries and both ends of the tokens are compared with what was recorded; `check_all` compares every byte.
    Raises DamagedError if something differs.
    """
    index = _index(path)
    missing = [_file(path, suffix) for suffix in ("npy", "bin") if not _file(path, suffix).exists()]
    if missing:
        raise DamagedError(f"{missing[0]} is gone: delete {path}.json and tokenize again")
    hashes = index.get("sha256", {})
    if "npy" in hashes and file_sha256(_file(path, "npy")) != hashes["npy"]:
        raise DamagedError(f"{path}.npy is damaged: delete it with its .json and tokenize again")
    starts = np.load(_file(path, "npy"))
    num_tokens = _file(path, "bin").stat().st_size // 2
    if num_tokens != starts[-1]:
        raise DamagedError(
            f"{path}.bin holds {num_tokens} tokens, its index says {starts[-1]}: delete it and tokenize again"
        )
    changed = "edges" in index and _edges(_file(path, "bin")) != index["edges"]
    if changed or (check_all and "bin" in hashes and file_sha256(_file(path, "bin")) != hashes["bin"]):
        raise DamagedError(f"{path}.bin is damaged (its checksum is not the index's): delete it and tokenize again")
    tokens = np.memmap(_file(path, "bin"), dtype=np.uint16, mode="r")
    return Shard(index["name"], tokens, starts, index["num_bytes"])


def _index(path: Path) -> dict[str, Any]:
    """What is recorded of a written shard; raises DamagedError where it is no record."""
    try:
        index = json.loads(_file(path, "json").read_text("utf-8"))
    except ValueError as error:
        raise DamagedError(f"{path}.json is damaged ({error}): delete it and tokenize again") from error
    if not isinstance(index, dict) or not {"name", "tokenizer", "num_bytes"} <= index.keys():
        raise DamagedError(f"{path}.json is damaged (keys are missing): delete it and tokenize again")
    return index


def _edges(path: Path) -> str:
    """A checksum of a file's first and last 64 kB: what a cut or overwritten file shows at once."""
    with path.open("rb") as file:
        first = file.read(EDGE_BYTES)
        file.seek(max(0, path.stat().st_size - EDGE_BYTES))
        return hashlib.sha256(first + file.read(EDGE_BYTES)).hexdigest()


def _file(path: Path, suffix: str) -> Path:
    return path.with_name(f"{path.name}.{suffix}")


def shard_path(source: Source, cache: Path) -> Path:
    """Where a source's tokens lie in a cache, without suffix."""
    # A built corpus is named by its whole path to train on it and by its own folder to tokenize it: one name for both.
    name = source.name if Path(source.folder).is_absolute() else source.folder.replace("/", "__")
    return cache / f"{name}.{source.field}"


def is_cached(data: Path, source: Source, tokenizer: Tokenizer, cache: Path) -> bool:
    """Whether the cache holds this source as it is now, made by this tokenizer."""
    if not _file(shard_path(source, cache), "json").exists():
        return False
    index = _index(shard_path(source, cache))
    # A cache may come without the corpus (and older ones tell no source): then the tokenizer decides alone.
    stamp = source_stamp(data, source)
    same_source = not stamp or index.get("source", stamp) == stamp
    return bool(index["tokenizer"] == tokenizer_fingerprint(tokenizer) and same_source)


def tokenize_sources(
    data: Path, sources: Sequence[Source], tokenizer: Tokenizer, cache: Path, check_all: bool = False
) -> list[Shard]:
    """The shards of a recipe, one process a core for those that are not in the cache yet.

    Tokens that are damaged (`check_all` looks at every byte) are made anew from the text, and it is said so.
    """
    for source in sources:
        drop_damaged(source, cache, check_all)
    missing = [source for source in sources if not is_cached(data, source, tokenizer, cache)]
    with crew(min(len(missing), os.cpu_count() or 1)) as hands:
        for source in missing:
            hands.run(tokenize_in_worker, Tokenizing(data, source, tokenizer.to_str(), cache))
        hands.finish()
    return [tokenize_source(data, source, tokenizer, cache) for source in sources]


@dataclass(frozen=True)
class Tokenizing:
    """A source to tokenize; the tokenizer goes along as text."""

    data: Path
    source: Source
    tokenizer: str
    cache: Path


def tokenize_in_worker(task: Tokenizing) -> None:
    """Tokenize a source in a process of its own."""
    tokenize_source(task.data, task.source, Tokenizer.from_str(task.tokenizer), task.cache)


def drop_damaged(source: Source, cache: Path, check_all: bool = False) -> None:
    """Forget the tokens of a source that are not what was written, and say so: the text is still there."""
    path = shard_path(source, cache)
    if not _file(path, "json").exists():
        return
    try:
        open_shard(path, check_all)
    except DamagedError as error:
        print(f"{error}: done now", flush=True)
        _file(path, "json").unlink()


def tokenize_source(data: Path, source: Source, tokenizer: Tokenizer, cache: Path) -> Shard:
    """The shard of a source, from the cache when the same tokenizer wrote it there."""
    path = shard_path(source, cache)
    if is_cached(data, source, tokenizer, cache):
        return open_shard(path)
    _file(path, "json").unlink(missing_ok=True)
    return write_shard(read_documents(data, source), tokenizer, path, source.name, source_stamp(data, source))
