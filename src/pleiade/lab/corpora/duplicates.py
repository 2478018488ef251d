"""Which documents are copies of earlier ones: the same text, or nearly so by MinHash (Broder, 1997).

Documents are numbers here, and everything is decided by sorting: the answer depends on their order only, and memory
is 16 bytes a document, one band at a time; the signatures stay on disk.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import rensa
from numpy.typing import NDArray

from pleiade.lab.corpora.words import Hashes, run_hashes

SHINGLE = 5  # words
NUM_BANDS, BAND_ROWS = 16, 8  # found with 95 % at a similarity of 0.8, 99.99 % at 0.9; candidates are then verified
NUM_PERMUTATIONS = NUM_BANDS * BAND_ROWS
Signatures = NDArray[np.uint32]


def minhash(documents: Sequence[Hashes], seed: int) -> Signatures:
    """(documents, 128) MinHash signatures of the documents' runs of five words; of all words where there are fewer.

    Texts without a word get a row of zeros, which is nobody's copy.
    """
    shingles = [np.unique(run_hashes(words, min(SHINGLE, max(1, len(words))))) for words in documents]
    offsets = np.cumsum([0, *map(len, shingles)]).astype(np.uint64)
    flat = np.concatenate([np.empty(0, dtype=np.uint64), *shingles])
    matrix = rensa.RMinHash.digest_matrix_from_flat_token_hashes(flat, offsets, NUM_PERMUTATIONS, seed)
    signatures = np.asarray(matrix.to_rows(), dtype=np.uint32).reshape(len(documents), NUM_PERMUTATIONS)
    signatures[[len(runs) == 0 for runs in shingles]] = 0
    return signatures


def exact_copies(hashes: Hashes) -> NDArray[np.bool_]:
    """Whether each text, given as (documents, 2) numbers of `text_hash`, stood before."""
    order = np.lexsort((hashes[:, 1], hashes[:, 0]))  # stable: of equals the first document comes first
    copies = np.zeros(len(hashes), dtype=bool)
    copies[order[1:]] = (hashes[order[1:]] == hashes[order[:-1]]).all(axis=1)
    return copies


def near_copies(signatures: Signatures, skip: NDArray[np.bool_], threshold: float) -> NDArray[np.bool_]:
    """Whether each document is connected to an earlier one by similarities of at least `threshold`.

    `skip`: documents that are left out of the comparison already. Of each cluster the first document stays.
    """
    alive = np.flatnonzero(~skip & signatures.any(axis=1)) if len(signatures) else np.empty(0, dtype=np.int64)
    leader = np.arange(len(signatures))

    def root(document: int) -> int:
        while leader[document] != document:
            leader[document] = leader[leader[document]]
            document = int(leader[document])
        return document

    for band in range(NUM_BANDS):
        keys = _band_keys(signatures, alive, band)
        order = np.argsort(keys, kind="stable")
        for first, second in _verified(signatures, alive[order], keys[order], threshold):
            low, high = sorted((root(first), root(second)))
            leader[high] = low
    copies = np.zeros(len(signatures), dtype=bool)
    copies[[document for document in alive.tolist() if root(document) != document]] = True
    return copies


def _band_keys(signatures: Signatures, alive: NDArray[np.int64], band: int) -> Hashes:
    columns = signatures[:, band * BAND_ROWS : (band + 1) * BAND_ROWS][alive]
    return run_hashes(columns.astype(np.uint64).reshape(-1), BAND_ROWS)[::BAND_ROWS]


def _verified(
    signatures: Signatures, documents: NDArray[np.int64], keys: Hashes, threshold: float
) -> Iterator[tuple[int, int]]:
    """Neighbours in a band's buckets, and each with its bucket's first, whose signatures agree enough."""
    bounds = [*np.flatnonzero(np.append(True, keys[1:] != keys[:-1])).tolist(), len(keys)] if len(keys) else []
    pairs: set[tuple[int, int]] = set()
    for start, end in pairwise(bounds):
        bucket = documents[start:end].tolist()
        pairs.update(pairwise(bucket))
        pairs.update((bucket[0], other) for other in bucket[1:])
    ordered = np.asarray(sorted(pairs), dtype=np.int64).reshape(-1, 2)
    for chunk in np.array_split(ordered, len(ordered) // 4096 + 1):
        similar = (signatures[chunk[:, 0]] == signatures[chunk[:, 1]]).mean(axis=1) >= threshold
        yield from map(tuple, chunk[similar].tolist())
