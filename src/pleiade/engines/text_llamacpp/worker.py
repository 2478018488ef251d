"""The llama.cpp worker: our surface in front of llama.cpp's own server in the same process."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import numpy as np

from pleiade.engines.text_llamacpp import dialect
from pleiade.engines.text_llamacpp.answers import ChatAnswer, CompletionAnswer
from pleiade.engines.text_llamacpp.dialect import Step
from pleiade.engines.text_llamacpp.infill import find_marks, frame_prompts
from pleiade.engines.text_llamacpp.sequences import Sequence, follow_all
from pleiade.engines.text_llamacpp.server import LlamaOptions, LlamaServer, context_of
from pleiade.engines.wire.answer import CHAT, Frame
from pleiade.engines.wire.app import Handler
from pleiade.engines.wire.checks import asked_tokens, check_limit, check_sampling, choices_of, stops_of
from pleiade.engines.wire.embeddings import check_form, inputs_of, vectors_answer
from pleiade.engines.wire.errors import ApiError, internal, invalid, queue_full
from pleiade.engines.wire.exchange import Exchange
from pleiade.engines.wire.infill import Marks
from pleiade.engines.wire.messages import template_messages
from pleiade.engines.wire.metrics import GenerationMetrics
from pleiade.engines.wire.requests import (
    ChatRequest,
    CompletionRequest,
    EmbeddingRequest,
    GenerationFields,
    number_in_range,
    parse,
)
from pleiade.engines.wire.serve import LoadError
from pleiade.engines.wire.sse import UsageCounter, encode_object

log = logging.getLogger("pleiade.engine")

NO_LIMIT = aiohttp.ClientTimeout(total=None, sock_connect=60)


class LlamaService:
    """What the HTTP surface serves."""

    def __init__(self, options: LlamaOptions, server: LlamaServer, loop: asyncio.AbstractEventLoop) -> None:
        self._options = options
        self._server = server
        self._loop = loop
        self._session: aiohttp.ClientSession | None = None
        self._context = 0
        self._marks: Marks | None = None  # looked up when somebody first sends a suffix
        self._active = 0
        self._created = int(time.time())
        self._fingerprint = f"fp_llamacpp_{Path(options.model).stat().st_size:x}"
        self._metrics = GenerationMetrics(options.model_id)
        chat: dict[str, Handler] = {"/chat/completions": self._chat, "/completions": self._completion}
        embed: dict[str, Handler] = {"/embeddings": self._embed}
        self.posts: Mapping[str, Handler] = embed if options.embedding else chat

    async def _ready(self) -> aiohttp.ClientSession:
        """The session to llama.cpp, made in the event loop at the first request."""
        if self._session is None:
            # Sequences beyond twice the slots wait here, not in llama.cpp's pool of threads. No connection is used
            # twice: llama.cpp closes idle ones after a while, and the next request would fail on one.
            connector = aiohttp.TCPConnector(limit=2 * self._options.slots, force_close=True)
            self._session = aiohttp.ClientSession(
                self._server.url,
                headers={"authorization": f"Bearer {self._server.key}"},
                timeout=NO_LIMIT,
                connector=connector,
                read_bufsize=1 << 20,  # one line holds all log-probabilities of a token
            )
        if not self._context:
            async with self._session.get("/props") as answer:
                self._context = context_of(await answer.json())
        return self._session

    async def _chat(self, exchange: Exchange) -> None:
        request = parse(exchange.body, ChatRequest)
        await self._ready()
        check_sampling(request)
        stops_of(request)
        name, asked = asked_tokens(request)
        check_limit(self._context, asked, name)
        number_in_range("top_logprobs", request.top_logprobs, 0, 20)
        fields = msgspec.json.decode(exchange.body)
        fields.pop("max_tokens", None)
        messages = [
            {**given, **clean}
            for given, clean in zip(fields["messages"], template_messages(request.messages), strict=True)
        ]
        for message, given in zip(messages, fields["messages"], strict=True):
            if "tool_calls" in given:  # llama.cpp wants them as the client sent them
                message["tool_calls"] = given["tool_calls"]
        sequences = [
            Sequence(
                number,
                "/v1/chat/completions",
                dialect.chat_request(fields, messages, number=number, max_tokens=asked),
                silent=asked == 0,
            )
            for number in range(choices_of(request))
        ]
        answer = ChatAnswer(bool(request.logprobs))
        await self._answer(exchange, request, sequences, answer, prompts=1)

    async def _completion(self, exchange: Exchange) -> None:
        request = parse(exchange.body, CompletionRequest)
        session = await self._ready()
        check_sampling(request)
        stops_of(request)
        n = choices_of(request)
        number_in_range("best_of", request.best_of, 0, 20)
        number_in_range("logprobs", request.logprobs, 0, 20)
        asked = 16 if request.max_tokens is None else request.max_tokens
        check_limit(self._context, asked, "max_tokens")
        best_of = request.best_of or n
        if best_of < n or (best_of > n and request.stream):
            raise invalid(f"'best_of' ({best_of}) must be at least 'n' ({n}), and is not for streams.", "best_of")
        if request.echo and (request.logprobs is not None or request.suffix):
            raise invalid(
                "llama.cpp gives no log-probabilities of a prompt: 'echo' cannot be combined with 'logprobs' or "
                "'suffix' here. The engine text_openvino can.",
                "echo",
            )
        prompts = _prompts(request)
        fields = msgspec.json.decode(exchange.body)
        if request.suffix:
            marks = self._marks = self._marks or await find_marks(session)
            prompts = await frame_prompts(session, marks, prompts, request.suffix)
            # llama.cpp neither stops at a mark nor shows it: none may be written.
            fields["logit_bias"] = {**(fields.get("logit_bias") or {}), **{str(mark): -100 for mark in marks}}
        if best_of > n:
            fields["logprobs"] = max(request.logprobs or 0, 1)
        sequences: list[Sequence] = []
        for prompt in prompts:
            for number in range(best_of):
                body = dialect.completion_request(fields, prompt, number=number, max_tokens=asked)
                sequences.append(Sequence(len(sequences), "/v1/completions", body, silent=asked == 0))
        echoed = [await self._text_of(session, p) if request.echo else "" for p in prompts]
        answer = CompletionAnswer(echoed, n=n, grown=best_of, logprobs=request.logprobs is not None)
        await self._answer(exchange, request, sequences, answer, prompts=len(prompts))

    async def _text_of(self, session: aiohttp.ClientSession, prompt: str | list[int]) -> str:
        if isinstance(prompt, str):
            return prompt
        async with session.post("/detokenize", json={"tokens": prompt}) as answer:
            return str((await answer.json())["content"])

    async def _answer(
        self,
        exchange: Exchange,
        request: GenerationFields,
        sequences: list[Sequence],
        answer: ChatAnswer | CompletionAnswer,
        *,
        prompts: int,
    ) -> None:
        """Run the sequences and send what comes of them, as a stream or whole."""
        usage = UsageCounter(0)
        exchange.count_with(usage)
        frame = Frame(answer.kind, model=self._options.model_id, fingerprint=self._fingerprint, usage=usage)
        encoder = frame.encoder(request)
        per_prompt = len(sequences) // prompts
        began, first = time.monotonic(), 0.0
        held: list[dict[str, Any]] = []

        def count() -> None:
            usage.set_prompt(
                sum(s.usage.prompt for s in sequences[::per_prompt]),
                sum(s.usage.cached for s in sequences[::per_prompt]),
            )
            usage.completion = sum(s.usage.completion for s in sequences)

        async def send(sequence: Sequence, step: Step) -> None:
            nonlocal first
            first = first or time.monotonic()
            held.extend(answer.chunks(sequence, step))
            count()
            if not held or not usage.prompt:  # the first event comes before llama.cpp has counted the prompt
                return
            choices = held.copy()
            held.clear()
            if not exchange.started:
                await exchange.start_stream()
            await exchange.write(b"".join(encoder.chunk(encode_object(choice)) for choice in choices))

        await self._run(exchange, sequences, send if request.stream else None, chat=answer.kind is CHAT)
        count()
        self._metrics.finished(
            "cancelled" if exchange.closed else "ok",
            started=began,
            first=first,
            now=time.monotonic(),
            prompt=usage.prompt,
            output=usage.completion,
        )
        if exchange.closed:
            return
        if request.stream:
            await exchange.end_stream(encoder.end())
            return
        await exchange.answer_json(frame.whole(answer.whole(sequences)))

    async def _run(
        self,
        exchange: Exchange,
        sequences: list[Sequence],
        on_step: Callable[[Sequence, Step], Awaitable[None]] | None,
        *,
        chat: bool,
    ) -> None:
        """Follow the sequences while the client is there. Raises ApiError 429 where too many wait already."""
        if self._active >= self._options.slots + self._options.queue_limit:
            self._metrics.requests["rejected"] += 1
            raise queue_full()
        self._active += 1
        try:
            work = asyncio.ensure_future(follow_all(await self._ready(), sequences, on_step, chat=chat))
            exchange.when_client_leaves(work.cancel)
            await work
        except asyncio.CancelledError:
            if not exchange.closed:
                raise
        except ApiError:
            self._metrics.requests["error"] += 1
            raise
        finally:
            self._active -= 1

    async def _embed(self, exchange: Exchange) -> None:
        request = parse(exchange.body, EmbeddingRequest)
        session = await self._ready()
        if self._active >= self._options.slots + self._options.queue_limit:
            raise queue_full()
        self._active += 1
        try:
            async with session.post("/v1/embeddings", json={"input": inputs_of(request)}) as answer:
                body = await answer.json()
        except aiohttp.ClientError as error:
            raise internal(f"llama.cpp's server failed: {error}") from error
        finally:
            self._active -= 1
        if answer.status != 200:
            raise dialect.translate_error(body, answer.status, chat=False)
        vectors = np.array([item["embedding"] for item in body["data"]], np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        check_form(request, vectors.shape[1])
        tokens = body["usage"]["prompt_tokens"]
        await exchange.answer(vectors_answer(vectors, model=self._options.model_id, tokens=tokens, request=request))

    def models(self) -> list[dict[str, object]]:
        """The one model."""
        name = self._options.model_id
        return [{"id": name, "object": "model", "created": self._created, "owned_by": "pleiade"}]

    def metrics(self) -> str:
        """Latencies and lengths."""
        return "\n".join(self._metrics.lines()) + "\n"

    def close(self) -> None:
        """End llama.cpp's threads."""
        if self._session is not None:
            self._loop.create_task(self._session.close())
        self._server.close()


def _prompts(request: CompletionRequest) -> list[str | list[int]]:
    """The prompts of all four shapes."""
    given = request.prompt
    if given is None or isinstance(given, str):
        return [given or ""]
    if all(isinstance(item, int) for item in given):
        return [[item for item in given if isinstance(item, int)]]
    prompts = [item for item in given if not isinstance(item, int)]
    if len(prompts) != len(given):
        raise invalid(
            "Invalid type for 'prompt': expected a string, an array of strings, an array of integers, or an array "
            "of arrays of integers.",
            "prompt",
            "invalid_type",
        )
    return prompts


def load(options: LlamaOptions, loop: asyncio.AbstractEventLoop) -> LlamaService:
    """Load the GGUF file. Raises LoadError, with what to do."""
    if not Path(options.model).is_file():
        raise LoadError(f"{options.model} does not exist")
    began = time.monotonic()
    service = LlamaService(options, LlamaServer(options), loop)
    log.info("%s ready after %.1f s", options.model_id, time.monotonic() - began)
    return service
