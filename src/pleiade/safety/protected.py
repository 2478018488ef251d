"""Text that an operator protects: an index of hashed runs of words, and whether an answer repeats some of it.

The text itself is never kept. A shingle is the hash of `SHINGLE` words in a row; `RUN` protected words in a row are a
repetition, however they are spaced, punctuated or capitalised. A paraphrase is none.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

SHINGLE = 8  # words
RUN = 20  # words: what is quoted in passing is shorter
RECALL = 800  # characters before a piece of a stream that are looked at again: more than RUN words
MOST_WORDS = 2_000_000  # of one text: 16 MB of hashes
_IN_A_ROW = RUN - SHINGLE + 1  # shingles that a run has at least
_WORD = re.compile(r"\w+")


class ProtectedTextError(ValueError):
    """A text that cannot be protected; the message says why."""


def shingles_of(text: str) -> bytes:
    """What is kept of a text: its hashes, sorted, little-endian 64-bit. Raises ProtectedTextError."""
    words = _words(text)
    if not RUN <= len(words) <= MOST_WORDS:
        raise ProtectedTextError(f"it has {len(words):,} words; {RUN} to {MOST_WORDS:,} can be protected")
    return np.unique(_hashes(words, range(len(words) - SHINGLE + 1))).astype("<u8").tobytes()


class ProtectedIndex:
    """The shingles of all protected texts; any number of threads may ask it."""

    def __init__(self, texts: Iterable[bytes] = ()) -> None:
        """`texts`: what `shingles_of` gave for each."""
        parts = [np.frombuffer(each, "<u8") for each in texts]
        self._known: NDArray[np.uint64] = np.unique(np.concatenate(parts)) if parts else np.zeros(0, np.uint64)

    def __len__(self) -> int:
        """How many different shingles are protected."""
        return len(self._known)

    def repeats(self, text: str) -> bool:
        """Whether a text has `RUN` protected words in a row.

        Such a run has `_IN_A_ROW` shingles, so every `_IN_A_ROW`th one is looked at first, and more only where it hits.
        """
        if not len(self._known):
            return False
        words = _words(text)
        places = range(_IN_A_ROW - 1, len(words) - SHINGLE + 1, _IN_A_ROW)
        if not places:  # it has fewer than `RUN` words
            return False
        hits = self._has(words, places)
        return any(self._run_around(words, place) for place, hit in zip(places, hits, strict=True) if hit)

    def _run_around(self, words: Sequence[str], place: int) -> bool:
        """Whether enough shingles in a row around a protected one are protected too."""
        first = max(0, place - _IN_A_ROW + 1)
        around = self._has(words, range(first, min(len(words) - SHINGLE + 1, place + _IN_A_ROW)))
        longest = current = 0
        for hit in around:
            current = current + 1 if hit else 0
            longest = max(longest, current)
        return longest >= _IN_A_ROW

    def _has(self, words: Sequence[str], places: range) -> NDArray[np.bool_]:
        wanted = _hashes(words, places)
        found = np.searchsorted(self._known, wanted)
        return np.asarray(self._known[np.minimum(found, len(self._known) - 1)] == wanted)


def _words(text: str) -> list[str]:
    """Words without accents and case: an answer that only drops the accents repeats all the same."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    if not plain.isascii():
        plain = "".join([sign for sign in plain if not unicodedata.combining(sign)])
    return _WORD.findall(plain)


def _hashes(words: Sequence[str], places: range) -> NDArray[np.uint64]:
    """A hash that cannot be turned back, of the words at each place."""
    raw = b"".join(
        hashlib.blake2b(" ".join(words[place : place + SHINGLE]).encode(), digest_size=8).digest() for place in places
    )
    return np.frombuffer(raw, "<u8")
