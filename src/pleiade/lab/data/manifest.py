"""The list that comes with a built corpus: every shard with its checksum, every source with its share and licence."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

MANIFEST = "manifest.json"


class ShardFile(msgspec.Struct, frozen=True):
    """A compressed file of JSON lines: its path below the corpus, documents, bytes of text, stored bytes, checksum."""

    path: str
    documents: int
    text_bytes: int
    stored_bytes: int
    sha256: str


class BuiltSource(msgspec.Struct, frozen=True):
    """A source as built. `counts`: documents read, kept, and left out by reason. `share`: of the bytes a pass reads."""

    name: str
    path: str
    licence: str
    attribution: str
    repeats: float
    share: float
    languages: dict[str, int]
    counts: dict[str, int]
    shards: list[ShardFile]


class Manifest(msgspec.Struct, frozen=True):
    """A built corpus. `licences`: share of bytes under each."""

    recipe: str
    documents: int
    text_bytes: int
    licences: dict[str, float]
    sources: list[BuiltSource]
    made_with: dict[str, str]
    format: int = 1


class DamagedError(ValueError):
    """A file is not what its checksum says."""


def write_manifest(manifest: Manifest, corpus: Path) -> None:
    """Write `corpus`/manifest.json at once: it is there whole or not at all."""
    encoded: Any = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    waiting = corpus / f"{MANIFEST}.part"
    waiting.write_bytes(encoded + b"\n")
    waiting.replace(corpus / MANIFEST)


def read_manifest(corpus: Path) -> Manifest:
    """The manifest of a built corpus; raises FileNotFoundError or ValueError saying how to build it."""
    path = corpus / MANIFEST
    if not path.exists():
        raise FileNotFoundError(f"{corpus} is no built corpus (no {MANIFEST}): make one with `pleiade data build`")
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except msgspec.DecodeError as error:
        raise DamagedError(
            f"{path} is damaged or was written by another version ({error}): delete it and build the corpus again"
        ) from error


def file_sha256(path: Path) -> str:
    """The checksum of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_shard(path: Path) -> None:
    """Compare a file of a built corpus with its manifest; other files pass.

    Raises DamagedError naming the file and the way to mend it.
    """
    corpus = path.parent.parent
    if not (corpus / MANIFEST).exists():
        return
    expected = _checksums(corpus / MANIFEST, (corpus / MANIFEST).stat().st_mtime_ns)
    wanted = expected.get(f"{path.parent.name}/{path.name}")
    if wanted is not None and file_sha256(path) != wanted:
        raise DamagedError(
            f"{path} is damaged (its checksum is not the manifest's): delete it and run `pleiade data build` again"
        )


@lru_cache(maxsize=4)
def _checksums(manifest: Path, _written: int) -> dict[str, str]:
    return {shard.path: shard.sha256 for source in read_manifest(manifest.parent).sources for shard in source.shards}
