"""Bits per byte mean what they say."""

import math

import pytest
import torch
from corpora import sentences, toy_tokenizer

from pleiade.lab.evals.bits_per_byte import bits_per_byte
from pleiade.lab.evals.greedy import greedy_tokens
from pleiade.lab.gpt.config import GptConfig
from pleiade.lab.gpt.model import Gpt, init_weights

TOY = GptConfig(512, 64, 2, 2, 1, 32, 128, max_position=256)


def test_a_model_that_knows_nothing_costs_the_logarithm_of_the_vocabulary_per_token() -> None:
    model, tokenizer = Gpt(TOY), toy_tokenizer()
    torch.nn.init.zeros_(model.embed_tokens.weight)
    texts = [" ".join(sentences()[:60]), "été"]
    num_tokens = sum(len(tokenizer.encode(text).ids) for text in texts)
    assert num_tokens > 500  # several windows
    score = bits_per_byte(model, tokenizer, texts, "toy", context=64)
    assert score.num_bytes == sum(len(text.encode()) for text in texts)
    assert score.bits_per_byte == pytest.approx(num_tokens * math.log2(512) / score.num_bytes, rel=1e-5)


def test_windows_give_what_one_long_pass_gives_when_the_text_fits() -> None:
    model, tokenizer = Gpt(TOY), toy_tokenizer()
    init_weights(model, seed=3)
    text = " ".join(sentences()[:6])
    ids = [0, *tokenizer.encode(text).ids]
    assert len(ids) < 200
    with torch.no_grad():
        logprobs = model(torch.tensor([ids[:-1]])).log_softmax(-1)[0]
    nats = -float(logprobs.gather(1, torch.tensor(ids[1:])[:, None]).sum())
    score = bits_per_byte(model, tokenizer, [text], "toy", context=256)
    assert score.bits_per_byte == pytest.approx(nats / math.log(2) / len(text.encode()), rel=1e-4)


def test_greedy_decoding_takes_the_likeliest_token_each_time_and_stops_where_told() -> None:
    model = Gpt(TOY)
    init_weights(model, seed=3)
    torch.nn.init.normal_(model.embed_tokens.weight)
    written = greedy_tokens(model, [1, 2, 3], set(), 5)
    with torch.no_grad():
        for i, token in enumerate(written):
            assert token == int(model(torch.tensor([[1, 2, 3, *written[:i]]]))[0, -1].argmax())
    assert greedy_tokens(model, [1, 2, 3], {written[0]}, 5) == []
