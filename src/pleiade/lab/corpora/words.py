"""Words as 64-bit numbers, and runs of words too: what copies and contamination are found by.

Hashes are stable across processes, machines and Python versions (never `hash`).
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_WORD = re.compile(r"\w+")
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
Hashes = NDArray[np.uint64]


@lru_cache(maxsize=1 << 18)
def _word_hash(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.lower().encode("utf-8"), digest_size=8).digest(), "little")


def word_hashes(text: str) -> Hashes:
    """One number a word, in order; case and punctuation do not count."""
    return np.fromiter(map(_word_hash, _WORD.findall(text)), dtype=np.uint64)


def word_spans(text: str) -> list[tuple[int, int]]:
    """(first, last + 1) character of every word that `word_hashes` counts."""
    return [match.span() for match in _WORD.finditer(text)]


def run_hashes(words: Hashes, num_words: int) -> Hashes:
    """One number for each run of `num_words` words (n-gram), in order: len(words) - num_words + 1 of them, or none."""
    count = len(words) - num_words + 1
    if count <= 0:
        return np.empty(0, dtype=np.uint64)
    runs = np.zeros(count, dtype=np.uint64)
    with np.errstate(over="ignore"):
        for place in range(num_words):
            runs = (runs ^ (runs >> np.uint64(29))) * _FACTOR + words[place : place + count]
        return (runs ^ (runs >> np.uint64(32))) * _FACTOR


def text_hash(text: str) -> tuple[int, int]:
    """Two 64-bit numbers that are the same only for the same text."""
    digest = hashlib.blake2b(text.encode("utf-8"), digest_size=16).digest()
    return int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:], "little")
