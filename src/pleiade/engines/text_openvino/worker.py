"""The text worker: loads a model and answers chat, completions and models over HTTP."""

import asyncio
import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

from pleiade.engines.text_openvino.answers.call import Events
from pleiade.engines.text_openvino.answers.chat_completions import answer_chat
from pleiade.engines.text_openvino.answers.completions import answer_completion
from pleiade.engines.text_openvino.answers.model import TextModel, sampling_defaults_of
from pleiade.engines.text_openvino.answers.tokenizer import TextTokenizer, load_tokenizer
from pleiade.engines.text_openvino.generation import EngineStats, TextEngine
from pleiade.engines.wire.app import Handler
from pleiade.engines.wire.errors import ApiError
from pleiade.engines.wire.exchange import Exchange
from pleiade.engines.wire.metrics import value_lines
from pleiade.engines.wire.requests import parse
from pleiade.engines.wire.serve import LoadError

log = logging.getLogger("pleiade.engine")


class WorkerOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a model is served: the command line of `python -m pleiade.engines.text_openvino`."""

    model: str  # folder or .gguf file
    model_id: str
    weights: Literal["int8", "int4", "bf16"] = "int8"
    max_batch: int = 32  # sequences in one step
    queue_limit: int = 32  # requests that may wait
    kv_cache_mb: int = 0  # 0 = the engine's own choice
    threads: int = 0  # 0 = the engine's own choice
    speculation: Literal["ngram", "off"] = "ngram"
    step_tokens: int = 512  # tokens of one step, decoding and prompts together
    answer_limit_s: float = 600.0  # the SDKs' own timeout
    adapters: Mapping[str, str] = {}  # name -> PEFT folder


class NewAdapter(msgspec.Struct, frozen=True):
    """An adapter to load: the name to call it by, and its PEFT folder."""

    name: str
    folder: str


class OldAdapter(msgspec.Struct, frozen=True):
    """An adapter to forget."""

    name: str


class TextService:
    """What the HTTP surface serves."""

    def __init__(self, model: TextModel) -> None:
        self._model = model
        self._created = int(time.time())
        self.posts: Mapping[str, Handler] = {
            "/chat/completions": self._chat,
            "/completions": self._completion,
            "/embeddings": self._embedding,
            "/adapters": self._load_adapter,
            "/adapters/unload": self._unload_adapter,
        }

    async def _chat(self, exchange: Exchange) -> None:
        await answer_chat(self._model, exchange)

    async def _completion(self, exchange: Exchange) -> None:
        await answer_completion(self._model, exchange)

    async def _load_adapter(self, exchange: Exchange) -> None:
        wanted = parse(exchange.body, NewAdapter)
        await self._model.load_adapter(wanted.name, wanted.folder)
        await exchange.answer_json({"id": wanted.name, "object": "model", "loaded": True})

    async def _unload_adapter(self, exchange: Exchange) -> None:
        wanted = parse(exchange.body, OldAdapter)
        self._model.unload_adapter(wanted.name)
        await exchange.answer_json({"id": wanted.name, "object": "model", "loaded": False})

    async def _embedding(self, exchange: Exchange) -> None:
        raise ApiError(
            400,
            f"The model '{self._model.id}' writes text and makes no embeddings; call an embedding model.",
            param="model",
            code="unsupported_operation",
        )

    def models(self) -> list[dict[str, object]]:
        """The model and its adapters."""
        return [
            {"id": name, "object": "model", "created": self._created, "owned_by": "pleiade"}
            for name in (self._model.id, *self._model.adapters)
        ]

    def metrics(self) -> str:
        """Latencies, lengths, and the scheduler's counters."""
        model = self._model
        lines = model.metrics.lines()
        stats = model.engine.stats()
        for field in msgspec.structs.fields(EngineStats):
            counts = field.name.endswith(("_tokens", "steps", "preemptions"))
            name = f"pleiade_engine_{field.name}" + ("_total" if counts else "")
            kind = "counter" if counts else "gauge"
            lines += value_lines(
                name, f"Scheduler: {field.name}.", kind, getattr(stats, field.name), model.metrics.labels
            )
        return "\n".join(lines) + "\n"

    def close(self) -> None:
        """Stop the scheduler."""
        self._model.engine.stop()


def open_service(
    engine: TextEngine, tokenizer: TextTokenizer, options: WorkerOptions, loop: asyncio.AbstractEventLoop
) -> TextService:
    """Put the HTTP side around an engine and start its scheduler.

    Raises LoadError where tokenizer or template do not fit. An adapter that does not fit is refused when called.
    """
    if tokenizer.vocabulary_size > engine.vocabulary_size:
        raise LoadError(
            f"{options.model}: the tokenizer knows {tokenizer.vocabulary_size} tokens, the weights only "
            f"{engine.vocabulary_size}; they belong to different models"
        )
    loaded, broken = {}, {}
    for name, path in options.adapters.items():
        try:
            engine.load_adapter(name, path)
        except (ValueError, OSError) as error:  # its base and the other adapters must not suffer for it
            log.error("adapter %r in %s cannot be loaded: %s", name, path, error)
            broken[name] = str(error)
        else:
            loaded[name] = path
    events = Events(loop)
    folder = Path(options.model)
    model = TextModel(
        model_id=options.model_id,
        engine=engine,
        tokenizer=tokenizer,
        events=events,
        sampling_defaults=sampling_defaults_of(folder) if folder.is_dir() else {},
        adapters=loaded,
        broken_adapters=broken,
        answer_limit_s=options.answer_limit_s,
    )
    engine.start(events.sink)
    return TextService(model)


def load(options: WorkerOptions, loop: asyncio.AbstractEventLoop) -> TextService:
    """Load weights and tokenizer. Raises LoadError, with what to do."""
    path = Path(options.model)
    if not path.exists():
        raise LoadError(f"{path} does not exist")
    began = time.monotonic()
    tokenizer = load_tokenizer(path)
    # Imported here: the runtime takes a fifth of a second, and the worker should listen before that.
    from pleiade.engines.text_openvino.engine import load_engine

    try:
        engine: TextEngine = load_engine(
            str(path),
            weights=options.weights,
            max_batch=options.max_batch,
            queue_limit=options.queue_limit,
            speculation=options.speculation,
            kv_cache_mb=options.kv_cache_mb or None,
            threads=options.threads or None,
            step_tokens=options.step_tokens,
        )
    except (ValueError, OSError) as error:
        raise LoadError(str(error)) from error
    service = open_service(engine, tokenizer, options, loop)
    log.info("%s ready after %.1f s", options.model_id, time.monotonic() - began)
    return service
