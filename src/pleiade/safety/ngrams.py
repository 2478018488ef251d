"""What the classifier sees of a text: the hashes of its words, pairs of words and pieces of words, as bucket numbers.

fastText's idea (arXiv 1607.01759) without its dictionary: a piece of a word survives what a misspelling does to the
word.
"""

import numpy as np
from numpy.typing import NDArray

from pleiade.safety.reading import read_plainly

_PRIME = np.uint64(0x100000001B3)
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
PIECES = (3, 4, 5)  # letters
_WORD, _PAIR, _PIECE = (np.uint64(seed) for seed in (0x51, 0xA7, 0xC3))


def read_words(text: str) -> list[str]:
    """The words of a text as the classifier reads it."""
    return read_plainly(text).split()


def hash_words(words: list[str], buckets: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The bucket of each n-gram of a text, and the word in which it begins; in the order of words.

    `buckets` is a power of two. A text without words has none.
    """
    if not words:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    letters = np.frombuffer((" " + " ".join(words) + " ").encode("ascii"), np.uint8).astype(np.uint64)
    within = np.cumsum(letters == 32) - 1  # the word of each letter; a space belongs to the word behind it
    within[-1] -= 1
    found, places = [_words(letters)], [np.arange(len(words))]
    found.append(_pairs(found[0]))
    places.append(np.arange(len(words) - 1))
    rolling = letters + np.uint64(1)
    for length in range(2, min(PIECES[-1], len(letters)) + 1):
        rolling = rolling[:-1] * _PRIME + letters[length - 1 :] + np.uint64(1)
        if length in PIECES:
            found.append(rolling + _PIECE * np.uint64(length))
            places.append(within[: len(rolling)])
    joined, where = np.concatenate(found), np.concatenate(places)
    order = np.argsort(where, kind="stable")
    spread = (joined[order] * _SPREAD) >> np.uint64(64 - (buckets.bit_length() - 1))
    return spread.astype(np.int64), where[order]


def _words(letters: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A hash for each word: its letters, each multiplied by the prime to the power of its place."""
    gaps = np.flatnonzero(letters == 32)
    starts, ends = gaps[:-1] + 1, gaps[1:]
    places = _places(len(letters), starts)
    weighted = (letters + np.uint64(1)) * _POWERS[np.minimum(places, len(_POWERS) - 1)]
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(weighted, dtype=np.uint64)])
    hashes: NDArray[np.uint64] = (sums[ends] - sums[starts]) * _PRIME + _WORD
    return hashes


def _places(length: int, starts: NDArray[np.intp]) -> NDArray[np.intp]:
    """For each letter its place in its word."""
    first = np.zeros(length, np.intp)
    first[starts] = starts
    return np.arange(length) - np.maximum.accumulate(first)


def _pairs(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    hashes: NDArray[np.uint64] = (words[:-1] * _PRIME + words[1:]) * _PRIME + _PAIR
    return hashes


_POWERS = np.cumprod(np.full(64, _PRIME, np.uint64), dtype=np.uint64)
