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

from pleiade.lab.data.corpus import Source, read_documents


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


def write_shard(texts: Iterable[str], tokenizer: Tokenizer, path: Path, name: str) -> Shard:
    """Tokenize texts into `path`.bin and `path`.json (atomically: the index comes last).

    Raises ValueError for an empty corpus or a vocabulary that does not fit 16 bits.
    """
    if tokenizer.get_vocab_size() > 2**16:
        raise ValueError(f"{tokenizer.get_vocab_size()} tokens do not fit 16 bits: use a vocabulary of at most 65,536")
    path.parent.mkdir(parents=True, exist_ok=True)
    starts, num_bytes = [0], 0
    with open(path.with_name(path.name + ".bin"), "wb") as out:
        # One by one: encode_batch's threads share one cache and were 3 times slower here than a single thread.
        for text in texts:
            ids = tokenizer.encode(text, add_special_tokens=False).ids
            np.asarray(ids, dtype=np.uint16).tofile(out)
            starts.append(starts[-1] + len(ids))
            num_bytes += len(text.encode("utf-8"))
    if starts[-1] == 0:
        raise ValueError(f"{name}: the corpus is empty, there is nothing to train on")
    np.save(path.with_name(path.name + ".npy"), np.asarray(starts, dtype=np.int64))
    index = {"name": name, "tokenizer": tokenizer_fingerprint(tokenizer), "num_bytes": num_bytes}
    path.with_name(path.name + ".json").write_text(json.dumps(index) + "\n", "utf-8")
    return open_shard(path)


def open_shard(path: Path) -> Shard:
    """Map a written shard into memory; raises ValueError if the file was cut."""
    index = json.loads(path.with_name(path.name + ".json").read_text("utf-8"))
    tokens = np.memmap(path.with_name(path.name + ".bin"), dtype=np.uint16, mode="r")
    starts = np.load(path.with_name(path.name + ".npy"))
    if len(tokens) != starts[-1]:
        raise ValueError(
            f"{path}.bin holds {len(tokens)} tokens, its index says {starts[-1]}: delete it and tokenize again"
        )
    return Shard(index["name"], tokens, starts, index["num_bytes"])


def tokenize_sources(data: Path, sources: Sequence[Source], tokenizer: Tokenizer, cache: Path) -> list[Shard]:
    """The shards of a recipe, one process a core for those that are not in the cache yet."""
    missing = [source for source in sources if not _is_cached(source, tokenizer, cache)]
    if len(missing) > 1:
        with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
            list(pool.map(_tokenize_in_child, [(data, source, tokenizer.to_str(), cache) for source in missing]))
    return [tokenize_source(data, source, tokenizer, cache) for source in sources]


def _tokenize_in_child(work: tuple[Path, Source, str, Path]) -> None:
    data, source, tokenizer, cache = work
    tokenize_source(data, source, Tokenizer.from_str(tokenizer), cache)


def _is_cached(source: Source, tokenizer: Tokenizer, cache: Path) -> bool:
    index = cache / (_shard_path(source, cache).name + ".json")
    return index.exists() and json.loads(index.read_text("utf-8"))["tokenizer"] == tokenizer_fingerprint(tokenizer)


def _shard_path(source: Source, cache: Path) -> Path:
    return cache / f"{source.folder.replace('/', '__')}.{source.field}"


def tokenize_source(data: Path, source: Source, tokenizer: Tokenizer, cache: Path) -> Shard:
    """The shard of a source, from the cache when the same tokenizer wrote it there."""
    path = _shard_path(source, cache)
    if _is_cached(source, tokenizer, cache):
        return open_shard(path)
    path.with_name(path.name + ".json").unlink(missing_ok=True)
    return write_shard(read_documents(data, source), tokenizer, path, source.name)
