"""Tokenizes a whole corpus ahead of training, one task a source, the largest first."""

from __future__ import annotations

from pathlib import Path

from tokenizers import Tokenizer

from pleiade.lab.data.corpus import built_sources
from pleiade.lab.data.crew import crew
from pleiade.lab.data.manifest import read_manifest
from pleiade.lab.data.progress import Progress
from pleiade.lab.data.shards import Shard, Tokenizing, is_cached, open_shard, shard_path, tokenize_in_worker

TOKEN_BYTES = 2
BYTES_A_TOKEN = 4  # a guess for the time left, until the first source tells


def tokenize_corpus(
    corpus: Path, tokenizer: Tokenizer, cache: Path, workers: int = 1, check_all: bool = False
) -> list[Shard]:
    """The token shards of a built corpus, made where the cache lacks them; each is checked when it is opened.

    Raises ValueError (DamagedError) for damaged text or tokens, FileNotFoundError if `corpus` has no manifest.
    """
    sources = built_sources(corpus)
    sizes = {s.name: sum(shard.text_bytes for shard in s.shards) for s in read_manifest(corpus).sources}
    missing = sorted(
        (source for source in sources if not is_cached(corpus, source, tokenizer, cache)),
        key=lambda source: -sizes[source.name],
    )
    if missing:
        progress = Progress("tokenized", "M tokens", 1e6)
        total = sum(sizes[source.name] for source in missing)
        tokens = [Path(f"{shard_path(source, cache)}.bin") for source in missing]
        for file in tokens:
            file.unlink(missing_ok=True)

        def look() -> None:
            written = sum(file.stat().st_size for file in tokens if file.exists()) // TOKEN_BYTES
            progress.add(written - progress.count, min(0.99, written * BYTES_A_TOKEN / total))

        with crew(workers, look) as hands:
            for source in missing:
                hands.run(tokenize_in_worker, Tokenizing(corpus, source, tokenizer.to_str(), cache))
            hands.finish()
        look()
        progress.end()
    return [open_shard(shard_path(source, cache), check_all) for source in sources]
