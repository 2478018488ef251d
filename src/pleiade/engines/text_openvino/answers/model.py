"""A loaded model as the routes use it: engine, tokenizer, template, grammars, and how an answer goes out."""

import asyncio
import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ParamSpec, Protocol, TypeVar

import msgspec

from pleiade.engines.text_openvino.answers.call import Call, Choice, Events
from pleiade.engines.text_openvino.answers.chat import ChatTemplate
from pleiade.engines.text_openvino.answers.grammar import GrammarCompiler
from pleiade.engines.text_openvino.answers.logprobs import TokenNames
from pleiade.engines.text_openvino.answers.tokenizer import TextTokenizer
from pleiade.engines.text_openvino.generation import GenerationRequest, TextEngine
from pleiade.engines.wire.answer import Frame, Kind
from pleiade.engines.wire.errors import ApiError
from pleiade.engines.wire.exchange import Exchange
from pleiade.engines.wire.metrics import GenerationMetrics
from pleiade.engines.wire.requests import GenerationFields
from pleiade.engines.wire.sse import StreamEncoder, UsageCounter, error_event

# Above this many bytes a request is prepared in a thread: a long prompt takes milliseconds to tokenise, and other
# streams must not wait for it. Below, the hand-over would cost more than the work. Grammars always go to a thread.
SMALL_BODY = 16 << 10
PRIORITY = b"x-pleiade-priority"  # header: "low" lets everybody else go first, and waits as long as that takes

P = ParamSpec("P")
R = TypeVar("R")


class Answer(Protocol):
    """What chat and text completions make of the choices of a call."""

    kind: Kind

    def whole(self, choices: Sequence[Choice]) -> list[dict[str, Any]]:
        """The choices of an answer that is sent whole, once all have ended."""
        ...

    def stream(self, encoder: StreamEncoder) -> Callable[[Choice], bytes]:
        """For an answer that is streamed: makes the events of what is new in a choice."""
        ...


