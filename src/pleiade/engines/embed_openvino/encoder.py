"""A BERT encoder as an OpenVINO graph, built by hand from safetensors: token ids in, unit sentence vectors out.

Shapes: B texts, T tokens (padded), H hidden size, N heads, D head size.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import openvino as ov
import openvino.opset13 as op
from numpy.typing import NDArray

from pleiade.engines.openvino_core import open_core
from pleiade.engines.text_openvino.files.safetensors_files import open_safetensors
from pleiade.engines.text_openvino.files.tensors import StoredTensor

Node = Any  # openvino's own stubs leave it open

# Lengths are rounded up to a multiple of this: the runtime prepares its kernels anew for each length it meets.
LENGTH_STEP = 16


class EncoderShape(msgspec.Struct, frozen=True, kw_only=True):
    """Sizes of an encoder, from config.json and the files beside it."""

    layers: int
    heads: int
    hidden: int
    epsilon: float
    positions: int  # tokens that a text may have
    activation: str
    pooling: str  # "mean" or "cls"


def read_shape(folder: Path) -> EncoderShape:
    """The sizes of the model in `folder`. Raises ValueError for a model of another shape."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if config.get("model_type") != "bert":
        raise ValueError(
            f"{folder} is a {config.get('model_type')!r} model; this engine runs BERT encoders (model_type 'bert')"
        )
    if config.get("position_embedding_type", "absolute") != "absolute":
        raise ValueError(f"{folder}: position_embedding_type {config['position_embedding_type']!r} is not known")
    if config["hidden_act"] not in ("gelu", "gelu_new", "relu"):
        raise ValueError(f"{folder}: activation {config['hidden_act']!r} is not known")
    return EncoderShape(
        layers=config["num_hidden_layers"],
        heads=config["num_attention_heads"],
        hidden=config["hidden_size"],
        epsilon=config["layer_norm_eps"],
        positions=config["max_position_embeddings"],
        activation=config["hidden_act"],
        pooling=_pooling(folder),
    )


def _pooling(folder: Path) -> str:
    """How token vectors become one, by sentence-transformers' own file; the mean where there is none."""
    path = folder / "1_Pooling" / "config.json"
    if not path.is_file():
        return "mean"
    modes = json.loads(path.read_text(encoding="utf-8"))
    chosen = [name for name, value in modes.items() if name.startswith("pooling_mode_") and value is True]
    known = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls"}
    if len(chosen) != 1 or chosen[0] not in known:
        raise ValueError(f"{path}: pooling {chosen} is not known; mean or cls are")
    return known[chosen[0]]


