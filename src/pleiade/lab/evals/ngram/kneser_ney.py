"""Interpolated modified Kneser-Ney (Chen and Goodman 1999, section 3) over token ids, in sorted numpy arrays.

KenLM, the library of the field, needs a compiler; those in pure Python keep a dictionary entry an n-gram.

An n-gram is a place in its order's table, found by (place of its first n - 1 tokens, last token): no n-gram is stored
as a list of tokens, and all those that share a context lie side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NOWHERE = -1
ORDER = 5
# Where the counts of counts give none (a text of a few lines); KenLM falls back on the same.
PLAIN_DISCOUNTS = (0.5, 1.0, 1.5)

Discounts = tuple[float, float, float]


@dataclass(frozen=True)
class Table:
    """The n-grams of one order: what is left of each one's probability, and what its context gives to the order below.

    `keys` (sorted): place of the context in the order below * vocabulary + last token; `kept` (same length):
    (count - discount) / count of the context; `given`, by the context's place: what all of its discounts amount to,
    1 for a context that nothing follows. The lowest order has the one context 0.
    """

    keys: NDArray[np.uint64]
    kept: NDArray[np.float32]
    given: NDArray[np.float32]


@dataclass(frozen=True)
class KneserNey:
    """A model of tokens. No context reaches beyond a `boundary`, which stands between texts and may begin a context.

    `tables[k]` is of order k + 1; `discounts` likewise (of counts 1, 2, and 3 or more).
    """

    vocab_size: int
    boundary: int
    tables: tuple[Table, ...]
    discounts: tuple[Discounts, ...]

    @property
    def order(self) -> int:
        """The longest n-gram."""
        return len(self.tables)

    def probabilities(self, ids: Sequence[int] | NDArray[np.integer]) -> NDArray[np.float64]:
        """Of each token given at most order - 1 tokens before it, back to the last boundary."""
        tokens = np.asarray(ids, dtype=np.int64)
        reach = _reach(tokens, self.boundary, self.order)
        found = np.full(len(tokens), 1 / self.vocab_size)
        context = np.zeros(len(tokens), dtype=np.int64)
        for order, table in enumerate(self.tables, start=1):
            known = (context != NOWHERE) & (reach >= order)
            place = np.where(known, _find(table.keys, context * self.vocab_size + tokens), NOWHERE)
            kept = np.where(place == NOWHERE, 0.0, table.kept[place])
            found = np.where(known, kept + table.given[context] * found, found)
            context = np.concatenate([[NOWHERE], place[:-1]])  # of the next token, one longer
        return found

    def distribution(self, context: Sequence[int]) -> NDArray[np.float64]:
        """Of every token, (vocab_size,), after `context`."""
        shown = list(context)[-(self.order - 1) :] if self.order > 1 else []
        if self.boundary in shown:
            shown = shown[len(shown) - 1 - shown[::-1].index(self.boundary) :]
        found = np.full(self.vocab_size, 1 / self.vocab_size)
        for length in range(len(shown) + 1):
            place = self._place(shown[len(shown) - length :])
            if place == NOWHERE:
                break
            table = self.tables[length]
            first, last = np.searchsorted(table.keys, np.array([place, place + 1]).astype(np.uint64) * self._width)
            found *= table.given[place]
            found[(table.keys[first:last] % self._width).astype(np.int64)] += table.kept[first:last]
        return found

    @property
    def _width(self) -> np.uint64:
        return np.uint64(self.vocab_size)

    def _place(self, gram: Sequence[int]) -> int:
        place = 0
        for token, table in zip(gram, self.tables, strict=False):
            place = int(_find(table.keys, np.array([place * self.vocab_size + token]))[0])
            if place == NOWHERE:
                break
        return place


def train(tokens: NDArray[np.integer], vocab_size: int, boundary: int, order: int = ORDER) -> KneserNey:
    """Count and smooth. `tokens`: texts end to end, a `boundary` token before each.

    Below the highest order an n-gram counts the distinct tokens before it, except where it begins with the boundary,
    before which there is nothing: then its occurrences, as in KenLM. Raises ValueError if `tokens` begin otherwise.
    Takes about 80 bytes a token at its height.
    """
    if len(tokens) < 2 or tokens[0] != boundary:
        raise ValueError(f"give at least one text, with the boundary token {boundary} before it")
    keys_of, counts_of = _count(tokens, vocab_size, boundary, order)
    tables: list[Table] = []
    discounts: list[Discounts] = []
    num_contexts = 1
    for keys, counts in zip(keys_of, counts_of, strict=True):
        table, taken = _smooth(keys, counts, vocab_size, num_contexts)
        tables.append(table)
        discounts.append(taken)
        num_contexts = len(keys)
    return KneserNey(vocab_size, boundary, tuple(tables), tuple(discounts))


def _count(
    tokens: NDArray[np.integer], vocab_size: int, boundary: int, order: int
) -> tuple[list[NDArray[np.uint64]], list[NDArray[np.int32]]]:
    """The keys of each order, sorted, and their counts."""
    width = np.uint64(vocab_size)
    reach = _reach(tokens, boundary, order)
    place = np.zeros(len(tokens), dtype=np.int32)  # of the n-gram that ends at each token, in the order below
    is_first = np.zeros(1, dtype=bool)  # of each n-gram of the order below: it begins with the boundary
    keys_of: list[NDArray[np.uint64]] = []
    counts_of: list[NDArray[np.int32]] = []
    for n in range(1, order + 1):
        ends = np.flatnonzero(reach >= n)
        if not len(ends):
            break  # no text is that long
        keys = (place[ends - 1] if n > 1 else place).astype(np.uint64)
        keys *= width
        keys += tokens[ends].astype(np.uint64)
        sorting = np.argsort(keys)
        keys = keys[sorting]
        ends = ends[sorting]
        del sorting
        firsts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
        counts = np.diff(np.append(firsts, len(keys))).astype(np.int32)
        keys = keys[firsts]
        if n > 1:
            distinct = np.bincount(place[ends[firsts]], minlength=len(is_first)).astype(np.int32)
            counts_of[-1] = np.where(is_first, counts_of[-1], distinct) if n > 2 else distinct
        # Above the order of single tokens, "begins with the boundary" is inherited from the context.
        is_first = keys == boundary if n == 1 else is_first[keys // width]
        place = np.full(len(tokens), NOWHERE, dtype=np.int32)
        place[ends] = np.repeat(np.arange(len(firsts), dtype=np.int32), counts)
        keys_of.append(keys)
        counts_of.append(counts)
    return keys_of, counts_of


def _smooth(
    keys: NDArray[np.uint64], counts: NDArray[np.int32], vocab_size: int, num_contexts: int
) -> tuple[Table, Discounts]:
    discounts = _discounts(counts)
    taken = np.array([0.0, *discounts])[np.minimum(counts, 3)]
    context = (keys // np.uint64(vocab_size)).astype(np.int64)
    totals = np.bincount(context, weights=counts, minlength=num_contexts)
    given = np.bincount(context, weights=taken, minlength=num_contexts)
    given = np.where(totals > 0, given / np.maximum(totals, 1), 1.0)
    kept = (counts - taken) / totals[context]
    return Table(keys, kept.astype(np.float32), given.astype(np.float32)), discounts


def _discounts(counts: NDArray[np.int32]) -> Discounts:
    """Of counts 1, 2, and 3 or more: Chen and Goodman's equation 26."""
    once, twice, thrice, four = (int(np.count_nonzero(counts == c)) for c in (1, 2, 3, 4))
    if not (once and twice and thrice and four):
        return PLAIN_DISCOUNTS
    y = once / (once + 2 * twice)
    found = (1 - 2 * y * twice / once, 2 - 3 * y * thrice / twice, 3 - 4 * y * four / thrice)
    # The counts of a strange text can ask for more than there is.
    fits = all(0 < discount < c for c, discount in enumerate(found, start=1))
    return found if fits else PLAIN_DISCOUNTS


def _reach(tokens: NDArray[np.integer], boundary: int, order: int) -> NDArray[np.uint8]:
    """The longest n-gram, up to `order`, that ends at each token: back to a boundary before it, or to the start."""
    boundaries = np.where(tokens == boundary, np.arange(len(tokens), dtype=np.int32), 0)
    last = np.concatenate([[0], np.maximum.accumulate(boundaries)[:-1]])
    reach: NDArray[np.uint8] = np.minimum(np.arange(len(tokens), dtype=np.int32) - last + 1, order).astype(np.uint8)
    return reach


def _find(keys: NDArray[np.uint64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """The place of each wanted key, or NOWHERE."""
    asked = wanted.astype(np.uint64)
    place = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
    return np.where(keys[place] == asked, place, NOWHERE)
