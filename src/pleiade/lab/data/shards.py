"""Tokenizes a corpus once into a flat uint16 file beside an index of document boundaries."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from pleiade.lab.data.corpus import Source, read_documents, source_stamp
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
            np.asarray(ids, dtype=np.uint16).tofile(out)
            starts.append(starts[-1] + len(ids))
            num_bytes += len(text.encode("utf-8"))
    if starts[-1] == 0:
        raise ValueError(f"{name}: the corpus is empty, there is nothing to train on")
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
    index = json.loads(_file(path, "json").read_text("utf-8"))
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
    file = _file(shard_path(source, cache), "json")
    if not file.exists():
        return False
    index = json.loads(file.read_text("utf-8"))
    # A cache may come without the corpus (and older ones tell no source): then the tokenizer decides alone.
    stamp = source_stamp(data, source)
    same_source = not stamp or index.get("source", stamp) == stamp
    return bool(index["tokenizer"] == tokenizer_fingerprint(tokenizer) and same_source)


def tokenize_sources(data: Path, sources: Sequence[Source], tokenizer: Tokenizer, cache: Path) -> list[Shard]:
    """The shards of a recipe, one process a core for those that are not in the cache yet."""
    missing = [source for source in sources if not is_cached(data, source, tokenizer, cache)]
    if len(missing) > 1:
        with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
            list(pool.map(_tokenize_in_child, [(data, source, tokenizer.to_str(), cache) for source in missing]))
    return [tokenize_source(data, source, tokenizer, cache) for source in sources]


def _tokenize_in_child(work: tuple[Path, Source, str, Path]) -> None:
    data, source, tokenizer, cache = work
    tokenize_source(data, source, Tokenizer.from_str(tokenizer), cache)


def tokenize_source(data: Path, source: Source, tokenizer: Tokenizer, cache: Path) -> Shard:
    """The shard of a source, from the cache when the same tokenizer wrote it there."""
    path = shard_path(source, cache)
    if is_cached(data, source, tokenizer, cache):
        return open_shard(path)
    _file(path, "json").unlink(missing_ok=True)
    return write_shard(read_documents(data, source), tokenizer, path, source.name, source_stamp(data, source))
