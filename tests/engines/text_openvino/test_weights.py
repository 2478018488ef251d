"""Checkpoints are opened lazily, and a damaged one says what is wrong and what to do."""

import json
from itertools import pairwise
from pathlib import Path

import gguf
import numpy as np
import pytest
import torch
from gguf import GGMLQuantizationType as Kind

from engines.text_openvino.models import LAYERS, reference, write_folder, write_gguf
from pleiade.engines.text_openvino.files.architecture import architecture_of_config, rotary_frequencies
from pleiade.engines.text_openvino.files.weights import expected_shapes, open_checkpoint


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_tensors_have_the_values_that_transformers_saved(dtype: torch.dtype, tmp_path: Path) -> None:
    checkpoint = open_checkpoint(write_folder("qwen3", tmp_path, dtype))
    saved = reference("qwen3").state_dict()["model.layers.1.mlp.down_proj.weight"].to(dtype).float().numpy()
    np.testing.assert_array_equal(checkpoint.tensors["layers.1.down.weight"].read(), saved)


def test_shards_are_read_as_one(tmp_path: Path) -> None:
    whole = open_checkpoint(write_folder("llama", tmp_path / "whole"))
    sharded = open_checkpoint(write_folder("llama", tmp_path / "sharded", shard="300KB"))
    assert len(list((tmp_path / "sharded").glob("*.safetensors"))) > 1
    for name in expected_shapes(whole.architecture):
        np.testing.assert_array_equal(sharded.tensors[name].read(), whole.tensors[name].read())


def test_tied_embeddings_are_one_tensor(tmp_path: Path) -> None:
    tensors = open_checkpoint(write_folder("qwen3", tmp_path)).tensors
    assert tensors["head.weight"] is tensors["embedding.weight"]


def test_llama3_scaling_keeps_short_waves_and_stretches_long_ones() -> None:
    scaling = {
        "rope_type": "llama3",
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
    }
    plain = rotary_frequencies(128, 500000.0, {})
    stretched = rotary_frequencies(128, 500000.0, scaling)
    assert stretched[0] == plain[0]
    assert stretched[-1] == pytest.approx(plain[-1] / 8)
    assert all(a >= b for a, b in pairwise(stretched))


def test_frequencies_that_the_converter_stretched_are_taken_from_the_file(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    write_gguf("llama", path)
    factors = np.linspace(1, 4, 16, dtype=np.float32)
    reader = gguf.GGUFReader(path)
    longer = gguf.GGUFWriter(tmp_path / "stretched.gguf", "llama")
    for field in reader.fields.values():
        if field.name.startswith("llama."):
            longer.add_key_value(field.name, field.contents(), field.types[0])
    for tensor in reader.tensors:
        longer.add_tensor(tensor.name, tensor.data)
    longer.add_tensor("rope_freqs.weight", factors)
    longer.write_header_to_file()
    longer.write_kv_data_to_file()
    longer.write_tensors_to_file()
    longer.close()
    ours = open_checkpoint(tmp_path / "stretched.gguf").architecture.inverse_frequencies
    np.testing.assert_allclose(ours, np.array(rotary_frequencies(32, 10000.0, {})) / factors, rtol=1e-6)


def test_a_truncated_safetensors_file_is_named(tmp_path: Path) -> None:
    file = write_folder("qwen3", tmp_path) / "model.safetensors"
    content = file.read_bytes()
    for size in (4, 100, len(content) // 2):
        file.write_bytes(content[:size])
        with pytest.raises(ValueError, match=r"model\.safetensors .*truncated.*fetch"):
            open_checkpoint(tmp_path)


def test_a_truncated_gguf_file_is_named(tmp_path: Path) -> None:
    file = write_gguf("qwen3", tmp_path / "model.gguf")
    content = file.read_bytes()
    for size in (10, 300, len(content) // 2):
        file.write_bytes(content[:size])
        with pytest.raises(ValueError, match="truncated"):
            open_checkpoint(file)


def test_a_gguf_type_without_kernels_points_to_llamacpp(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"Q5_1.*text_llamacpp"):
        open_checkpoint(write_gguf("qwen3", tmp_path / "model.gguf", Kind.Q5_1))


def test_a_missing_shard_is_named(tmp_path: Path) -> None:
    write_folder("llama", tmp_path, shard="300KB")
    shard = sorted(tmp_path.glob("*.safetensors"))[1]
    shard.unlink()
    with pytest.raises(ValueError, match=shard.name):
        open_checkpoint(tmp_path)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"config\.json"):
        open_checkpoint(tmp_path)


def test_weights_of_another_model_are_refused(tmp_path: Path) -> None:
    folder = write_folder("qwen3", tmp_path)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"intermediate_size": 300}))
    with pytest.raises(ValueError, match="belong to different models"):
        open_checkpoint(folder)
    (folder / "config.json").write_text(json.dumps(config | {"num_hidden_layers": LAYERS + 1}))
    with pytest.raises(ValueError, match=rf"lacks the tensor 'layers\.{LAYERS}\."):
        open_checkpoint(folder)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model_type": "mamba"}, "mamba"),
        ({"rope_scaling": {"rope_type": "yarn", "factor": 4}}, "yarn"),
        ({"use_sliding_window": True}, "sliding"),
        ({"hidden_act": "relu"}, "relu"),
    ],
)
def test_an_architecture_we_do_not_build_is_refused_with_a_way_out(change: dict[str, object], words: str) -> None:
    config = {
        "model_type": "qwen3",
        "vocab_size": 10,
        "hidden_size": 8,
        "num_attention_heads": 2,
        "num_hidden_layers": 1,
        "intermediate_size": 8,
    }
    assert architecture_of_config(config).head_size == 4
    with pytest.raises(ValueError, match=words):
        architecture_of_config(config | change)
