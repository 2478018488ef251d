"""One question, two ways to the model: in this process and over HTTP, with the same answer."""

import itertools
import json
import math
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
from corpora import sentences, toy_tokenizer

from engines.worker_process import TOKEN, run_worker
from pleiade.lab.evals.greedy import greedy_tokens
from pleiade.lab.evals.local import LocalScorer
from pleiade.lab.evals.networks import gpt_network, open_folder
from pleiade.lab.evals.remote import RemoteScorer
from pleiade.lab.evals.scorer import EvalError, cut
from pleiade.lab.evals.windows import STRIDE, nats_of, pieces
from pleiade.lab.export.huggingface import REPETITION_PENALTY, export_huggingface, import_huggingface
from pleiade.lab.gpt.config import GptConfig
from pleiade.lab.gpt.model import Gpt, init_weights
from pleiade.lab.tokenizer.bpe import token_id
from pleiade.lab.tokenizer.special_tokens import END_OF_TEXT, IM_END

TOY = GptConfig(512, 64, 2, 2, 1, 32, 128, max_position=256)
PICO = Path(__file__).parents[2] / "src/pleiade/registry/bundled/pleiade-pico"
PAIRS = [
    ("", "The capital of France is a city."),
    ("Question: What is the capital of France?\nAnswer:", " Paris"),
    ("Question: What is the capital of France?\nAnswer:", " an été"),
    ("La maison était", " fermée depuis longtemps."),
]


def toy_model() -> Gpt:
    """A model that knows nothing but has opinions."""
    model = Gpt(TOY)
    init_weights(model, seed=3)
    torch.nn.init.normal_(model.embed_tokens.weight, std=0.5, generator=torch.Generator().manual_seed(4))
    for layer in model.layers:
        torch.nn.init.normal_(layer.self_attn.o_proj.weight, std=0.2, generator=torch.Generator().manual_seed(5))
    return model


def toy_scorer() -> LocalScorer:
    return LocalScorer(gpt_network(toy_model(), toy_tokenizer(), "toy"))


def test_a_likelihood_is_the_sum_over_the_continuation_alone_whatever_shares_its_batch() -> None:
    model, tokenizer = toy_model(), toy_tokenizer()
    found = toy_scorer().likelihoods(PAIRS)
    for (context, continuation), likelihood in zip(PAIRS, found, strict=True):
        ids = tokenizer.encode("<|endoftext|>" + context + continuation).ids
        first = len(tokenizer.encode("<|endoftext|>" + context).ids)
        with torch.no_grad():
            logprobs = model(torch.tensor([ids[:-1]])).log_softmax(-1)[0]
        expected = sum(float(logprobs[i - 1, ids[i]]) for i in range(first, len(ids)))
        assert likelihood.logprob == pytest.approx(expected, rel=1e-4)
        assert likelihood.num_tokens == len(ids) - first
        assert likelihood.greedy == all(int(logprobs[i - 1].argmax()) == ids[i] for i in range(first, len(ids)))


def test_a_context_that_does_not_fit_loses_its_beginning_and_says_so() -> None:
    long = " ".join(sentences()[:60])
    (found,) = toy_scorer().likelihoods([(long, " Paris")])
    (short,) = toy_scorer().likelihoods([("La maison", " Paris")])
    assert (found.truncated, short.truncated) == (True, False)
    with pytest.raises(EvalError, match="256 positions"):
        toy_scorer().likelihoods([("", long)])


def test_pieces_of_a_text_add_up_to_the_text_and_to_its_tokens() -> None:
    tokenizer = toy_tokenizer()
    text = " ".join(sentences()[:80])
    cut_up = list(pieces(text))
    assert len(cut_up) > 2
    assert "".join(piece for _, piece in cut_up) == text
    assert all(len(piece) < 2 * STRIDE for _, piece in cut_up)
    for (before, piece), (after, _) in itertools.pairwise(cut_up):
        assert (before + piece).endswith(after)
    assert sum(len(tokenizer.encode(piece).ids) for _, piece in cut_up) == len(tokenizer.encode(text).ids)


def test_a_model_that_knows_nothing_costs_the_logarithm_of_the_vocabulary_per_token() -> None:
    model, tokenizer = Gpt(GptConfig(512, 64, 1, 2, 1, 32, 128, max_position=1024)), toy_tokenizer()
    torch.nn.init.zeros_(model.embed_tokens.weight)
    texts = [" ".join(sentences()[:40]), "été"]
    costs = nats_of(LocalScorer(gpt_network(model, tokenizer, "zero")), texts)
    for text, cost in zip(texts, costs, strict=True):
        assert cost == pytest.approx(len(tokenizer.encode(text).ids) * math.log(512), rel=1e-5)