class Encoder:
    """A compiled encoder. Not thread-safe: one thread owns it."""

    def __init__(self, folder: Path, *, threads: int = 0) -> None:
        """Raises ValueError where files are missing or of another shape."""
        self.shape = read_shape(folder)
        try:
            model = build_encoder(self.shape, open_safetensors(folder))
        except KeyError as error:
            raise ValueError(f"{folder}: the weights lack {error}; copy the model again") from None
        properties: dict[str, object] = {"PERFORMANCE_HINT": "LATENCY"}
        if threads:
            properties["INFERENCE_NUM_THREADS"] = threads
        self._request = open_core().compile_model(model, "CPU", properties).create_infer_request()

    def encode(self, texts: list[list[int]]) -> NDArray[np.float32]:
        """Unit vectors, float32 [B, H], of texts given as token ids with their special tokens."""
        longest = max(map(len, texts))
        padded = min(-(-longest // LENGTH_STEP) * LENGTH_STEP, self.shape.positions)
        ids_BT = np.zeros((len(texts), padded), np.int32)
        mask_BT = np.zeros((len(texts), padded), np.float32)
        for row, text in enumerate(texts):
            ids_BT[row, : len(text)] = text
            mask_BT[row, : len(text)] = 1.0
        result = self._request.infer([ids_BT, mask_BT])
        return np.array(result[0], np.float32)


def build_encoder(shape: EncoderShape, stored: Mapping[str, StoredTensor]) -> ov.Model:
    """The whole network. Raises KeyError for a tensor that is missing."""
    tensors = {name.removeprefix("bert."): tensor for name, tensor in stored.items()}

    def constant(name: str) -> Node:
        return op.constant(tensors[name].read())

    def linear(x: Node, name: str) -> Node:
        return op.add(op.matmul(x, constant(f"{name}.weight"), False, True), constant(f"{name}.bias"))

    def norm(x: Node, name: str) -> Node:
        normal = op.mvn(x, np.array([-1], np.int64), True, shape.epsilon, "inside_sqrt")
        return op.add(op.multiply(normal, constant(f"{name}.weight")), constant(f"{name}.bias"))

    def integers(*values: int) -> Node:
        return op.constant(np.array(values, np.int64))

    ids_BT = op.parameter(ov.PartialShape([-1, -1]), ov.Type.i32, name="ids")
    mask_BT = op.parameter(ov.PartialShape([-1, -1]), ov.Type.f32, name="mask")

    length = op.gather(op.shape_of(ids_BT), integers(1), integers(0))
    words_BTH = op.gather(constant("embeddings.word_embeddings.weight"), ids_BT, op.constant(np.int32(0)))
    places_TH = op.slice(
        constant("embeddings.position_embeddings.weight"), integers(0), length, integers(1), integers(0)
    )
    kind_H = op.constant(tensors["embeddings.token_type_embeddings.weight"].read()[0])
    x_BTH = norm(op.add(op.add(words_BTH, places_TH), kind_H), "embeddings.LayerNorm")

    # 0 where a token may be seen, a large negative number where it is padding; [B, 1, 1, T] for all heads and rows.
    hidden_B11T = op.multiply(
        op.subtract(op.unsqueeze(op.unsqueeze(mask_BT, integers(1)), integers(1)), op.constant(np.float32(1))),
        op.constant(np.float32(1e9)),
    )
    size = shape.hidden // shape.heads
    for layer in range(shape.layers):
        name = f"encoder.layer.{layer}"

        def heads(x: Node, which: str, name: str = name) -> Node:
            split = op.reshape(linear(x, f"{name}.attention.self.{which}"), integers(0, 0, shape.heads, size), True)
            return op.transpose(split, integers(0, 2, 1, 3))

        seen_BNTD = op.scaled_dot_product_attention(
            heads(x_BTH, "query"), heads(x_BTH, "key"), heads(x_BTH, "value"), hidden_B11T
        )
        seen_BTH = op.reshape(op.transpose(seen_BNTD, integers(0, 2, 1, 3)), integers(0, 0, shape.hidden), True)
        attended = linear(seen_BTH, f"{name}.attention.output.dense")
        x_BTH = norm(op.add(x_BTH, attended), f"{name}.attention.output.LayerNorm")
        wide = _activation(linear(x_BTH, f"{name}.intermediate.dense"), shape.activation)
        x_BTH = norm(op.add(x_BTH, linear(wide, f"{name}.output.dense")), f"{name}.output.LayerNorm")

    if shape.pooling == "cls":
        pooled_BH = op.gather(x_BTH, op.constant(np.int32(0)), op.constant(np.int32(1)))
    else:
        weights_BT1 = op.unsqueeze(mask_BT, integers(2))
        total_BH = op.reduce_sum(op.multiply(x_BTH, weights_BT1), integers(1))
        pooled_BH = op.divide(total_BH, op.reduce_sum(weights_BT1, integers(1)))
    unit_BH = op.normalize_l2(pooled_BH, integers(1), 1e-12, "max")
    return ov.Model([op.result(unit_BH)], [ids_BT, mask_BT], "encoder")


def _activation(x: Node, kind: str) -> Node:
    if kind == "relu":
        return op.relu(x)
    return op.gelu(x, "erf" if kind == "gelu" else "tanh")
