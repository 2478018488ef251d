"""The compiled network: a step's batch in, logits out. All talk with the runtime while serving is here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from pleiade.engines.text_openvino.graph import STEP_INPUTS
from pleiade.engines.text_openvino.scheduler import Chunk

CachePrecision = Literal["bf16", "u8", "f32"]


BLOCK_SIZE = 32  # tokens; the CPU plugin's paged attention knows no other


@dataclass
class StepBatch:
    """What one step computes: new tokens of several sequences, end to end (see graph.STEP_INPUTS)."""

    input_ids: NDArray[np.int64]
    position_ids: NDArray[np.int64]
    past_lens: NDArray[np.int32]
    subsequence_begins: NDArray[np.int32]
    block_indices: NDArray[np.int32]
    block_indices_begins: NDArray[np.int32]
    max_context_len: NDArray[np.int32]
    sampled_tokens_indices: NDArray[np.int64]


def assemble(chunks: list[Chunk]) -> StepBatch:
    """Lay the chunks of a step end to end."""
    ids, positions, tables = [], [], []
    sampled: list[int] = []
    past, begins, table_begins = [], [0], [0]
    tokens = blocks = longest = 0
    for chunk in chunks:
        sequence, end = chunk.sequence, chunk.start + chunk.count
        ids.append(sequence.tokens[chunk.start : end])
        positions.append(np.arange(chunk.start, end))
        used = -(-end // BLOCK_SIZE)
        tables.append(sequence.table[:used])
        past.append(chunk.start)
        tokens += chunk.count
        blocks += used
        begins.append(tokens)
        table_begins.append(blocks)
        sampled.extend(range(tokens - chunk.sampled, tokens))
        longest = max(longest, end)
    return StepBatch(
        input_ids=np.concatenate(ids),
        position_ids=np.concatenate(positions),
        past_lens=np.array(past, np.int32),
        subsequence_begins=np.array(begins, np.int32),
        block_indices=np.concatenate(tables),
        block_indices_begins=np.array(table_begins, np.int32),
        max_context_len=np.array(longest, np.int32),
        sampled_tokens_indices=np.array(sampled, np.int64),
    )


class Network:
    """A compiled graph with its paged KV cache. Not thread-safe: the scheduler's thread owns it."""

    def __init__(
        self,
        model: ov.Model,
        *,
        kv_cache_bytes: int,
        threads: int | None = None,
        precision: Literal["auto", "f32"] = "auto",
        cache_precision: CachePrecision = "bf16",
    ):
        self.model = model
        self.properties: dict[str, object] = {
            "PERFORMANCE_HINT": "LATENCY",
            "KV_CACHE_PRECISION": cache_precision,
        }
        if cache_precision == "u8":
            # The default quantises keys by channel over a whole block and so requantises the block with every
            # token: results would depend on how a prompt was cut into chunks. By token they do not.
            self.properties["KEY_CACHE_QUANT_MODE"] = "BY_TOKEN"
        if threads:
            self.properties["INFERENCE_NUM_THREADS"] = threads
        if precision == "f32":
            self.properties |= {"INFERENCE_PRECISION_HINT": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": 0}
        self._compiled = ov.Core().compile_model(model, "CPU", self.properties)
        self._request = self._compiled.create_infer_request()
        ports = {name: port for port in self._compiled.inputs for name in port.names if "_cache." in name}
        shapes = {name: list(port.partial_shape)[1:] for name, port in ports.items()}
        block_bytes = sum(
            int(np.prod([dim.get_length() for dim in shapes[name]])) * port.element_type.size
            for name, port in ports.items()
        )
        self.block_size = BLOCK_SIZE
        self.num_blocks = max(1, kv_cache_bytes // block_bytes)
        self._cache = {}
        for name, port in ports.items():
            shape = ov.Shape([self.num_blocks, *(dim.get_length() for dim in shapes[name])])
            self._cache[name] = ov.Tensor(port.element_type, shape)
            self._request.set_tensor(name, self._cache[name])
        names = {name for port in self._compiled.inputs for name in port.names}
        self._inputs = [name for name in STEP_INPUTS if name in names]  # GPT-2 has positions, all have them all

    def run(self, batch: StepBatch) -> NDArray[np.float32]:
        """Logits [S, V] of the sampled positions; a view that the next run overwrites. Releases the GIL."""
        for name in self._inputs:
            self._request.set_tensor(name, ov.Tensor(getattr(batch, name), shared_memory=True))
        self._request.start_async()
        self._request.wait()
        output: NDArray[np.float32] = self._request.get_output_tensor(0).data
        return output.reshape(output.shape[0], output.shape[-1])
