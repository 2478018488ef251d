"""One checkpoint, three engines: transformers, llama.cpp and ours say the same."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
import torch
import xllamacpp
from numpy.typing import NDArray
from transformers import AutoModelForCausalLM, AutoTokenizer

from engines.text_openvino.test_graph import logits_of
from pleiade.lab.dialogues.everyday import everyday_conversations
from pleiade.lab.dialogues.facts import fact_conversations
from pleiade.lab.dialogues.identity import identity_conversations
from pleiade.lab.dialogues.render import render_text
from pleiade.lab.export.gguf import export_gguf
from pleiade.lab.export.huggingface import import_huggingface
from pleiade.lab.tokenizer.bpe import load_tokenizer

ROOT = Path(__file__).parents[2]
PICO = ROOT / "src" / "pleiade" / "registry" / "bundled" / "pleiade-pico"
NUM_TOKENS = 2000
END, *_ = ENDS = json.loads((PICO / "generation_config.json").read_text("utf-8"))["eos_token_id"]
TEXT = (
    "The river was low that summer, and the children of the village crossed it every morning on the stones. "
    "La maison était fermée depuis longtemps ; personne ne savait qui l'avait habitée. "
)


@pytest.fixture(scope="module")
def tokens() -> list[int]:
    """2,000 tokens of chats in the form in which the model is served."""
    conversations = [*identity_conversations(), *everyday_conversations(), *fact_conversations()]
    random.Random(0).shuffle(conversations)
    text = "".join(render_text(conversation) for conversation in conversations)
    ids = load_tokenizer(PICO).encode(text, add_special_tokens=False).ids
    assert len(ids) >= NUM_TOKENS
    return ids[:NUM_TOKENS]


@pytest.fixture(scope="module")
def reference(tokens: list[int]) -> NDArray[np.float32]:
    """The logits of transformers in float32."""
    model = AutoModelForCausalLM.from_pretrained(PICO, dtype=torch.float32)
    with torch.no_grad():
        return model(torch.tensor([tokens])).logits[0].numpy()


def agreement(ours: NDArray[np.int64], reference: NDArray[np.float32]) -> float:
    return float((ours == reference.argmax(-1)[: len(ours)]).mean())


def test_our_model_has_the_logits_of_transformers(tokens: list[int], reference: NDArray[np.float32]) -> None:
    with torch.no_grad():
        ours = import_huggingface(PICO)(torch.tensor([tokens]))[0].numpy()
    np.testing.assert_allclose(ours, reference, atol=5e-4)


def test_our_engine_agrees_at_eight_bit(tokens: list[int], reference: NDArray[np.float32]) -> None:
    ours = logits_of(PICO, tokens, "int8").argmax(-1)
    assert agreement(ours, reference) >= 0.98


@pytest.fixture(scope="module")
def llamacpp(tmp_path_factory: pytest.TempPathFactory) -> xllamacpp.Server:
    path = tmp_path_factory.mktemp("gguf") / "pico-q8_0.gguf"
    export_gguf(import_huggingface(PICO), load_tokenizer(PICO), path, "q8_0")
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(path)
    parameters.n_ctx, parameters.n_parallel = 2048, 1
    parameters.cpuparams.n_threads = 1
    parameters.cache_type_k = parameters.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
    parameters.verbosity = -1
    return xllamacpp.Server(parameters)


def test_llamacpp_agrees_at_eight_bit(
    llamacpp: xllamacpp.Server, tokens: list[int], reference: NDArray[np.float32]
) -> None:
    # Each call gives the likeliest token after a prefix; the server keeps what it has seen, so a call is one step.
    likeliest = []
    for length in range(1, NUM_TOKENS + 1):
        request = {"prompt": tokens[:length], "max_tokens": 1, "temperature": 0, "logprobs": 1, "cache_prompt": True}
        answer = llamacpp.handle_completions(request)
        told = answer["choices"][0]["logprobs"]  # nothing, where the likeliest token ends the text
        likeliest.append(told["content"][0]["id"] if told else END)
    theirs = reference.argmax(-1)
    assert (np.array(likeliest) == np.where(np.isin(theirs, ENDS), END, theirs)).mean() >= 0.98


def test_llamacpp_splits_text_into_the_same_tokens(llamacpp: xllamacpp.Server) -> None:
    theirs = AutoTokenizer.from_pretrained(PICO)
    for text in (TEXT, "L'an 1984 : 3,5 %\n\n\tété <tool_call>x</tool_call>", "def f(x):\r\n    return x  # ça"):
        answer = llamacpp.handle_completions({"prompt": text, "max_tokens": 1, "temperature": 0})
        assert answer["usage"]["prompt_tokens"] == len(theirs(text)["input_ids"])
