"""The paged KV cache's book-keeping: who owns which block, and which full blocks can be shared again.

A block holds the keys and values of 32 consecutive tokens. Only full blocks are ever shared, so nothing is
copied on write. A full block is known by the chained hash of all tokens up to its end; when nobody uses it
any more it stays findable until its place is needed (least recently used first).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

BlockHash = bytes


def chain_hash(parent: BlockHash, tokens: NDArray[np.int64]) -> BlockHash:
    """The name of a block: its tokens and, by its parent's name, all tokens before it.

    Cryptographic (128 bits), so that no tenant can craft a prompt that finds another's cache.
    """
    return blake2b(tokens.tobytes(), digest_size=16, key=parent[:64]).digest()


class BlockPool:
    """Blocks 0 .. count-1. Each is free, used (reference count > 0) or cached (findable, evictable)."""

    def __init__(self, count: int):
        self.count = count
        self._free = list(range(count - 1, -1, -1))
        self._references = [0] * count
        self._hash: list[BlockHash | None] = [None] * count
        self._by_hash: dict[BlockHash, int] = {}
        self._evictable: OrderedDict[int, None] = OrderedDict()  # cached and unused, oldest first

    @property
    def available(self) -> int:
        """Blocks that `allocate` could hand out now."""
        return len(self._free) + len(self._evictable)

    def allocate(self) -> int:
        """A block with one reference and no content; evicts the least recently used cached one if need be.

        Raises IndexError where nothing is available: look at `available` first.
        """
        if self._free:
            block = self._free.pop()
        elif self._evictable:
            block, _ = self._evictable.popitem(last=False)
            self._forget(block)
        else:
            raise IndexError("no block is available")
        self._references[block] = 1
        return block

    def find(self, hashes: Sequence[BlockHash]) -> list[int]:
        """The blocks of the longest known beginning of `hashes`; takes no reference."""
        blocks = []
        for name in hashes:
            block = self._by_hash.get(name)
            if block is None:
                break
            blocks.append(block)
        return blocks

    def is_unused(self, block: int) -> bool:
        """Whether nobody holds a reference."""
        return self._references[block] == 0

    def share(self, block: int) -> None:
        """Take one more reference on a used or cached block."""
        if self._references[block] == 0:
            del self._evictable[block]
        self._references[block] += 1

    def release(self, block: int) -> None:
        """Drop one reference. The last one makes the block evictable if it has a name, else free."""
        if self._references[block] <= 0:
            raise ValueError(f"block {block} is not in use: it was released twice")
        self._references[block] -= 1
        if self._references[block] == 0:
            if self._hash[block] is None:
                self._free.append(block)
            else:
                self._evictable[block] = None

    def name(self, block: int, content: BlockHash) -> None:
        """Make a full, used block findable, unless another block has that content already."""
        if content not in self._by_hash and self._hash[block] is None:
            self._by_hash[content] = block
            self._hash[block] = content

    def _forget(self, block: int) -> None:
        content = self._hash[block]
        if content is not None:
            del self._by_hash[content]
            self._hash[block] = None
