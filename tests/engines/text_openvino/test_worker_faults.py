"""The text worker when things go wrong: strangers, floods, disconnects, broken input, shutdown."""

import concurrent.futures
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from engines.worker_process import TOKEN, Worker, run_worker

CHAT = "/v1/chat/completions"
HI = [{"role": "user", "content": "hi"}]
LONG = {"messages": HI, "max_tokens": 1500, "ignore_eos": True, "stream": True}
MODULE = "pleiade.engines.text_openvino"


def _gauge(worker: Worker, name: str) -> float:
    lines = worker.client.get("/metrics").text.splitlines()
    return next(float(line.split()[-1]) for line in lines if line.startswith(f"pleiade_engine_{name}{{"))


def _wait_until(condition: Callable[[], bool], what: str) -> None:
    give_up = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < give_up, what
        time.sleep(0.02)


@pytest.mark.parametrize("header", [{}, {"authorization": "Bearer wrong"}, {"authorization": TOKEN}])
def test_a_stranger_on_the_machine_gets_nothing(text_worker: Worker, header: dict[str, str]) -> None:
    for method, path in (("GET", "/v1/models"), ("POST", CHAT), ("GET", "/metrics"), ("GET", "/nowhere")):
        answer = httpx.request(method, text_worker.url + path, headers=header, trust_env=False)
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == "invalid_api_key"
    assert httpx.get(text_worker.url + "/health", trust_env=False).json() == {"status": "ok"}


def test_models_lists_the_one_model(text_worker: Worker) -> None:
    listed = text_worker.client.get("/v1/models").json()
    assert [item["id"] for item in listed["data"]] == ["tiny"]
    assert text_worker.client.get("/v1/models/tiny").json() == listed["data"][0]
    missing = text_worker.client.get("/v1/models/other")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "model_not_found")


def test_a_caller_that_was_cut_off_learns_what_its_plain_call_used(text_worker: Worker) -> None:
    body = {"messages": HI, "max_tokens": 1500, "ignore_eos": True}
    with pytest.raises(httpx.ReadTimeout):
        text_worker.client.post(CHAT, json=body, headers={"x-request-id": "req_cut"}, timeout=0.4)
    _wait_until(lambda: _gauge(text_worker, "running") == 0, "the abandoned answer still runs")
    told = text_worker.client.get("/v1/usage/req_cut").json()
    assert told["request"] == "req_cut"
    assert told["usage"]["prompt_tokens"] > 0
    assert 0 < told["usage"]["completion_tokens"] < 1500
    whole = text_worker.client.post(CHAT, json={"messages": HI, "max_tokens": 3}, headers={"x-request-id": "req_whole"})
    assert text_worker.client.get("/v1/usage/req_whole").json()["usage"] == whole.json()["usage"]
    unknown = text_worker.client.get("/v1/usage/req_other")
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "request_not_found")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{bad", "invalid_json"),
        (b"", "invalid_json"),
        (b"[]", "invalid_type"),
        (b'{"messages": [{"role": "user", "content": "\xff\xfe"}]}', "invalid_encoding"),
        (b'{"messages": [], "max_tokens": 1e999}', "invalid_value"),
    ],
)
def test_bodies_that_are_no_request_are_400(text_worker: Worker, body: bytes, code: str) -> None:
    answer = text_worker.client.post(CHAT, content=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == code


def test_unknown_routes_and_methods_have_error_bodies(text_worker: Worker) -> None:
    missing = text_worker.client.post("/v1/nowhere", json={})
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "unknown_url")
    wrong = text_worker.client.get(CHAT)
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (405, "method_not_supported")
    embed = text_worker.post("/embeddings", input="x")
    assert (embed.status_code, embed.json()["error"]["code"]) == (400, "unsupported_operation")


def test_a_body_of_a_hundred_megabytes_is_refused_unread(text_worker: Worker) -> None:
    with socket_to(text_worker) as connection:
        head = f"POST {CHAT} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {TOKEN}\r\ncontent-length: 104857600\r\n\r\n"
        connection.sendall(head.encode())
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 413 ")


def socket_to(worker: Worker) -> socket.socket:
    """A plain TCP connection to the worker."""
    return socket.create_connection(("127.0.0.1", int(worker.url.rsplit(":", 1)[1])), timeout=20)


