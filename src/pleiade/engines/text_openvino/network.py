"""The compiled network: a step's batch in, logits out. All talk with the runtime while serving is here."""

from __future__ import annotations

import math
from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass
from typing import Literal

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from pleiade.engines.openvino_core import open_core
from pleiade.engines.text_openvino.adapters import Adapter, column_ranges
from pleiade.engines.text_openvino.files.weights import Checkpoint
from pleiade.engines.text_openvino.graph import STEP_INPUTS, build_decoder, build_head
from pleiade.engines.text_openvino.quantisation import SMALL, Weights
from pleiade.engines.text_openvino.scheduler import Chunk

CachePrecision = Literal["f16", "u8", "f32"]  # "f16" is bfloat16 where the layers compute in it

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
    adapters: list[int]  # serial of each sequence's adapter, 0 = none


def assemble(chunks: list[Chunk]) -> StepBatch:
    """Lay the chunks of a step end to end."""
    decoding = all(chunk.count == 1 for chunk in chunks)
    ids, positions, tables = [], [], []
    sampled: list[int] = []
    past, begins, table_begins = [], [0], [0]
    tokens = blocks = longest = 0
    for chunk in chunks:
        sequence, end = chunk.sequence, chunk.start + chunk.count
        ids.append(sequence.tokens[chunk.start : end])
        if not decoding:
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
        position_ids=np.array(past, np.int64) if decoding else np.concatenate(positions),
        past_lens=np.array(past, np.int32),
        subsequence_begins=np.array(begins, np.int32),
        block_indices=np.concatenate(tables),
        block_indices_begins=np.array(table_begins, np.int32),
        max_context_len=np.array(longest, np.int32),
        sampled_tokens_indices=np.array(sampled, np.int64),
        adapters=[chunk.sequence.adapter for chunk in chunks],
    )


class Network:
    """The compiled graphs with their paged KV cache. Not thread-safe: the scheduler's thread owns it."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        weights: Weights,
        *,
        kv_cache_bytes: int,
        threads: int | None = None,
        precision: Literal["auto", "f32"] = "auto",
        cache_precision: CachePrecision = "f16",
    ):
        self._checkpoint, self._weights = checkpoint, weights
        exact = {"INFERENCE_PRECISION_HINT": "f32"}
        if precision == "f32":
            exact["DYNAMIC_QUANTIZATION_GROUP_SIZE"] = "0"
        common = {"PERFORMANCE_HINT": "LATENCY"} | ({"INFERENCE_NUM_THREADS": str(threads)} if threads else {})
        self._properties = common | {"KV_CACHE_PRECISION": cache_precision}
        if cache_precision == "u8":
            # The default quantises keys by channel over a whole block and so requantises the block with every
            # token: results would depend on how a prompt was cut into chunks. By token they do not.
            self._properties["KEY_CACHE_QUANT_MODE"] = "BY_TOKEN"
        quantised = weights in ("int8", "int4") and checkpoint.architecture.hidden_size >= SMALL
        if precision == "f32" or quantised:
            # Float32 between layers lets the runtime multiply 8-bit weights with activations quantised on the fly:
            # faster than bfloat16 for a few streams, even with AMX (docs/decisions, text engine). A small model
            # gains no time and loses accuracy.
            self._properties |= exact
        self._core = open_core()
        head = self._core.compile_model(build_head(checkpoint, weights), "CPU", common | exact)
        self._head = head.create_infer_request()
        self._no_logits = np.empty((0, checkpoint.architecture.vocabulary_size), np.float32)
        decoder = self.compile_decoder(())
        self.block_size = BLOCK_SIZE
        self._cache = allocate_cache(decoder.compiled, max(1, kv_cache_bytes // bytes_per_block(decoder.compiled)))
        self.num_blocks: int = next(iter(self._cache.values())).shape[0]
        self.use(decoder)

    def compile_decoder(self, adapters: SequenceOf[Adapter]) -> Decoder:
        """The layers with these adapters; takes seconds, may be called from any thread."""
        model = build_decoder(self._checkpoint, self._weights, adapters)
        compiled = self._core.compile_model(model, "CPU", self._properties)
        return Decoder(compiled, compiled.create_infer_request(), column_ranges(adapters))

    def use(self, decoder: Decoder) -> None:
        """Run this decoder from now on, on the same cache. Only between steps."""
        for name, tensor in self._cache.items():
            decoder.request.set_tensor(name, tensor)
        self._decoder = decoder

    def run(self, batch: StepBatch) -> NDArray[np.float32]:
        """Logits [S, V] of the sampled positions; a view that the next run overwrites. Releases the GIL."""
        request = self._decoder.request
        for name in STEP_INPUTS:
            request.set_tensor(name, ov.Tensor(getattr(batch, name), shared_memory=True))
        if self._decoder.columns:
            request.set_tensor("adapter_mask", ov.Tensor(self._adapter_mask(batch)))
        request.start_async()
        request.wait()
        if not len(batch.sampled_tokens_indices):
            return self._no_logits
        self._head.set_input_tensor(request.get_output_tensor(0))
        self._head.start_async()
        self._head.wait()
        output: NDArray[np.float32] = self._head.get_output_tensor(0).data
        return output.reshape(output.shape[0], output.shape[-1])

    def _adapter_mask(self, batch: StepBatch) -> NDArray[np.float32]:
        """[T, 1, all ranks]: ones where a token may see the columns of an adapter."""
        columns = self._decoder.columns
        width = max(own.stop for own in columns.values())
        mask = np.zeros((len(batch.input_ids), 1, width), np.float32)
        for place, serial in enumerate(batch.adapters):
            if serial in columns:
                rows = slice(batch.subsequence_begins[place], batch.subsequence_begins[place + 1])
                mask[rows, 0, columns[serial]] = 1
        return mask


@dataclass(frozen=True)
class Decoder:
    """The compiled layers, a request to run them, and where which adapter's columns lie."""

    compiled: ov.CompiledModel
    request: ov.InferRequest
    columns: dict[int, slice]


def allocate_cache(compiled: ov.CompiledModel, blocks: int) -> dict[str, ov.Tensor]:
    """Key and value caches of all layers, by input name: each of [blocks, ...] as the layers ask."""
    return {
        name: ov.Tensor(kind, ov.Shape([blocks, *shape])) for name, (kind, shape) in _block_shapes(compiled).items()
    }


def bytes_per_block(compiled: ov.CompiledModel) -> int:
    """Bytes that a block of BLOCK_SIZE tokens takes in all layers together."""
    return sum(math.prod(shape) * kind.size for kind, shape in _block_shapes(compiled).values())


def _block_shapes(compiled: ov.CompiledModel) -> dict[str, tuple[ov.Type, list[int]]]:
    """Element type and shape of a block, by the name of the cache that it belongs to."""
    return {
        port.any_name: (port.element_type, [dimension.get_length() for dimension in list(port.partial_shape)[1:]])
        for port in compiled.inputs
        if "_cache." in port.any_name
    }
