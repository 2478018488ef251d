"""A reward model: the text engine's layers, and one number read at the last token of each text.

The layers are the text engine's own graph. Its paged cache serves for the length of one batch: texts of any lengths lie
end to end without padding, and one that is longer than a step goes through in pieces.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from pleiade.engines.text_openvino.files.weights import open_checkpoint
from pleiade.engines.text_openvino.graph import STEP_INPUTS, build_decoder
from pleiade.engines.text_openvino.network import BLOCK_SIZE, allocate_cache
from pleiade.engines.text_openvino.quantisation import Weights

STEP_TOKENS = 4096  # of one text in one step: bounds the memory of activations


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
        self._compiled = ov.Core().compile_model(build_decoder(checkpoint, weights), "CPU", properties)
        self._request = self._compiled.create_infer_request()
        self._blocks = 0

    def score(self, texts: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Scores, float32 [B, 1], of texts given as token ids."""
        needed = [-(-len(text) // BLOCK_SIZE) for text in texts]
        self._reserve(sum(needed))
        ends = np.cumsum(needed)
        tables = [np.arange(end - count, end, dtype=np.int32) for end, count in zip(ends, needed, strict=True)]
        scores = np.empty((len(texts), 1), np.float32)
        for start in range(0, max(map(len, texts)), STEP_TOKENS):
            rows = [row for row, text in enumerate(texts) if len(text) > start]
            complete = [row for row in rows if len(texts[row]) <= start + STEP_TOKENS]
            last_SH = self._step([texts[row] for row in rows], [tables[row] for row in rows], start)
            scores[complete, 0] = last_SH @ self._head_H
        return scores

    def _reserve(self, blocks: int) -> None:
        """A cache of at least so many blocks."""
        if blocks > self._blocks:
            for name, tensor in allocate_cache(self._compiled, blocks).items():
                self._request.set_tensor(name, tensor)
            self._blocks = blocks

    def _step(
        self, texts: Sequence[Sequence[int]], tables: Sequence[NDArray[np.int32]], start: int
    ) -> NDArray[np.float32]:
        """Run the tokens from `start` on, at most STEP_TOKENS of each text; the last one's [S, H] of those that end."""
        pieces = [text[start : start + STEP_TOKENS] for text in texts]
        begins = np.cumsum([0, *map(len, pieces)])
        ended = [len(text) <= start + STEP_TOKENS for text in texts]
        values = {
            "input_ids": np.concatenate([np.asarray(piece) for piece in pieces]),
            "position_ids": np.concatenate([np.arange(start, start + len(piece)) for piece in pieces]),
            "past_lens": np.full(len(texts), start),
            "subsequence_begins": begins,
            "block_indices": np.concatenate(tables),
            "block_indices_begins": np.cumsum([0, *map(len, tables)]),
            "max_context_len": np.array(start + max(map(len, pieces))),
            "sampled_tokens_indices": begins[1:][ended] - 1,
        }
        for name, kind in STEP_INPUTS.items():
            self._request.set_tensor(name, ov.Tensor(np.asarray(values[name], kind)))
        self._request.infer()
        hidden: NDArray[np.float32] = self._request.get_output_tensor(0).data
        return hidden.reshape(-1, len(self._head_H))