def test_a_long_text_is_refused_without_tokenising_it(text_worker: Worker) -> None:
    answer = text_worker.post("/chat/completions", messages=[{"role": "user", "content": "word " * 4_000_000}])
    assert answer.json()["error"]["code"] == "context_length_exceeded"


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_leaves_frees_its_slot(text_worker: Worker, stream: bool) -> None:
    request = {**LONG, "stream": stream, "max_tokens": 1900}
    with socket_to(text_worker) as connection:
        body = json.dumps(request).encode()
        head = (
            f"POST {CHAT} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {TOKEN}\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        connection.sendall(head.encode() + body)
        _wait_until(lambda: _gauge(text_worker, "running") >= 1, "the answer never began")
    _wait_until(lambda: _gauge(text_worker, "running") == 0, "the slot was not freed")
    lines = text_worker.client.get("/metrics").text
    assert 'outcome="cancelled"' in lines


def test_two_hundred_clients_on_a_queue_of_32_all_get_an_answer(text_worker: Worker) -> None:
    limits = httpx.Limits(max_connections=200)
    headers = {"authorization": f"Bearer {TOKEN}"}
    with httpx.Client(timeout=120, limits=limits, headers=headers, trust_env=False) as client:

        def ask(number: int) -> httpx.Response:
            request = {"messages": HI, "max_tokens": 60, "ignore_eos": True, "seed": number}
            return client.post(text_worker.url + CHAT, json=request)

        with concurrent.futures.ThreadPoolExecutor(200) as pool:
            answers = list(pool.map(ask, range(200)))
    counts = Counter(answer.status_code for answer in answers)
    assert set(counts) <= {200, 429}
    assert counts[200] >= 32
    for answer in answers:
        if answer.status_code == 429:
            assert int(answer.headers["retry-after"]) >= 1
            assert int(answer.headers["retry-after-ms"]) >= 1
            assert answer.json()["error"]["code"] == "rate_limit_exceeded"
    assert text_worker.ok("/chat/completions", messages=HI, max_tokens=1)


def test_sigterm_lets_running_answers_finish_and_refuses_new_ones(tiny_model: Path, tmp_path: Path) -> None:
    arguments = ["--model", str(tiny_model), "--model-id", "tiny", "--drain-s", "120"]
    with run_worker(MODULE, arguments, tmp_path / "log") as worker:
        with worker.client.stream("POST", CHAT, json={**LONG, "max_tokens": 700}) as answer:
            lines = answer.iter_lines()
            assert next(lines).startswith("data: ")
            worker.process.send_signal(signal.SIGTERM)
            _wait_until(
                lambda: httpx.get(worker.url + "/health", trust_env=False).status_code == 503,
                "it did not drain",
            )
            refused = httpx.post(
                worker.url + CHAT, json=LONG, headers={"authorization": f"Bearer {TOKEN}"}, trust_env=False
            )
            assert refused.status_code == 503
            assert int(refused.headers["retry-after"]) >= 1
            rest = [line for line in lines if line]
        assert rest[-1] == "data: [DONE]"
        assert worker.process.wait(60) == 0


def test_a_worker_ends_when_its_supervisor_is_gone(tiny_model: Path, tmp_path: Path) -> None:
    lifeline, held = os.pipe()
    arguments = ["--model", str(tiny_model), "--model-id", "tiny"]
    env = {"PLEIADE_LIFELINE_FD": str(lifeline)}
    with run_worker(MODULE, arguments, tmp_path / "log", env=env, pass_fds=[lifeline]) as worker:
        os.close(lifeline)
        assert worker.ok("/chat/completions", messages=HI, max_tokens=1)
        os.close(held)
        assert worker.process.wait(60) == 0


def test_a_folder_without_tokenizer_ends_the_start_with_its_remedy(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    ended = _start([str(tmp_path)])
    assert ended.returncode == 3
    assert "has no tokenizer.json" in ended.stderr


def test_a_missing_model_ends_the_start(tmp_path: Path) -> None:
    ended = _start([str(tmp_path / "nowhere")])
    assert ended.returncode == 3
    assert "does not exist" in ended.stderr


def _start(model: list[str]) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", MODULE, "--model", *model, "--model-id", "x", "--port", "0"]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)


def test_serving_never_imports_torch_or_transformers(text_worker: Worker) -> None:
    """The worker of these tests runs with a torch and a transformers that raise on import (conftest.py)."""
    form = {"type": "json_object"}
    assert text_worker.ok("/chat/completions", messages=HI, max_tokens=4, response_format=form)