class TextModel:
    """Everything that lives as long as the model."""

    def __init__(
        self,
        *,
        model_id: str,
        engine: TextEngine,
        tokenizer: TextTokenizer,
        events: Events,
        sampling_defaults: Mapping[str, Any],
        adapters: Mapping[str, str],
        broken_adapters: Mapping[str, str],
        answer_limit_s: float,
    ) -> None:
        self.id = model_id
        self.engine = engine
        self.tokenizer = tokenizer
        self.events = events
        self.template = ChatTemplate(tokenizer)
        self.grammars = GrammarCompiler(tokenizer, engine.vocabulary_size)
        self.names = TokenNames(tokenizer.token_bytes, tokenizer.control)
        self.metrics = GenerationMetrics(model_id)
        self.sampling_defaults = sampling_defaults
        self.adapters = dict(adapters)
        self._broken_adapters = dict(broken_adapters)
        self.strips_first_space = tokenizer.strips_first_space
        identity = f"{model_id} {engine.vocabulary_size} {engine.context_length} {sorted(self.adapters)}"
        self.fingerprint = "fp_" + hashlib.sha256(identity.encode()).hexdigest()[:10]
        self._answer_limit_s = answer_limit_s

    def name_for(self, asked: str) -> str:
        """What answers carry in `model`: the model's id, or the adapter's name where one was asked for."""
        return asked if asked in self.adapters else self.id

    def adapter_for(self, asked: str) -> str:
        """The loaded adapter of that name, or none: deployments reach the base model under names of their own.

        Raises ApiError 404 for an adapter that could not be loaded: the base model must not answer in its place.
        """
        if asked in self._broken_adapters:
            message = f"The adapter '{asked}' could not be loaded: {self._broken_adapters[asked]}"
            raise ApiError(404, message, param="model", code="model_not_found")
        return asked if asked in self.adapters else ""

    async def load_adapter(self, name: str, path: str) -> None:
        """Serve one more adapter, or another one under a known name. Raises ApiError 400 where it does not fit.

        The decoder with it is compiled beside the one that runs: answers go on meanwhile.
        """
        try:
            await asyncio.to_thread(self.engine.load_adapter, name, path)
        except (ValueError, OSError) as error:
            raise ApiError(400, f"The adapter '{name}' cannot be loaded: {error}", param="folder") from error
        self.adapters[name] = path
        self._broken_adapters.pop(name, None)

    def unload_adapter(self, name: str) -> None:
        """Forget an adapter; answers that it gives now are finished. One that is not there is forgotten already."""
        self._broken_adapters.pop(name, None)
        if self.adapters.pop(name, None) is not None:
            self.engine.unload_adapter(name)

    def deadline(self) -> float:
        """When an answer that begins now must be complete, in `time.monotonic()` seconds."""
        return time.monotonic() + self._answer_limit_s

    async def prepare(self, slow: bool, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Do `work` here, or in a thread where it is `slow`."""
        if not slow:
            return work(*args, **kwargs)
        return await asyncio.to_thread(work, *args, **kwargs)

    async def answer(
        self,
        exchange: Exchange,
        request: GenerationFields,
        generations: Sequence[GenerationRequest],
        choices: Sequence[Choice],
        answer: Answer,
    ) -> None:
        """Run the generations and send what comes of them, as a stream or whole. Raises ApiError where that fails.

        `choices` holds, generation after generation, `n` choices each.
        """
        usage = UsageCounter(sum(len(generation.prompt) for generation in generations))
        exchange.count_with(usage)
        if exchange.headers.get(PRIORITY) == b"low":
            generations = [msgspec.structs.replace(one, patient=True, deadline=None) for one in generations]
        frame = Frame(answer.kind, model=self.name_for(request.model), fingerprint=self.fingerprint, usage=usage)
        if request.stream:
            encoder = frame.encoder(request)
            call = Call(self.engine, self.events, generations, choices, usage, answer.stream(encoder))
            await self._stream(exchange, call, encoder, usage)
            return
        call = Call(self.engine, self.events, generations, choices, usage, None)
        await self._complete(exchange, call, usage)
        if not call.aborted:
            await exchange.answer_json(frame.whole(answer.whole(choices)))

    async def _stream(self, exchange: Exchange, call: Call, encoder: StreamEncoder, usage: UsageCounter) -> None:
        """Send a call's events as they come; a failure before the first is an ordinary error answer."""
        self._start(exchange, call)
        while True:
            data = await call.next()
            last = call.done
            if call.aborted:
                break
            if call.error is not None:
                self._count(call, usage, "error")
                if not exchange.started:
                    raise call.error
                await exchange.end_stream(data + error_event(call.error.body()))
                return
            if not exchange.started:
                await exchange.start_stream()
            if last:
                self._count(call, usage, "ok")
                await exchange.end_stream(data + encoder.end())
                return
            await exchange.write(data)
        self._count(call, usage, "cancelled")

    async def _complete(self, exchange: Exchange, call: Call, usage: UsageCounter) -> None:
        """Wait for a call's end. Raises ApiError where it failed."""
        self._start(exchange, call)
        try:
            await call.complete()
        except ApiError:
            self._count(call, usage, "error")
            raise
        self._count(call, usage, "cancelled" if call.aborted else "ok")

    def _start(self, exchange: Exchange, call: Call) -> None:
        try:
            call.start()
        except ApiError:
            self.metrics.requests["rejected"] += 1
            raise
        exchange.when_client_leaves(call.abort)

    def _count(self, call: Call, usage: UsageCounter, outcome: str) -> None:
        self.metrics.finished(
            outcome,
            started=call.started_at,
            first=call.first_token_at,
            now=time.monotonic(),
            prompt=usage.prompt,
            output=usage.completion,
        )


def sampling_defaults_of(folder: Path) -> dict[str, Any]:
    """The sampling that a model's makers recommend: generation_config.json, empty where there is none."""
    path = folder / "generation_config.json"
    if not path.is_file():
        return {}
    known = ("do_sample", "temperature", "top_p", "top_k", "min_p", "repetition_penalty")
    values = json.loads(path.read_text(encoding="utf-8"))
    return {name: values[name] for name in known if values.get(name) is not None}
