"""The hand-built graph computes what transformers computes, in every family, format and precision."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gguf import GGMLQuantizationType as Kind
from numpy.typing import NDArray

from engines.text_openvino.driving import GREEDY
from engines.text_openvino.models import VOCABULARY, random_prompt, reference_logits, write_folder, write_gguf
from pleiade.engines.text_openvino.files.weights import open_checkpoint
from pleiade.engines.text_openvino.generation import GenerationRequest
from pleiade.engines.text_openvino.network import Network, assemble
from pleiade.engines.text_openvino.sampler import SequenceSampler
from pleiade.engines.text_openvino.scheduler import Chunk, Sequence

FAMILIES = ["qwen3", "qwen2", "llama", "llama3", "gpt2"]
EXACT: dict[str, Any] = {"precision": "f32", "cache_precision": "f32"}


def logits_of(path: Path, tokens: list[int], weights: Any = "f32", **options: Any) -> NDArray[np.float32]:
    """Logits of all positions, computed in two chunks of prompt and the last five tokens one by one."""
    network = Network(open_checkpoint(path), weights, kv_cache_bytes=8 << 20, **options)
    request = GenerationRequest(id="", prompt=tokens)
    sequence = Sequence(request, 0, SequenceSampler(GREEDY, np.array(tokens), VOCABULARY), network.block_size)
    sequence.table[:] = np.arange(len(sequence.table))[::-1]  # blocks need not be in order
    cuts = [0, 37, len(tokens) - 5, *range(len(tokens) - 4, len(tokens) + 1)]
    rows = [
        network.run(assemble([Chunk(sequence, start, end - start, end - start)])).copy()
        for start, end in pairwise(cuts)
    ]
    return np.concatenate(rows)


def cosines(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    return (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


@pytest.mark.parametrize("family", FAMILIES)
def test_float32_logits_equal_those_of_transformers(family: str, tmp_path: Path) -> None:
    tokens = random_prompt(150)
    ours = logits_of(write_folder(family, tmp_path), tokens, **EXACT)
    np.testing.assert_allclose(ours, reference_logits(family, tokens), atol=2e-4, rtol=1e-4)


@pytest.mark.parametrize("family", ["qwen3", "gpt2", "wide"])
def test_eight_bit_logits_stay_close(family: str, tmp_path: Path) -> None:
    tokens = random_prompt(150)
    ours = logits_of(write_folder(family, tmp_path, torch.bfloat16), tokens, "int8")
    theirs = reference_logits(family, tokens)
    assert cosines(ours, theirs).mean() > 0.998
    clear = margins(theirs) > 0.05 * np.abs(theirs).max()  # where rounding cannot turn the order
    assert (ours.argmax(axis=1) == theirs.argmax(axis=1))[clear].all()


def margins(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far the likeliest token is ahead of the next."""
    best = np.sort(logits, axis=1)
    return best[:, -1] - best[:, -2]


@pytest.mark.parametrize(
    ("family", "weights", "cosine"), [("qwen3", "bf16", 0.9995), ("qwen3", "int4", 0.8), ("wide", "int4", 0.8)]
)
def test_other_weight_formats_stay_close(family: str, weights: str, cosine: float, tmp_path: Path) -> None:
    tokens = random_prompt(100)
    ours = logits_of(write_folder(family, tmp_path), tokens, weights)
    assert cosines(ours, reference_logits(family, tokens)).mean() > cosine


def test_an_eight_bit_cache_gives_the_same_whatever_the_chunks(tmp_path: Path) -> None:
    path, tokens = write_folder("qwen3", tmp_path), random_prompt(100)
    ours = logits_of(path, tokens, "f32", precision="f32", cache_precision="u8")
    assert cosines(ours, reference_logits("qwen3", tokens)).min() > 0.999


# Not llama3: the converter's stretched frequencies are covered by test_weights.
@pytest.mark.parametrize("family", [family for family in FAMILIES if family != "llama3"])
def test_a_gguf_file_gives_the_logits_of_the_folder(family: str, tmp_path: Path) -> None:
    tokens = random_prompt(80)
    ours = logits_of(write_gguf(family, tmp_path / "model.gguf"), tokens, **EXACT)
    np.testing.assert_allclose(ours, reference_logits(family, tokens), atol=2e-4, rtol=1e-4)


@pytest.mark.parametrize(
    ("kind", "cosine"), [(Kind.F16, 0.99999), (Kind.BF16, 0.9999), (Kind.Q8_0, 0.999), (Kind.Q4_0, 0.85)]
)
def test_every_readable_gguf_type_is_read_right(kind: Kind, cosine: float, tmp_path: Path) -> None:
    tokens = random_prompt(80)
    ours = logits_of(write_gguf("qwen3", tmp_path / "model.gguf", kind), tokens, **EXACT)
    assert cosines(ours, reference_logits("qwen3", tokens)).mean() > cosine
