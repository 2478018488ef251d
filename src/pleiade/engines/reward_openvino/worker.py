"""The reward worker: `POST /v1/rewards` around a scorer."""

import asyncio
import json
import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from pleiade.engines.embed_openvino.batcher import Batcher
from pleiade.engines.text_openvino.answers.chat import ChatTemplate
from pleiade.engines.text_openvino.answers.tokenizer import TextTokenizer, load_tokenizer
from pleiade.engines.wire.app import Handler
from pleiade.engines.wire.checks import refuse_endless
from pleiade.engines.wire.checksum import verify
from pleiade.engines.wire.embeddings import check_total
from pleiade.engines.wire.errors import ApiError, context_overflow, internal
from pleiade.engines.wire.exchange import Exchange
from pleiade.engines.wire.metrics import SECONDS, TOKENS, Histogram, format_labels, value_lines
from pleiade.engines.wire.requests import RewardRequest, parse
from pleiade.engines.wire.rewards import Conversation, conversations_of, scores_answer
from pleiade.engines.wire.serve import LoadError
from pleiade.engines.wire.sse import UsageCounter

SMALL_BODY = 16 << 10  # bytes; above, tokenising happens in a thread

log = logging.getLogger("pleiade.engine")


class RewardOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a model is served: the command line of `python -m pleiade.engines.reward_openvino`."""

    model: str  # folder
    model_id: str
    weights: Literal["bf16", "f32", "int8"] = "bf16"
    queue_limit: int = 32
    threads: int = 0  # 0 = the runtime's own choice
    sha256: str = ""  # of model.safetensors; empty = not verified


class RewardService:
    """What the HTTP surface serves."""

    def __init__(
        self, model_id: str, batcher: Batcher, tokenizer: TextTokenizer, *, longest: int, padding: int | None
    ) -> None:
        """`longest`: tokens per conversation; `padding`: the token that is none of a text's own."""
        self._id = model_id
        self._batcher = batcher
        self._tokenizer = tokenizer
        self._template = ChatTemplate(tokenizer)
        self._longest = longest
        self._padding = padding
        self._created = int(time.time())
        self._labels = format_labels({"gen_ai_request_model": model_id})
        self._duration = Histogram("gen_ai_server_request_duration_seconds", "Arrival to answer.", SECONDS)
        self._lengths = Histogram("pleiade_engine_prompt_length_tokens", "Tokens per request.", TOKENS)
        self.posts: Mapping[str, Handler] = {"/rewards": self._score}

    async def _score(self, exchange: Exchange) -> None:
        began = time.monotonic()
        request = parse(exchange.body, RewardRequest)
        if len(exchange.body) <= SMALL_BODY:
            texts = self._tokenise(request)
        else:
            texts = await asyncio.to_thread(self._tokenise, request)
        tokens = sum(map(len, texts))
        exchange.count_with(UsageCounter(tokens))
        found = await self._batcher.encode_for(exchange, texts)
        if found is None:
            return
        if not np.isfinite(found).all():
            raise internal("The model computed no number for this input: its weights are damaged or overflow.")
        self._duration.observe(time.monotonic() - began)
        self._lengths.observe(tokens)
        await exchange.answer(scores_answer(found[:, 0].tolist(), model=self._id, tokens=tokens))

    def _tokenise(self, request: RewardRequest) -> list[list[int]]:
        """Token ids of all conversations. Raises ApiError 400 for what cannot be scored."""
        texts = [self._ids(conversation) for conversation in conversations_of(request)]
        check_total(texts)
        return texts

    def _ids(self, conversation: Conversation) -> list[int]:
        where, messages = conversation
        try:
            size = sum(len(message["content"].encode()) for message in messages)
            refuse_endless(self._longest, size, self._tokenizer.longest_token, chat=True)
            ids = self._template.encode(messages, opening=False)
            while len(ids) > 1 and ids[-1] == self._padding:  # read at the last token that is not padding
                ids.pop()
            if len(ids) > self._longest:
                raise context_overflow(self._longest, len(ids), 0, chat=True)
        except ApiError as error:
            error.param = where
            raise
        return ids

    def models(self) -> list[dict[str, object]]:
        """The one model."""
        return [{"id": self._id, "object": "model", "created": self._created, "owned_by": "pleiade"}]

    def metrics(self) -> str:
        """Durations, lengths and the queue."""
        lines = self._duration.lines(self._labels) + self._lengths.lines(self._labels)
        waiting = self._batcher.waiting
        lines += value_lines("pleiade_engine_waiting", "Requests not yet complete.", "gauge", waiting, self._labels)
        return "\n".join(lines) + "\n"

    def close(self) -> None:
        """End the scorer's thread."""
        self._batcher.stop()


def load(options: RewardOptions, loop: asyncio.AbstractEventLoop) -> RewardService:
    """Load weights and tokenizer. Raises LoadError, with what to do."""
    began = time.monotonic()
    folder = Path(options.model)
    if options.sha256:
        verify(folder / "model.safetensors", options.sha256)
    tokenizer = load_tokenizer(folder)
    from pleiade.engines.reward_openvino.scorer import Scorer  # late: the worker listens before this import

    try:
        scorer = Scorer(folder, weights=options.weights, threads=options.threads)
        padding = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("pad_token_id")
    except (ValueError, OSError) as error:
        raise LoadError(str(error)) from error
    batcher = Batcher(scorer.score, loop=loop, width=1, queue_limit=options.queue_limit)
    service = RewardService(options.model_id, batcher, tokenizer, longest=scorer.context_length, padding=padding)
    log.info("%s ready after %.1f s", options.model_id, time.monotonic() - began)
    return service
