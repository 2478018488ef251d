"""A reward model: the text engine's layers, and one number read at the last token of each text.

The layers are the text engine's own graph. Its paged cache serves for the length of one batch: texts of any lengths lie
end to end without padding, one that is longer than a step goes through in pieces, and what several begin with (the
question before the candidates) is computed once.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from pleiade.engines.openvino_core import open_core
from pleiade.engines.text_openvino.files.weights import open_checkpoint
from pleiade.engines.text_openvino.graph import STEP_INPUTS, build_decoder
from pleiade.engines.text_openvino.network import BLOCK_SIZE, allocate_cache
from pleiade.engines.text_openvino.quantisation import Weights

STEP_TOKENS = 4096  # of one text in one step: bounds the memory of activations


class Place(NamedTuple):
    """Where a text lies in the cache: its blocks, how many of its tokens others compute, and when its turn comes."""

    table: list[int]
    shared: int
    wave: int  # after those whose blocks it reads


def places(texts: Sequence[Sequence[int]]) -> tuple[list[Place], int]:
    """A place for each text, and the number of blocks in all. Whole blocks that begin several texts are shared."""
    known: dict[tuple[int, tuple[int, ...]], tuple[int, int]] = {}  # (block before, tokens): block, its wave
    found: list[Place] = []
    blocks = 0
    for text in texts:
        table: list[int] = []
        shared = wave = 0
        for start in range(0, len(text), BLOCK_SIZE):
            whole = start + BLOCK_SIZE < len(text)  # not the one with the last token: that is every text's own
            key = (table[-1] if table else -1, tuple(text[start : start + BLOCK_SIZE]))
            if whole and shared == start and key in known:
                block, computed = known[key]
                shared, wave = start + BLOCK_SIZE, max(wave, computed + 1)
            else:
                block, blocks = blocks, blocks + 1
                if whole:
                    known.setdefault(key, (block, wave))
            table.append(block)
        found.append(Place(table, shared, wave))
    return found, blocks


class Scorer:
    """A compiled reward model. Not thread-safe: one thread owns it."""

    def __init__(self, folder: Path, *, weights: Weights = "bf16", threads: int = 0) -> None:
        """Raises ValueError where files are missing or of another shape."""
        checkpoint = open_checkpoint(folder, scores=True)
        self.context_length = checkpoint.architecture.context_length
        self._head_H = checkpoint.tensors["head.weight"].read()[0]
        # Everything between the weights is float32, the cache too: answers that are compared differ by little.
        properties = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32",
            "KV_CACHE_PRECISION": "f32",
            "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0",
        }
        if threads:
            properties["INFERENCE_NUM_THREADS"] = str(threads)
        self._compiled = open_core().compile_model(build_decoder(checkpoint, weights), "CPU", properties)
        self._request = self._compiled.create_infer_request()
        self._blocks = 0

    def score(self, texts: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Scores, float32 [B, 1], of texts given as token ids."""
        where, blocks = places(texts)
        self._reserve(blocks)
        scores = np.empty((len(texts), 1), np.float32)
        for wave in range(max(place.wave for place in where) + 1):
            rows = [row for row, place in enumerate(where) if place.wave == wave]
            done = 0  # tokens of each text in this wave
            while rows:
                starts = [where[row].shared + done for row in rows]
                last_SH = self._step([texts[row] for row in rows], [where[row].table for row in rows], starts)
                done += STEP_TOKENS
                ended = [row for row in rows if where[row].shared + done >= len(texts[row])]
                scores[ended, 0] = last_SH @ self._head_H
                rows = [row for row in rows if row not in ended]
        return scores

    def _reserve(self, blocks: int) -> None:
        """A cache of at least so many blocks."""
        if blocks > self._blocks:
            for name, tensor in allocate_cache(self._compiled, blocks).items():
                self._request.set_tensor(name, tensor)
            self._blocks = blocks

    def _step(
        self, texts: Sequence[Sequence[int]], tables: Sequence[Sequence[int]], starts: Sequence[int]
    ) -> NDArray[np.float32]:
        """Run each text's tokens from its start on, at most STEP_TOKENS; the last one's [S, H] of those that end."""
        ends = [min(start + STEP_TOKENS, len(text)) for start, text in zip(starts, texts, strict=True)]
        spans = list(zip(texts, starts, ends, strict=True))
        used = [table[: -(-end // BLOCK_SIZE)] for table, end in zip(tables, ends, strict=True)]
        begins = np.cumsum([0, *(end - start for _, start, end in spans)])
        values = {
            "input_ids": np.concatenate([np.asarray(text[start:end]) for text, start, end in spans]),
            "position_ids": np.concatenate([np.arange(start, end) for _, start, end in spans]),
            "past_lens": np.array(starts),
            "subsequence_begins": begins,
            "block_indices": np.concatenate([np.asarray(table) for table in used]),
            "block_indices_begins": np.cumsum([0, *map(len, used)]),
            "max_context_len": np.array(max(ends)),
            "sampled_tokens_indices": begins[1:][[end == len(text) for text, _, end in spans]] - 1,
        }
        for name, kind in STEP_INPUTS.items():
            self._request.set_tensor(name, ov.Tensor(np.asarray(values[name], kind)))
        self._request.infer()
        hidden: NDArray[np.float32] = self._request.get_output_tensor(0).data
        return hidden.reshape(-1, len(self._head_H))