def test_transformers_says_of_a_folder_what_our_own_network_says(tmp_path: Path) -> None:
    export_huggingface(toy_model(), toy_tokenizer(), tmp_path / "ours")
    shutil.copytree(tmp_path / "ours", tmp_path / "theirs")
    settings = tmp_path / "theirs/tokenizer_config.json"
    template = "{% for m in messages %}Q: {{ m['content'] }}\n{% endfor %}A:"
    settings.write_text(json.dumps(json.loads(settings.read_text()) | {"chat_template": template}))
    ours, theirs = open_folder(tmp_path / "ours"), open_folder(tmp_path / "theirs")
    assert ours.facts["network"] != theirs.facts["network"]
    for mine, other in zip(ours.likelihoods(PAIRS), theirs.likelihoods(PAIRS), strict=True):
        assert other.logprob == pytest.approx(mine.logprob, rel=1e-4)
        assert (other.greedy, other.num_tokens) == (mine.greedy, mine.num_tokens)
    prompts = [context for context, _ in PAIRS]
    assert theirs.complete(prompts, 6) == ours.complete(prompts, 6)
    assert theirs.infill([("def f(", "):\n")], 4) == ours.infill([("def f(", "):\n")], 4)
    tokenizer = toy_tokenizer()
    stop_ids = {token_id(tokenizer, mark) for mark in (END_OF_TEXT, IM_END)}
    (answer,) = theirs.chat([[{"role": "user", "content": "Why?"}]], 6)
    prompt = tokenizer.encode("Q: Why?\nA:").ids
    written = greedy_tokens(import_huggingface(tmp_path / "ours"), prompt, stop_ids, 6, REPETITION_PENALTY)
    assert answer == tokenizer.decode(written)


def test_text_is_cut_at_the_first_of_several_stops() -> None:
    assert cut("abc\ndef\nprint", ("\nprint", "\ndef")) == "abc"
    assert cut("abc", ("\n",)) == "abc"


def test_a_folder_that_is_no_model_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(EvalError, match=r"config\.json.*--url"):
        open_folder(tmp_path)


@pytest.fixture(scope="module")
def served() -> Iterator[RemoteScorer]:
    """The bundled model behind a real worker."""
    with (
        pytest.MonkeyPatch.context() as patch,
        run_worker("pleiade.engines.text_openvino", ["--model", str(PICO), "--model-id", "pico"], _log()) as worker,
    ):
        patch.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # is not asked
        yield RemoteScorer(worker.url, "pico", TOKEN)


def _log() -> Path:
    import tempfile

    return Path(tempfile.mkdtemp()) / "log"


def test_a_deployment_says_what_the_folder_says(served: RemoteScorer) -> None:
    local, remote = open_folder(PICO).likelihoods(PAIRS), served.likelihoods(PAIRS)
    assert served.facts["before each text"] == "<|endoftext|>"
    assert [found.num_tokens for found in remote] == [found.num_tokens for found in local]
    for ours, theirs in zip(local, remote, strict=True):
        assert theirs.logprob == pytest.approx(ours.logprob, rel=0.05, abs=0.3)  # the engine's weights have 8 bits
    assert served.complete(["The capital of France is"], 4)[0]
    assert "\n" not in served.infill([("def add(a, b):\n    ", "\n\nprint(add(1, 2))")], 8, ("\n",))[0]
    assert served.chat([[{"role": "user", "content": "Hello!"}]], 8)[0]


@contextmanager
def stranger(answer: dict[str, object], status: int = 200) -> Iterator[str]:
    """A server of another make that always answers the same."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            print("asked", file=sys.stderr)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def test_a_deployment_without_log_probabilities_is_named_with_what_it_can_do() -> None:
    with (
        stranger({"choices": [{"text": "x", "logprobs": None}]}) as url,
        pytest.raises(EvalError, match=r"(?s)needs log-probabilities.*ifeval"),
    ):
        RemoteScorer(url, "stranger").likelihoods(PAIRS)
    with (
        stranger({"error": {"message": "no echo here"}}, 400) as url,
        pytest.raises(EvalError, match=r"(?s)needs log-probabilities.*no echo here"),
    ):
        RemoteScorer(url, "stranger").likelihoods(PAIRS)


def test_a_refused_key_is_told_at_once() -> None:
    with (
        stranger({"error": {"message": "wrong key"}}, 401) as url,
        pytest.raises(EvalError, match="401: wrong key"),
    ):
        RemoteScorer(url, "stranger").complete(["a"], 1)
