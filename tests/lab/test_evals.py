"""The reference that engines and fast decoding are compared with does what it says."""

import torch

from pleiade.lab.evals.greedy import greedy_tokens
from pleiade.lab.gpt.config import GptConfig
from pleiade.lab.gpt.model import Gpt, init_weights

TOY = GptConfig(512, 64, 2, 2, 1, 32, 128, max_position=256)


def test_greedy_decoding_takes_the_likeliest_token_each_time_and_stops_where_told() -> None:
    model = Gpt(TOY)
    init_weights(model, seed=3)
    torch.nn.init.normal_(model.embed_tokens.weight)
    written = greedy_tokens(model, [1, 2, 3], set(), 5)
    with torch.no_grad():
        for i, token in enumerate(written):
            assert token == int(model(torch.tensor([[1, 2, 3, *written[:i]]]))[0, -1].argmax())
    assert greedy_tokens(model, [1, 2, 3], {written[0]}, 5) == []
