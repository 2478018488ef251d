"""The network as an OpenVINO graph, built by hand: one function a layer, paged attention in its middle.

Shapes: T tokens of all sequences of a step laid end to end, H hidden size, D head size, S sampled positions,
V vocabulary. The activations keep a middle axis of one, [T, 1, H], because the runtime recognises its fused
kernels by that rank.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import openvino as ov
import openvino.opset13 as op
from openvino.op import _PagedAttentionExtension as PagedAttention

from pleiade.engines.text_openvino.adapters import Adapter, stacked
from pleiade.engines.text_openvino.files.architecture import Architecture
from pleiade.engines.text_openvino.files.tensors import StoredTensor
from pleiade.engines.text_openvino.files.weights import Checkpoint
from pleiade.engines.text_openvino.quantisation import SMALL, Weights, constant_matrix, scalar

Node = Any  # openvino has no complete stubs

STEP_INPUTS = {
    "input_ids": np.int64,  # [T]
    "position_ids": np.int64,  # [T]
    "past_lens": np.int32,  # [sequences] tokens that the cache already holds
    "subsequence_begins": np.int32,  # [sequences + 1] where each one's new tokens start among T
    "block_indices": np.int32,  # all block tables end to end
    "block_indices_begins": np.int32,  # [sequences + 1]
    "max_context_len": np.int32,  # scalar
    "sampled_tokens_indices": np.int64,  # [S] which of the T positions need logits
}


def build_decoder(checkpoint: Checkpoint, weights: Weights = "int8", adapters: Sequence[Adapter] = ()) -> ov.Model:
    """All layers: STEP_INPUTS and a key and a value cache a layer in, `hidden` [S, 1, H] of sampled positions out.

    With adapters there is one more input, `adapter_mask` [T, 1, all ranks]. The paged-attention operation
    is experimental upstream and `openvino` therefore pinned exactly; a test compares our logits with
    transformers'.
    """
    return _Builder(checkpoint.architecture, checkpoint.tensors, weights, adapters).model()


def build_head(checkpoint: Checkpoint, weights: Weights = "int8") -> ov.Model:
    """`hidden` [S, 1, H] in, `logits` [S, 1, V] out.

    A model of its own, so that it can run in float32 where the layers run in bfloat16: a bfloat16 logit of
    20 has steps of 0.125, and likely tokens would tie. It also spares the work where a chunk of a prompt
    needs no logits.
    """
    hidden = parameter("hidden", ov.Type.f32, [-1, 1, checkpoint.architecture.hidden_size])
    matrix = constant_matrix(checkpoint.tensors["head.weight"].read(), weights)
    result = op.result(op.matmul(hidden, matrix, False, True))
    result.output(0).set_names({"logits"})
    return ov.Model([result], [hidden], "head")


class _Builder:
    """Holds what every layer needs: the shape, the tensors, the inputs of the step."""

    def __init__(
        self,
        architecture: Architecture,
        tensors: Mapping[str, StoredTensor],
        weights: Weights,
        adapters: Sequence[Adapter],
    ):
        self.shape, self.tensors, self.weights = architecture, tensors, weights
        self.adapters = adapters
        ranks = {name: [] if name == "max_context_len" else [-1] for name in STEP_INPUTS}
        self.inputs = {name: parameter(name, kind, ranks[name]) for name, kind in STEP_INPUTS.items()}
        if adapters:
            ranks_in_all = sum(adapter.rank for adapter in adapters)
            self.inputs["adapter_mask"] = parameter("adapter_mask", ov.Type.f32, [-1, 1, ranks_in_all])
        self.parameters = list(self.inputs.values())

    def model(self) -> ov.Model:
        last_norm_TH = self.norm(self.layers(), "norm")
        sampled_SH = op.gather(last_norm_TH, self.inputs["sampled_tokens_indices"], op.constant(np.int64(0)))
        result = op.result(sampled_SH)
        result.output(0).set_names({"hidden"})
        return ov.Model([result], self.parameters, "decoder")

    def layers(self) -> Node:
        tokens = op.unsqueeze(op.convert(self.inputs["input_ids"], "i32"), scalar(1, np.int64))
        x = op.gather(self.matrix("embedding"), tokens, op.constant(np.int32(0)))
        if self.shape.rotary:
            self.cosine, self.sine = self.rotary_tables()
        else:
            positions = op.unsqueeze(op.convert(self.inputs["position_ids"], "i32"), scalar(1, np.int64))
            table = self.matrix("positions", "f32")  # a lookup: precision is cheap here
            x = op.add(x, op.gather(table, positions, op.constant(np.int32(0))))
        for layer in range(self.shape.num_layers):
            name = f"layers.{layer}."
            x = op.add(x, self.attention(self.norm(x, name + "attention_norm"), layer))
            x = op.add(x, self.mlp(self.norm(x, name + "mlp_norm"), name))
        return x

    def attention(self, x: Node, layer: int) -> Node:
        shape, name = self.shape, f"layers.{layer}."
        q, k, v = (self.linear(x, name + part) for part in "qkv")
        if name + "q_norm.weight" in self.tensors or shape.rotary:
            q = self.rotate(self.heads_norm(q, shape.num_heads, name + "q_norm"))
            k = self.rotate(self.heads_norm(k, shape.num_kv_heads, name + "k_norm"))
        q_width, kv_width = shape.num_heads * shape.head_size, shape.num_kv_heads * shape.head_size
        key_cache = parameter(f"key_cache.{layer}", ov.Type.dynamic, [-1, -1, -1, -1])
        value_cache = parameter(f"value_cache.{layer}", ov.Type.dynamic, [-1, -1, -1, -1])
        self.parameters += [key_cache, value_cache]
        attended = paged_attention(
            flat(q, q_width), flat(k, kv_width), flat(v, kv_width), key_cache, value_cache, self.inputs, shape
        )
        return self.linear(op.reshape(attended.output(0), scalar([-1, 1, q_width], np.int64), True), name + "o")

    def mlp(self, x: Node, name: str) -> Node:
        up = self.linear(x, name + "up")
        if self.shape.family == "gpt2":
            return self.linear(op.gelu(up, "tanh"), name + "down")
        return self.linear(op.multiply(op.swish(self.linear(x, name + "gate")), up), name + "down")

    def linear(self, x: Node, name: str) -> Node:
        y = op.matmul(x, self.matrix(name), False, True)
        if (change := stacked(self.adapters, name)) is not None:
            down, up = (op.constant(matrix) for matrix in change)
            low = op.multiply(op.matmul(x, down, False, True), self.inputs["adapter_mask"])
            y = op.add(y, op.matmul(low, up, False, True))
        bias = self.tensors.get(name + ".bias")
        return y if bias is None else op.add(y, op.constant(bias.read().reshape(1, 1, -1)))

    def matrix(self, name: str, weights: Weights | None = None) -> Node:
        values = self.tensors[name + ".weight"].read()
        return constant_matrix(values, weights or self.weights, fine=self.shape.hidden_size < SMALL)

    def norm(self, x: Node, name: str) -> Node:
        """RMSNorm, or LayerNorm where the checkpoint has a bias (GPT-2)."""
        bias, epsilon = self.tensors.get(name + ".bias"), scalar(self.shape.norm_epsilon)
        gain = op.constant(self.tensors[name + ".weight"].read())
        if bias is not None:
            normal = op.mvn(x, scalar([-1], np.int64), True, self.shape.norm_epsilon, "inside_sqrt")
            return op.add(op.multiply(normal, gain), op.constant(bias.read()))
        mean_square = op.reduce_mean(op.power(x, scalar(2.0)), scalar([-1], np.int64), True)
        return op.multiply(gain, op.multiply(x, op.divide(scalar(1.0), op.sqrt(op.add(mean_square, epsilon)))))

    def heads_norm(self, x: Node, heads: int, name: str) -> Node:
        """[T, 1, heads * D] -> [T, 1, heads, D], each head normalised where the model does so (Qwen3)."""
        by_head = op.reshape(x, scalar([0, 0, heads, self.shape.head_size], np.int64), True)
        return self.norm(by_head, name) if name + ".weight" in self.tensors else by_head

    def rotary_tables(self) -> tuple[Node, Node]:
        """Cosines and sines of every position's angles, [T, 1, 1, D]: computed once, used by every layer."""
        frequencies = np.asarray(self.shape.inverse_frequencies, np.float32).reshape(1, 1, -1)
        positions = op.unsqueeze(self.inputs["position_ids"], scalar([1, 2], np.int64))
        half = op.multiply(op.convert(positions, "f32"), op.constant(frequencies))
        angles = op.concat([half, half], -1)
        axis = scalar(1, np.int64)
        return op.unsqueeze(op.cos(angles), axis), op.unsqueeze(op.sin(angles), axis)

    def rotate(self, x: Node) -> Node:
        """Rotary positions (halves paired, as Llama in transformers): [T, 1, heads, D] in and out.

        The transposes around it move nothing (an axis of one) but make the runtime see its fused RoPE.
        """
        if not self.shape.rotary:
            return x
        middle, far = scalar([self.shape.head_size // 2], np.int64), scalar([2**62], np.int64)
        zero, one, last = scalar([0], np.int64), scalar([1], np.int64), scalar([3], np.int64)
        swap = scalar([0, 2, 1, 3], np.int64)
        x = op.transpose(x, swap)
        first, second = op.slice(x, zero, middle, one, last), op.slice(x, middle, far, one, last)
        turned = op.concat([op.multiply(second, scalar(-1.0)), first], -1)
        return op.transpose(op.add(op.multiply(x, self.cosine), op.multiply(turned, self.sine)), swap)


def paged_attention(
    q: Node,
    k: Node,
    v: Node,
    key_cache: Node,
    value_cache: Node,
    inputs: Mapping[str, Node],
    shape: Architecture,
) -> Node:
    """Write k, v [T, kv_heads * D] into their blocks; let q [T, heads * D] attend to what each may see."""
    empty_float, empty_int = op.constant(np.zeros(0, np.float32)), op.constant(np.zeros(0, np.int32))
    off = op.constant(np.int32(0))
    operands = [
        *(q, k, v, key_cache, value_cache),
        *(inputs[name] for name in ("past_lens", "subsequence_begins", "block_indices", "block_indices_begins")),
        op.constant(np.float32(shape.head_size**-0.5)),
        *(off, empty_float, inputs["max_context_len"]),  # sliding window, alibi slopes, longest context
        *(
            empty_int,
            empty_int,
            empty_int,
            empty_float,
        ),  # score window; cache rotation: blocks, deltas, table
        *(empty_float, off, off),  # sparse attention: threshold, block size, stride
        op.constant(np.zeros((0, 0, 0, 0), np.float32)),  # sinks
        *(off, empty_int, empty_int, empty_int),  # cache eviction: start, sizes, diversity blocks, begins
        empty_int,  # token types
        *(op.constant(np.zeros(0, np.uint8)), empty_int),  # mask among the queries, its begins
    ]
    node = PagedAttention([operand.output(0) for operand in operands])
    info = node.get_rt_info()
    info["num_k_heads"] = info["num_v_heads"] = shape.num_kv_heads
    info["k_head_size"] = info["v_head_size"] = shape.head_size
    return node


def flat(x: Node, width: int) -> Node:
    """Any shape -> [T, width]."""
    return op.reshape(x, scalar([-1, width], np.int64), True)


def parameter(name: str, kind: ov.Type | type[np.generic], shape: list[int]) -> Node:
    """A named input of the model."""
    node = op.parameter(ov.PartialShape(shape), kind, name=name)
    node.output(0).set_names({name})
    return node
