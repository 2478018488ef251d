"""The text that all contestants of bench/training.py learn, its tokenizer, and the part that is kept for validation."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from peers import ROOT
from pleiade.lab.data.corpus import Source, read_documents
from pleiade.lab.data.python_sources import INSTALLED, STANDARD_LIBRARY, read_package
from pleiade.lab.data.shards import write_shard
from pleiade.lab.tokenizer.bpe import save_tokenizer, train_tokenizer

VALIDATION_SHARE = 20  # every twentieth document
TOKENIZER_CHARACTERS = 6_000_000


def own_text() -> Iterator[str]:
    """Documentation and sources of this repository, then the standard library: there wherever the script is."""
    for pattern in ("docs/**/*.md", "src/**/*.py", "tests/**/*.py"):
        yield from (path.read_text("utf-8") for path in sorted(ROOT.glob(pattern)))
    yield from (module.text for module in read_package(f"{INSTALLED}#{STANDARD_LIBRARY}"))


def corpus_text(folder: Path) -> Iterator[str]:
    """The documents of a folder of JSON lines."""
    return read_documents(folder.parent, Source(folder.name))


def cut(texts: Iterator[str], num_characters: int) -> list[str]:
    """The first texts, of `num_characters` in all."""
    taken: list[str] = []
    for text in texts:
        if num_characters <= 0:
            break
        taken.append(text[:num_characters])
        num_characters -= len(text)
    return taken


def write_text(data: Path | None, folder: Path, vocabulary: int, num_characters: int) -> str:
    """Tokenizer and two shards, `train` and `validation`, in `folder`; says in words what was taken.

    The documents come from `data` (JSON lines), or from the repository and the standard library if it is None.
    """
    texts = cut(corpus_text(data) if data else own_text(), num_characters)
    kept = [text for number, text in enumerate(texts) if number % VALIDATION_SHARE == 0]
    learned = [text for number, text in enumerate(texts) if number % VALIDATION_SHARE]
    # Spread over all of the text, so that the vocabulary knows each part of it.
    step = max(1, sum(map(len, learned)) // TOKENIZER_CHARACTERS)
    tokenizer = train_tokenizer(islice(learned, 0, None, step), vocabulary)
    save_tokenizer(tokenizer, folder, 4096)
    train = write_shard(learned, tokenizer, folder / "train", "train")
    validation = write_shard(kept, tokenizer, folder / "validation", "validation")
    name = f"{data.name}" if data else "this repository and the standard library"
    return (
        f"{name}: {train.num_tokens / 1e6:.2f} M tokens of {train.num_bytes / train.num_tokens:.2f} bytes to learn, "
        f"{validation.num_tokens / 1e6:.2f} M kept for validation"
    )
