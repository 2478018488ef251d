"""The contract of an engine.

An engine is a process (or a remote URL) that speaks OpenAI's dialect over HTTP on loopback:

* `POST /v1/chat/completions`, `/v1/completions`, `/v1/embeddings`, `/v1/rewards` (ours: wire/rewards.py),
  `/v1/moderations`, `GET /v1/models`, as far as its model can;
* `GET /health`: 200 `{"status":"ok"}` once it can answer, 503 before, so that the supervisor knows;
* `GET /metrics`: Prometheus text, optional;
* it demands `Authorization: Bearer $PLEIADE_ENGINE_TOKEN`, so that other users of the machine cannot call it;
* with `stream_options.continuous_usage_stats` every chunk carries the cumulative `usage` as its LAST key
  (as vLLM gives it), so that a stream that is cut can be settled to the token;
* `GET /v1/usage/{x-request-id}`, optional, tells what a request has used, also when its caller is gone before the
  answer: so a plain call that was cut off is settled as truly as a stream;
* `POST /v1/adapters {"name": …, "folder": …}`, optional, loads a LoRA adapter beside what runs, and
  `POST /v1/adapters/unload {"name": …}` forgets one: 200, or 400 with the reason;
* errors have OpenAI's body; a full queue is 429 with `retry-after`; a prompt that is too long is
  400 `context_length_exceeded` before any compute; a failure after the first byte is a data object with `error`;
* when the client goes away, the slot is free at once;
* SIGTERM drains: no new request (503), running answers finish, then exit 0.
"""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from pleiade.domain import Deployment, Model

ENGINE_TOKEN_VARIABLE = "PLEIADE_ENGINE_TOKEN"


class EngineError(Exception):
    """An engine cannot serve a model; the message says why and what to do."""


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """A child process to start. It listens on 127.0.0.1:`port` and answers `health_path` when ready."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = {}  # added to the supervisor's own environment
    health_path: str = "/health"
    base_path: str = "/v1"  # routes are appended to http://127.0.0.1:port + base_path
    ready_timeout_s: float = 120.0
    headers: dict[str, str] = {}  # what the gateway must send, e.g. the bearer token
    send_model: str = ""
    rewrite_model: bool = False
    extra_usage: bool = True
    usage_per_choice: bool = False  # with n > 1 its chunks tell the usage of their own choice only
    tells_usage: bool = False  # GET base_path/usage/REQUEST tells what a request used, for a while
    loads_adapters: bool = False  # POST base_path/adapters loads one while it runs; else it is started anew


class Remote(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing to start: a URL that somebody else keeps alive."""

    url: str
    query: str = ""
    headers: dict[str, str] = {}
    send_model: str = ""
    rewrite_model: bool = True
    extra_usage: bool = False
    usage_per_choice: bool = False
    tells_usage: bool = False


class Engine(Protocol):
    """A kind of engine: given a deployment and its model, it says what to start (or where to call)."""

    name: str

    def plan(
        self,
        deployment: Deployment,
        model: Model,
        *,
        port: int,
        token: str,
        queue_limit: int,
        adapters: Mapping[str, str],
    ) -> Process | Remote:
        """What serves `model`. `adapters` maps names to LoRA folders to load beside it.

        Raises EngineError where this engine cannot serve that model (wrong format, unknown option).
        """
        ...
