"""The text that a run was dealt, put back together: what an n-gram must learn from to be compared with its model."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pleiade.lab.data.stream import PackedStream


def tokens_seen(stream: PackedStream, num_tokens: int) -> NDArray[np.uint16]:
    """The pieces in the stream's first `num_tokens` tokens, in the order of their documents, a boundary before each.

    All of it helps the n-gram: neighbouring pieces stand side by side again, what the model got as fill-in-the-middle
    is plain text, and a piece that was dealt again counts once, since n-grams take repetition for regularity. The last
    piece comes whole.
    """
    dealt = [np.zeros(len(pieces), dtype=bool) for pieces in stream.pieces]
    epoch, left = 0, num_tokens
    while left > 0:
        stream.load_state_dict({"epoch": epoch, "position": 0, "offset": 0})
        for shard, piece in stream.order:
            first, last, ends = stream.pieces[shard][piece]
            dealt[shard][piece] = True
            left -= last - first + ends
            if left <= 0:
                break
        epoch += 1
    return np.concatenate([_text(stream, shard, chosen) for shard, chosen in enumerate(dealt)])


def _text(stream: PackedStream, shard: int, chosen: NDArray[np.bool_]) -> NDArray[np.uint16]:
    boundary = np.array([stream.end_of_text], dtype=np.uint16)
    starts = set(stream.shards[shard].starts[:-1].tolist())
    tokens = stream.shards[shard].tokens
    parts = [boundary[:0]]
    for first, last, _ in stream.pieces[shard][chosen]:
        parts += [boundary, tokens[first:last]] if int(first) in starts or len(parts) == 1 else [tokens[first:last]]
    return np.concatenate(parts)
